"""Two GLMs on the same rows: fits, rank, separation, convergence."""
