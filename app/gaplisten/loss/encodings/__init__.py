"""One module per family of loss-trace encodings: bytes to flags and back."""
