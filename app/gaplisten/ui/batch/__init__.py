"""Whole clip sets from the window: conceal, score, compare."""
