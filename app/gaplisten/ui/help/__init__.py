"""What explains the program from within: the documentation, and the sheet of keys."""
