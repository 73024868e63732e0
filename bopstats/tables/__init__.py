"""Tables from results only: no mathematics here."""
