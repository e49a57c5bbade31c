"""The window of a call capture: its streams, delays and jitter buffer."""
