"""The gap table of the workbench: measures per gap and lane, and the way to the worst of them."""
