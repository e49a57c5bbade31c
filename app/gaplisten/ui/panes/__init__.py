"""The panes of the window: a file with a ``PANE`` dropped in here has its dock, menu rows and keys."""
