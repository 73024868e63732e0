"""How well the units that a model ranks highest explain its own predictions."""
