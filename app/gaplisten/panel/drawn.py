"""The orders that sessions drew as they began, kept beside their ratings: what is drawn once stays.

A session's plan is written before its first trial (`beginning` draws it) and is what resuming reads. The file
is masked with the panel's secret: without `key.bin` nothing can be read from it.
"""

from __future__ import annotations

import functools
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gaplisten.errors import GaplistenError
from gaplisten.panel.journal import not_saved, opened_folder
from gaplisten.panel.key import Key
from gaplisten.panel.plan import Plan, plan_for
from gaplisten.panel.planned import Item, Use
from gaplisten.untrusted import read_regular

PLANS = "plans"
SUFFIX = ".plan"
LARGEST_PLAN = 4 * 2**20  # bytes; 5000 trials have about 60 kB
_LARGEST_UNPACKED = 16 * 2**20
_FIRST_MAGIC = b"GLPLAN1\n"  # masked with the same stream each time that the session drew
_MAGIC = b"GLPLAN2\n"
_SALT = 16  # bytes
_BLOCK = 4096  # bytes; a file's length tells nothing of the order in it


class PlanLost(GaplistenError):  # noqa: N818 - reads as the fact it is
    """A session's order that is gone, or not to be read."""


class _Trial(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    clip: str
    stratum: str = ""
    system: tuple[str, ...] = ()
    part: tuple[int, int] = (0, 0)
    use: Use = Use.TEST
    flipped: bool = False
    x_second: bool = False
    block: int = 0
    order: tuple[int, ...] = ()
    other: str = ""


class _Saved(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    panel_sha256: str
    session: str
    listener: str
    seat: int = Field(ge=0, lt=2**31)
    drawn_at: float
    trials: list[_Trial] = Field(max_length=20_000)


@dataclass(frozen=True)
class Drawn:
    """What one session drew.

    Parameters
    ----------
    seat
        The listener's place in the squares.
    drawn_at
        Seconds since 1970.
    items
        Practice first, then the test with its checks.
    """

    listener: str
    seat: int
    drawn_at: float
    items: tuple[Item, ...]

    def planned(self, key: Key) -> Plan:
        """Return the trials."""
        return Plan(key, self.items, self.seat)


def mask(data: bytes, key: Key, session: str, salt: bytes = b"") -> bytes:
    """Return bytes exclusive-or'ed with a stream of the panel's secret; twice gives them back.

    Parameters
    ----------
    salt
        What tells this stream from others of the session.
    """
    stream = hashlib.shake_256(f"{key.secret}\x1f{session}".encode() + salt).digest(len(data))
    return (np.frombuffer(data, np.uint8) ^ np.frombuffer(stream, np.uint8)).tobytes()


def _packed(saved: _Saved, key: Key) -> bytes:
    text = saved.model_dump_json(exclude_defaults=True).encode()
    # The same order gives the same bytes wherever it is written; another one has a stream of its own: who
    # kept the file of an order that was drawn anew cannot hold one against the other.
    salt = hashlib.sha256(f"{key.secret}\x1fplan\x1f".encode() + text).digest()[:_SALT]
    data = zlib.compress(text, 9)
    data = data.ljust(-(-len(data) // _BLOCK) * _BLOCK, b"\0")
    return _MAGIC + salt + mask(data, key, saved.session, salt)


def _unmasked(data: bytes, key: Key, session: str) -> bytes:
    if data.startswith(_FIRST_MAGIC):
        return mask(data.removeprefix(_FIRST_MAGIC), key, session)
    if not data.startswith(_MAGIC):
        raise ValueError("it is no plan")
    data = data.removeprefix(_MAGIC)
    if (len(data) - _SALT) % _BLOCK:
        raise ValueError("it is cut off")
    return mask(data[_SALT:], key, session, data[:_SALT])


def _unpacked(data: bytes, key: Key, session: str) -> Drawn:
    unpack = zlib.decompressobj()
    text = unpack.decompress(_unmasked(data, key, session), _LARGEST_UNPACKED)
    if unpack.unconsumed_tail or not unpack.eof or unpack.unused_data.strip(b"\0"):
        raise ValueError("it is no plan")
    of, drawn = _parsed(text)
    if of != (key.sha256, session):
        raise ValueError("it belongs to another session")
    return drawn


@functools.lru_cache(maxsize=1024)
def _parsed(text: bytes) -> tuple[tuple[str, str], Drawn]:
    """Return of which panel and session a plan is, and the plan: whoever begins reads those of all others."""
    saved = _Saved.model_validate_json(text)
    items = tuple(
        Item(
            one.clip,
            one.stratum,
            one.system,
            one.part,
            one.use,
            one.flipped,
            one.x_second,
            one.block,
            one.order,
            one.other,
        )
        for one in saved.trials
    )
    return (saved.panel_sha256, saved.session), Drawn(saved.listener, saved.seat, saved.drawn_at, items)


def plan_path(ratings: Path, session: str) -> Path:
    """Return the file that keeps what a session drew."""
    return ratings / PLANS / f"{session}{SUFFIX}"


def read_drawn(key: Key, ratings: Path, session: str, root: Path | None = None) -> Drawn | None:
    """Return what a session drew; None where it has drawn nothing yet.

    Raises
    ------
    PlanLost
        If the file is there and cannot be read, or is that of another panel or session.
    """
    path = plan_path(ratings, session)
    try:
        with opened_folder(path, root) as folder:
            return _unpacked(folder.read(path.name, LARGEST_PLAN), key, session)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PlanLost(str(path), error.strerror or str(error), "put the file itself there") from error
    except (ValueError, zlib.error, ValidationError) as error:
        fact = "this is not the order of this session: the file is damaged, or another panel's"
        raise PlanLost(str(path), fact, "put back the file that the session wrote") from error


def copies_of_plan(key: Key, ratings: Path, session: str) -> list[Path]:
    """Return the files under other names that hold what a session drew; links are none."""
    found = []
    for path in sorted((ratings / PLANS).glob("*")):
        if path == plan_path(ratings, session) or path.is_symlink():
            continue
        try:
            _unpacked(read_regular(path, LARGEST_PLAN), key, session)
            found.append(path)
        except (OSError, ValueError, zlib.error, ValidationError):
            continue
    return found


def plan_of(key: Key, listener: str, ratings: Path, session: str, root: Path | None = None) -> Plan:
    """Return the trials of a session that has begun.

    Raises
    ------
    PlanLost
        If what it drew is gone or cannot be read.
    """
    if key.design == 1:
        return plan_for(key, listener)
    drawn = read_drawn(key, ratings, session, root)
    if drawn is None:
        fact = "the order that the session drew is gone, so its ratings cannot be told apart"
        raise PlanLost(str(plan_path(ratings, session)), fact, "copy this file along with the ratings")
    try:
        return drawn.planned(key)
    except (KeyError, IndexError) as error:
        fact = "the order names what the panel does not have"
        raise PlanLost(
            str(plan_path(ratings, session)), fact, "put back the file that the session wrote"
        ) from error


def save_drawn(key: Key, drawn: Drawn, ratings: Path, session: str, root: Path | None = None) -> None:
    """Keep what a session drew.

    Raises
    ------
    NotSaved
        If it cannot be written: without it the session could not be gone on with.
    """
    trials = [
        _Trial(
            clip=one.clip,
            stratum=one.stratum,
            system=one.system,
            part=one.part,
            use=one.use,
            flipped=one.flipped,
            x_second=one.x_second,
            block=one.block,
            order=one.order,
            other=one.other,
        )
        for one in drawn.items
    ]
    saved = _Saved(
        panel_sha256=key.sha256,
        session=session,
        listener=drawn.listener,
        seat=drawn.seat,
        drawn_at=drawn.drawn_at,
        trials=trials,
    )
    path = plan_path(ratings, session)
    try:
        with opened_folder(path, root) as folder:
            folder.write_whole(path.name, _packed(saved, key))
    except OSError as error:
        raise not_saved(path, error, "the order of the session was not saved") from error
