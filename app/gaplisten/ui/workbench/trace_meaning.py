"""What a loose trace file means: files that can be read in several ways are a question to the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QWidget

from gaplisten.clips.roles import Role, RoleGuess
from gaplisten.errors import GaplistenError
from gaplisten.loss.formats import FORMATS, AmbiguousTrace, read_trace

AS_FOUND = "as found"
ASK = "choose its format…"

Meanings = Mapping[Path, tuple[str, ...]]


def unclear(guesses: Iterable[RoleGuess]) -> Meanings:
    """Return the formats to choose from, for each trace that can be read in several ways."""
    found: dict[Path, tuple[str, ...]] = {}
    for guess in guesses:
        if guess.role is not Role.TRACE:
            continue
        try:
            read_trace(guess.path)
        except AmbiguousTrace as question:
            found[guess.path] = question.candidates
        except GaplistenError:
            continue  # opening the clip says what is wrong
    return found


def meaning_box(path: Path, meanings: Meanings, parent: QWidget) -> QComboBox:
    """Return a field for the format of a trace; where only the user knows it, nothing is chosen yet."""
    box = QComboBox(parent)
    box.setAccessibleName(f"Format of {path.name}")
    candidates = meanings.get(path, ())
    box.addItem(ASK if candidates else AS_FOUND, "")
    likely = [form for form in FORMATS if form.name in candidates]
    for form in (*likely, *(form for form in FORMATS if form not in likely)):
        box.addItem(form.name, form.name)
        told = f"{form.help}; {form.polarity}"
        box.setItemData(box.count() - 1, told, Qt.ItemDataRole.ToolTipRole)
    return box
