"""Gaplisten: the listening-test bench for packet loss concealment."""

__version__ = "0.1.0"
