"""Laws of the individual benefit, error bounds and attribute budgets; needs no data."""
