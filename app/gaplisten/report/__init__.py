"""Findings that leave the program: figures without a window, bundles of gaps, reports of sets."""
