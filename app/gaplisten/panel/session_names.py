"""What the files of a session are called, and whose they are by what their rows say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.reading import TextTable
from gaplisten.panel.safety import file_stem
from gaplisten.tables import plain

HASH = 8  # hexadecimal digits of the panel before a session's name, and of the listener after it


def session_name(panel: FrozenPanel, listener: str) -> str:
    """Return the name of a session's files: the same for the same panel and listener, on every machine."""
    return f"{panel.sha256[:HASH]}-{file_stem(listener)}"


def listener_of(rows: TextTable, typed: str = "") -> str:
    """Return the name of the listener whose rows these are, as it was typed; "" where there are none.

    The session's name holds a digest of it. So what spreadsheets and pandas do to names (``007`` becomes 7,
    ``NA`` is gone, ``1-2`` a date) makes nobody else of a session.

    Parameters
    ----------
    typed
        A name that it may be: of who opens the session.
    """
    if not rows:
        return ""
    names = [plain(name) for name, _ in Counter(rows.column("listener")).most_common()]
    session = Counter(rows.column("session")).most_common(1)[0][0]
    stem = session[HASH + 1 : -(HASH + 1)]
    for name in (*names, typed, stem):
        if name and session.endswith(f"-{file_stem(name)}"):
            return name
    return names[0]


def root_of(panel: FrozenPanel, path: Path) -> Path | None:
    """Return the folder below which no link is followed on the way to a file; None where it is elsewhere."""
    return panel.folder if path.is_relative_to(panel.folder) else None
