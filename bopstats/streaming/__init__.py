"""Analyses of data larger than memory: the figures of `crossfit`, from passes over the rows."""
