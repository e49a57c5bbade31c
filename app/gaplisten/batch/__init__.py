"""Long work over whole data sets, shared by the window and the command line."""
