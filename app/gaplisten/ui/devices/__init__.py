"""Sound devices in the workbench: choose one, try it, and go on when one goes away."""
