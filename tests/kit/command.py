"""The `gaplisten` command, run in the test's own process."""

from __future__ import annotations

from gaplisten.cli import main


def run(*words: object) -> int:
    """Return the exit status of the command."""
    try:
        return main([str(word) for word in words])
    except SystemExit as ended:
        return int(ended.code or 0)
