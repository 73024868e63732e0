"""Benefit of personalization: does adding personal attributes help every group?"""

__version__ = "0.1.0"
