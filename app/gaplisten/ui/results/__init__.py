"""A panel's results on the screen and as figures."""
