"""Benefit of personalization: tell whether personal attributes help every group of people."""

__version__ = "0.1.0"
