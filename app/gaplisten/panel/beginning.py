"""Drawing a session's order as it begins: the cells with the fewest votes, whoever else is listening now.

All of it happens under a lock, so that two starts at once never take the same. What another machine draws in
another copy of the panel cannot be seen from here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gaplisten.durable.locks import FileLock, Locked, LockedElsewhere, is_locked
from gaplisten.errors import GaplistenError
from gaplisten.panel.begun import was_emptied
from gaplisten.panel.design import drawing
from gaplisten.panel.design.filling import Filling
from gaplisten.panel.drawn import PLANS, SUFFIX, Drawn, PlanLost, plan_path, read_drawn, save_drawn
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.journal import not_saved, opened_folder
from gaplisten.panel.reading import Row, whole_number
from gaplisten.panel.session_files import copies_of, named_otherwise, read_ratings

IDLE_SECONDS = 3600.0  # a session that stood still for longer counts with what it has
_LONGEST_WAIT = 20.0  # seconds for another session that begins at the same moment
_LOCK = "drawing.lock"
_IN_TURN = threading.Lock()  # sessions that begin in one process wait for each other here, and poll nothing


class Crowded(Locked):
    """So many sessions begin at once that this one has to begin a little later."""


@dataclass(frozen=True)
class Begun:
    """A session that has drawn its order, and how far it is.

    Parameters
    ----------
    taken
        Numbers of the trials that have votes.
    last
        When it was last heard of, in seconds since 1970.
    open_now
        Whether somebody takes it at this moment.
    """

    session: str
    drawn: Drawn
    taken: frozenset[int]
    last: float
    open_now: bool = False

    @property
    def finished(self) -> bool:
        """Whether every trial was taken."""
        return len(self.taken) >= len(self.drawn.items)

    def going_on(self, now: float) -> bool:
        """Tell whether the rest of it is still expected.

        A session that was last heard of in the future was taken by a wrong clock (or this one is wrong): how
        long it has stood still cannot be told, and only while it is open its cells count as given.
        """
        if self.finished:
            return False
        ahead = self.last - now > IDLE_SECONDS
        return self.open_now if ahead else now - self.last < IDLE_SECONDS


def _seconds(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def begun_sessions(panel: FrozenPanel, ratings: Path, root: Path | None = None) -> Iterator[Begun]:
    """Yield the sessions that have drawn an order; what cannot be read is left out."""
    strange = named_otherwise(ratings)
    for path in sorted((ratings / PLANS).glob(f"*{SUFFIX}")):
        try:
            drawn = read_drawn(panel.key, ratings, path.stem, root)
        except PlanLost:
            continue
        if drawn is not None:
            yield _begun(panel, ratings, path.stem, drawn, strange)


def _begun(panel: FrozenPanel, ratings: Path, session: str, drawn: Drawn, strange: Sequence[Path]) -> Begun:
    own = ratings / f"{session}.csv"
    open_now = is_locked(own.with_suffix(".lock"))
    rows: Sequence[Row] = ()
    unknown = False
    try:
        renamed = [] if own.exists() else copies_of(panel, strange, session)
        rows = read_ratings(panel, renamed[0] if renamed else own).rows
        unknown = not rows and was_emptied(own)
    except FileNotFoundError:
        pass
    except (GaplistenError, OSError):
        unknown = True
    if unknown:
        # Nobody knows what is in it: its votes are counted as if they were there.
        everything = frozenset(range(1, len(drawn.items) + 1))
        return Begun(session, drawn, everything, drawn.drawn_at, open_now)
    numbers = (whole_number(row["trial"]) for row in rows)
    taken = frozenset(number for number in numbers if number is not None)
    last = max((_seconds(row["saved_at"]) for row in rows), default=0.0)
    return Begun(session, drawn, taken, max(last, drawn.drawn_at), open_now)


def filling_of(sessions: Iterator[Begun], now: float) -> Filling:
    """Return what these sessions have filled, or are about to."""
    filling = Filling()
    for one in sessions:
        expected = one.going_on(now)
        numbered = list(enumerate(one.drawn.items, start=1))
        filling.add(
            [item for number, item in numbered if number in one.taken],
            [item for number, item in numbered if number not in one.taken] if expected else [],
            seat=one.drawn.seat if expected or one.finished else None,
        )
    return filling


def begin(panel: FrozenPanel, listener: str, ratings: Path, session: str, now: float, root: Path) -> None:
    """Draw a session's order, unless it has one, or ratings that one must belong to (panels of design 2 on).

    An order of which nothing was taken for an hour is drawn anew: others have filled its cells meanwhile.

    Raises
    ------
    NotSaved
        If it cannot be written.
    Crowded
        If others draw for longer than that can take.
    PlanLost
        If there is an order that cannot be read.
    """
    if not _to_draw(panel, ratings, session, now, root):
        return
    try:
        opened_folder(ratings / PLANS, root).close()  # by no link: something is made in it now
        (ratings / PLANS).mkdir(exist_ok=True)
        with _IN_TURN, _alone(ratings, root):
            others = (one for one in begun_sessions(panel, ratings, root) if one.session != session)
            filling = filling_of(others, now)
            seat = drawing.seat_of(panel.key, listener, filling)
            training, test = drawing.drawn(panel.key, listener, seat, filling)
            save_drawn(panel.key, Drawn(listener, seat, now, (*training, *test)), ratings, session, root)
    except OSError as error:
        raise not_saved(ratings / PLANS, error, "no order can be saved here") from error


def _to_draw(panel: FrozenPanel, ratings: Path, session: str, now: float, root: Path) -> bool:
    path = plan_path(ratings, session)
    drawn = read_drawn(panel.key, ratings, session, root) if path.parent.is_dir() else None
    if drawn is not None and abs(now - drawn.drawn_at) < IDLE_SECONDS:
        return False
    own = ratings / f"{session}.csv"
    try:
        return not (read_ratings(panel, own).rows or was_emptied(own))
    except FileNotFoundError:
        return True
    except (GaplistenError, OSError):
        return False  # the session says what is wrong with its file


@contextmanager
def _alone(ratings: Path, root: Path) -> Iterator[None]:
    """Keep all other sessions from drawing meanwhile."""
    path = ratings / PLANS / _LOCK
    opened_folder(path, root).close()
    until = time.monotonic() + _LONGEST_WAIT
    lock = None
    while lock is None:
        late = time.monotonic() > until
        try:
            # A machine that crashed while it drew left its name: nobody draws for so long.
            lock = FileLock(path, "the drawing of an order", take_over=late)
        except LockedElsewhere:
            time.sleep(0.05)
        except Locked as error:
            if late:
                raise Crowded(error.thing, error.fact, "try again in a moment") from error
            time.sleep(0.02)
    try:
        yield
    finally:
        lock.release()
