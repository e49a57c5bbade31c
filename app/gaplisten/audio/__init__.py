"""Signals: files, resampling, levels, alignment, peaks and spectra."""
