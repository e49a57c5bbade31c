"""The measures, one file for each kind; `docs/measures.md` defines them."""
