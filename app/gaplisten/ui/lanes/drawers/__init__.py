"""The ways to draw a lane: a file with a `Drawer` dropped in here has its menu rows, scale and exports."""
