"""A listener's right to withdraw: the votes go out of the results, the reason stays."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from gaplisten.durable import FileLock, write_whole
from gaplisten.errors import GaplistenError
from gaplisten.panel.asking import ANSWERS
from gaplisten.panel.drawn import plan_path
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.session_files import listener_of, read_ratings, session_name

WITHDRAWN = "withdrawn"
RECORD = "withdrawn.json"
_LARGEST_RECORD = 2**20


class CannotWithdraw(GaplistenError):  # noqa: N818 - reads as the fact it is
    """A withdrawal that cannot be carried out."""


@dataclass(frozen=True)
class Withdrawal:
    """What is kept of a listener who withdrew.

    Parameters
    ----------
    listener
        Name; "" where the rows were erased, and the name with them.
    votes
        How many went out.
    reason
        As it was given.
    at
        ISO 8601, UTC.
    """

    listener: str
    votes: int
    reason: str
    at: str

    def said(self) -> str:
        """Return it as a sentence."""
        who = self.listener or "a listener"
        return f"{who} withdrew on {self.at[:10]} ({self.reason}): {self.votes} votes are out"


def withdrawals(ratings: Path) -> tuple[Withdrawal, ...]:
    """Return who withdrew; nothing where nobody did, or the record cannot be read."""
    path = ratings / WITHDRAWN / RECORD
    try:
        if path.is_symlink() or path.stat().st_size > _LARGEST_RECORD:
            return ()
        said = json.loads(path.read_text(encoding="utf-8"))
        return tuple(
            Withdrawal(str(one["listener"]), int(one["votes"]), str(one["reason"]), str(one["at"]))
            for one in said
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return ()


def _files(ratings: Path, session: str) -> list[Path]:
    """Return what a session has written, the answers first: the ratings go last."""
    name = f"{session}.csv"
    answers = ratings / ANSWERS / name
    own = ratings / name
    torn = [path.with_suffix(".torn") for path in (answers, own)]
    wanted = [answers, *torn, plan_path(ratings, session), own]
    return [path for path in wanted if path.is_file() and not path.is_symlink()]


def withdraw(
    panel: FrozenPanel, listener: str, reason: str, ratings: Path | None = None, *, erase: bool = False
) -> Withdrawal:
    """Take a listener's votes and answers out of a panel.

    They are moved to the folder `withdrawn` beside the ratings, where nothing reads them, or erased. The
    place in the design is free again: the next listener takes what is missing now.

    Parameters
    ----------
    erase
        Delete the rows, and the listener's name with them; that cannot be undone.

    Raises
    ------
    CannotWithdraw
        If there is no such session, or it cannot be written.
    Locked
        If the session is open.
    """
    folder = ratings or panel.ratings
    session = session_name(panel, listener)
    files = _files(folder, session)
    if not files:
        fact = "no session of this panel has that name"
        raise CannotWithdraw(listener, fact, "see panel status for the names")
    lock = FileLock(folder / f"{session}.lock", "the session")
    try:
        return _out(panel, listener, reason, folder, session, erase)
    except OSError as error:
        fact = f"the files cannot be moved: {error.strerror or error}"
        raise CannotWithdraw(str(folder), fact, "allow writing there") from error
    finally:
        lock.release()


def _out(
    panel: FrozenPanel, listener: str, reason: str, folder: Path, session: str, erase: bool
) -> Withdrawal:
    votes, name = 0, listener
    try:
        rows = read_ratings(panel, folder / f"{session}.csv").rows
        votes, name = len(rows), listener_of(rows) or listener
    except (GaplistenError, FileNotFoundError):
        pass  # what cannot be read goes out all the same
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    made = Withdrawal("" if erase else name, votes, reason, at)
    aside = folder / WITHDRAWN
    if aside.is_symlink():
        raise CannotWithdraw(str(aside), "it is a link", "put a folder of its own there")
    aside.mkdir(exist_ok=True)
    # The record first: rows that are gone for no known reason would be worse than a reason without rows.
    record = [asdict(one) for one in (*withdrawals(folder), made)]
    write_whole(aside / RECORD, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    for path in _files(folder, session):
        if erase:
            path.unlink()
            continue
        target = aside / at.replace(":", "") / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
    return made
