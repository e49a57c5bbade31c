"""The workbench window and its parts."""
