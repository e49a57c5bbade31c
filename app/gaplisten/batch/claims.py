"""Which files of an output folder are ours to replace: those that an earlier run announced."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gaplisten.batch.conceal_plan import ConcealError
from gaplisten.batch.journal import Journal

_KEY = "announced"


def claim(journal: Journal, outs: Iterable[Path], *, force: bool = False) -> None:
    """Announce in the journal what is going to be written, so that a run cut off at any moment can go on.

    Parameters
    ----------
    force
        Take over files that are there but were never announced.

    Raises
    ------
    ConcealError
        Naming the first file that somebody else has made.
    """
    noted = journal.get(_KEY) or {}
    ours = set(noted.get("files", ()))
    wanted = _places(outs)
    foreign = next((path for path in wanted if path not in ours and Path(path).exists()), None)
    if foreign and not force:
        way_out = "choose another --out, or replace it with --force"
        raise ConcealError(foreign, "is there already, and Gaplisten has not made it", way_out)
    if not ours.issuperset(wanted):
        journal.note(_KEY, {"files": sorted(ours.union(wanted))})


def _places(outs: Iterable[Path]) -> list[str]:
    folders: dict[Path, Path] = {}
    places = []
    for out in outs:
        if out.parent not in folders:
            folders[out.parent] = out.parent.resolve()
        places.append(str(folders[out.parent] / out.name))
    return places
