"""Data larger than memory: read in pieces, pass after pass."""
