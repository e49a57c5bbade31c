"""Levels and delays of the lanes: measured, shown, and changed only when asked."""
