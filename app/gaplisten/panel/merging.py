"""Bringing the sessions of several copies of a panel together: nothing is overwritten or taken twice."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gaplisten.durable.files import write_whole
from gaplisten.durable.locks import is_locked
from gaplisten.errors import GaplistenError
from gaplisten.panel.asking import ANSWERS
from gaplisten.panel.drawn import SUFFIX, plan_path
from gaplisten.panel.frozen import FrozenPanel, open_panel
from gaplisten.panel.reading import TextTable
from gaplisten.panel.safety import read_limited
from gaplisten.panel.session_files import read_ratings
from gaplisten.panel.session_names import listener_of, session_name
from gaplisten.panel.withdrawing import has_withdrawn, spoilt_record, withdrawals

_LARGEST = 64 * 2**20  # bytes of one session's file


class CannotMerge(GaplistenError):  # noqa: N818 - reads as the fact it is
    """Copies that do not belong together, or sessions that contradict each other; nothing was changed."""


@dataclass(frozen=True)
class Merged:
    """Sessions that came over, that were there already, and that went on further elsewhere.

    `withdrawn` are of listeners who withdrew here after their last vote there: those stay where they are.
    `withdrew_there` are sessions of this folder whose listeners withdrew in a copy: they are to withdraw
    here too, which is for a person to decide.
    """

    new: tuple[str, ...]
    known: tuple[str, ...]
    longer: tuple[str, ...]
    withdrawn: tuple[str, ...] = ()
    withdrew_there: tuple[str, ...] = ()


def _read(path: Path, folder: Path) -> bytes | None:
    if not path.is_symlink() and not path.exists():
        return None
    return read_limited(path, _LARGEST, "session's file", below=len(path.parent.relative_to(folder).parts))


def _sessions(ratings: Path) -> list[str]:
    plans = {path.stem for path in (ratings / "plans").glob(f"*{SUFFIX}")}
    return sorted(plans | {path.stem for path in ratings.glob("*.csv")})


def _files(ratings: Path, session: str) -> tuple[Path, Path, Path]:
    """Return where order, answers and ratings of a session are: in this order they are copied."""
    return plan_path(ratings, session), ratings / ANSWERS / f"{session}.csv", ratings / f"{session}.csv"


def _votes(panel: FrozenPanel, path: Path) -> list[tuple[str, ...]]:
    """Return what was voted: a session that is complete has its rows written anew, conditions filled in."""
    rows = read_ratings(panel, path).rows
    return [(row["trial"], row["position"], row.get("scale", ""), row["vote"]) for row in rows]


def _further(panel: FrozenPanel, other: FrozenPanel, mine: Path, its: Path) -> str:
    """Return what the other file is to this one: "same", "longer", "shorter", or "" where they differ."""
    here, there = _read(mine, panel.folder), _read(its, other.folder)
    if here == there:
        return "same"
    if here is None or there is None:
        return "longer" if here is None else "shorter"
    ours: Sequence[object] = here
    theirs: Sequence[object] = there
    if mine.parent == panel.ratings:
        ours, theirs = _votes(panel, mine), _votes(other, its)
    if theirs[: len(ours)] == ours:
        return "longer" if len(theirs) > len(ours) or len(there) > len(here) else "same"
    return "shorter" if ours[: len(theirs)] == theirs else ""


def _judge(panel: FrozenPanel, other: FrozenPanel, session: str) -> str:
    """Return "new", "known" or "longer" for a session of another copy.

    Raises
    ------
    CannotMerge
        If both copies went on with it on their own.
    """
    ours, theirs = (_files(one.ratings, session) for one in (panel, other))
    if not any(path.exists() for path in ours):
        return "new"
    found = [_further(panel, other, *both) for both in zip(ours, theirs, strict=True)]
    order_differs = found[0] in ("", "longer") and ours[0].exists()
    if "" in found or order_differs or {"longer", "shorter"} <= set(found[1:]):
        way_out = "keep one of the two files elsewhere, then merge again"
        raise CannotMerge(f"session {session}", "both copies have taken it on their own", way_out)
    return "longer" if "longer" in found else "known"


def _withdrew(panel: FrozenPanel, other: FrozenPanel, session: str) -> bool:
    """Tell whether the listener of another copy's session withdrew here, and has not voted there since."""
    gone = withdrawals(panel.ratings)
    if not gone:
        return False
    rows = TextTable()
    with contextlib.suppress(GaplistenError, OSError):
        rows = read_ratings(other, other.ratings / f"{session}.csv").table
    # A copy of the file may be called anything; its rows say whose it is.
    names = {session, session_name(panel, listener_of(rows))} if rows else {session}
    return has_withdrawn(panel, gone, names, rows.column("saved_at"))


def _withdrew_there(panel: FrozenPanel, others: Sequence[FrozenPanel]) -> tuple[str, ...]:
    """Return the sessions of this folder whose listeners withdrew in a copy, and have not voted since."""
    made = []
    for session in _sessions(panel.ratings):
        if any(_withdrew(other, panel, session) for other in others):
            made.append(session)
    return tuple(made)


def merge(panel: FrozenPanel, others: Sequence[Path]) -> Merged:
    """Copy the sessions of other copies of a panel into this one.

    Everything is looked at first: where something does not fit, nothing is copied.

    Raises
    ------
    CannotMerge
        If who withdrew cannot be read, a copy is another panel, a session is open, or was gone on with in
        two copies.
    UntrustedPanel
        If a folder is no panel, or a file no regular one.
    """
    if spoilt := spoilt_record(panel.ratings):
        raise CannotMerge(str(panel.folder), spoilt, "repair it, or move it away")
    todo: list[tuple[FrozenPanel, str, str]] = []
    copies: list[FrozenPanel] = []
    seen: dict[str, Path] = {}
    # A copy that is named twice, by another way maybe, is one copy.
    for folder in {folder.resolve(): folder for folder in others}.values():
        other = open_panel(folder)
        if other.sha256 != panel.sha256:
            fact = "it is another panel (its SHA-256 differs)"
            raise CannotMerge(str(folder), fact, "merge copies of one folder that was built once")
        copies.append(other)
        for session in _sessions(other.ratings):
            if _withdrew(panel, other, session):
                todo.append((other, session, "withdrawn"))
                continue
            if any(is_locked(one.ratings / f"{session}.lock") for one in (panel, other)):
                raise CannotMerge(f"session {session}", "it is open now", "finish it, then merge again")
            what = _judge(panel, other, session)
            if what != "known" and seen.setdefault(session, folder) != folder:
                fact = f"{seen[session]} and {folder} both have it"
                raise CannotMerge(f"session {session}", fact, "merge one of them first")
            todo.append((other, session, what))
    for other, session, what in todo:
        if what not in ("known", "withdrawn"):
            _copy(panel, other, session)
    kinds = ("new", "known", "longer", "withdrawn")
    of = {what: tuple(one for _, one, found in todo if found == what) for what in kinds}
    return Merged(**of, withdrew_there=_withdrew_there(panel, copies))


def _copy(panel: FrozenPanel, other: FrozenPanel, session: str) -> None:
    try:
        pairs = zip(_files(panel.ratings, session), _files(other.ratings, session), strict=True)
        for mine, its in pairs:
            data = _read(its, other.folder)
            if data is not None:
                mine.parent.mkdir(parents=True, exist_ok=True)
                write_whole(mine, data)
        torn = other.ratings / f"{session}.torn"
        if torn.is_file() and not torn.is_symlink() and not (panel.ratings / torn.name).exists():
            shutil.copyfile(torn, panel.ratings / torn.name)
    except OSError as error:
        fact = f"session {session} cannot be written: {error.strerror or error}"
        raise CannotMerge(str(panel.ratings), fact, "make room or allow writing, then merge again") from error
