"""Loss traces and their file formats, loss models, gaps and per-gap measures."""
