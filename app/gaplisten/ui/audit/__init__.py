"""The audit of a concealer, in the window."""
