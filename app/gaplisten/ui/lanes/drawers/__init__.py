"""The ways to draw a lane: a file with `DRAWERS` dropped in here has its menu rows, scale and exports."""
