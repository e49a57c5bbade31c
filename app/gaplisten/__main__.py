"""`python -m gaplisten` is the `gaplisten` command."""

import os
import sys

# Nothing is imported from the folder in which somebody works; `python -m` puts it first.
if not sys.flags.safe_path and sys.path[0] != os.path.dirname(os.path.dirname(os.path.abspath(__file__))):
    del sys.path[0]

try:
    from gaplisten.cli import main
except KeyboardInterrupt:  # so early that nobody else could take it
    sys.exit(130)

if __name__ == "__main__":
    sys.exit(main())
