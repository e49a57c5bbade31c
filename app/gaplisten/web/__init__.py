"""The panel for listeners in browsers: one server over the panel's sessions, and one page."""
