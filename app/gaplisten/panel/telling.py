"""What a listener reads of an error: in the panel's language where that has words for it."""

from __future__ import annotations

from collections.abc import Mapping

from gaplisten.durable.locks import Locked, LockedElsewhere
from gaplisten.errors import GaplistenError, visible
from gaplisten.panel.journal import NotSaved
from gaplisten.panel.reading import JournalDamaged
from gaplisten.panel.safety import UntrustedPanel
from gaplisten.panel.session import NotListed
from gaplisten.panel.unseal import OtherPlan

# By what kind of error it is, where it names no sentence of its own.
_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (LockedElsewhere, "open_elsewhere"),
    (Locked, "open_already"),
    (NotListed, "not_listed"),
    (OtherPlan, "file_changed"),
    (JournalDamaged, "file_unreadable"),
    (NotSaved, "not_written"),
    (UntrustedPanel, "panel_damaged"),
)


def told(error: Exception, words: Mapping[str, str]) -> str:
    """Return the sentence for an error in the words of a panel (`scales.texts`).

    A language has a sentence for each `key` of an error as ``error_KEY``, and ``error_other`` for what else
    may happen. English has few: the errors speak English themselves.
    """
    key = getattr(error, "key", "") or next((name for kind, name in _KINDS if isinstance(error, kind)), "")
    text = words.get(f"error_{key}") or words.get("error_other")
    thing = error.thing if isinstance(error, GaplistenError) else ""
    return text.format(thing=visible(thing)) if text else str(error)
