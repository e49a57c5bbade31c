"""The workbench without a window: document, lanes, derived values, and the controller that joins them."""
