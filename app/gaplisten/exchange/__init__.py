"""Formats and services of other tools."""
