"""Fast drawing of waveforms and spectrograms."""
