"""The workbench's document without its window: lanes, notes, edits, undo, saving."""
