"""`python -m gaplisten` is the `gaplisten` command."""

import sys

from gaplisten.cli import main

if __name__ == "__main__":
    sys.exit(main())
