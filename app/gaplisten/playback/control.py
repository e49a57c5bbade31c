"""The control block: how window and audio process talk without a lock.

One shared block of 64-bit integers. The window writes what it wants into one half, the audio process writes
what it did into the other; neither ever waits for the other. Each half is guarded by a sequence number (odd
while being written) and a checksum, so that a half-written value is recognised, on processors that reorder
stores as well, and simply read again a moment later.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaplisten.playback.programme import Request
from gaplisten.playback.transport import BREAKS

Words = npt.NDArray[np.int64]

_COUNT = len(Request._fields)
_REQUEST = 0  # sequence, checksum, values
STATUS = 32
"""Where the audio process's half begins."""
STATUS_FIELDS = (  # integers, but for the four levels at the end
    "began",  # frames delivered before the last block
    "delivered",  # frames delivered in all
    "called_ns",  # when the last block was asked for, by the clock that all processes share
    "latency_ns",  # from then to the ear
    "rate",
    "programme",
    "position",
    "playing",
    "ended",
    "lane",
    "play_count",
    "select_count",
    "seek_count",
    "underflows",
    "callbacks",
    "clipped",
    "delayed_switches",
    "break_count",
    "peak_left",
    "peak_right",
    "hold_left",
    "hold_right",
)
SLOT = {name: index for index, name in enumerate(STATUS_FIELDS)}
_BREAKS_AT = len(STATUS_FIELDS)
STATUS_WORDS = _BREAKS_AT + 3 * BREAKS
WORDS = STATUS + 2 + STATUS_WORDS
BYTES = 8 * WORDS
_BREAK_COUNT = SLOT["break_count"]
_PACKED = struct.Struct(f"={len(STATUS_FIELDS) - 4}q4d")

_MIX = np.int64(0x5BD1E995)


def now_ns() -> int:
    """Read the clock that window and audio process have in common."""
    return time.perf_counter_ns()


def _write(words: Words, at: int, values: Words) -> None:
    sequence = int(words[at])
    words[at] = sequence + 1  # odd: being written
    words[at + 2 : at + 2 + len(values)] = values
    words[at + 1] = np.bitwise_xor.reduce(values) ^ _MIX ^ (sequence + 2)
    words[at] = sequence + 2


def _read(words: Words, at: int, into: Words) -> bool:
    """Copy a half; tell whether it is whole."""
    sequence = int(words[at])
    if sequence & 1:
        return False
    into[:] = words[at + 2 : at + 2 + len(into)]
    checksum = int(words[at + 1])
    if int(words[at]) != sequence:
        return False
    return sequence == 0 or checksum == int(np.bitwise_xor.reduce(into) ^ _MIX ^ sequence)


def write_request(words: Words, request: Request) -> None:
    """Publish what is wanted (window's side, under the window's own lock)."""
    values = np.array([*request[:-1], 0], np.int64)
    values.view(np.float64)[-1] = request.gain
    _write(words, _REQUEST, values)


class RequestReader:
    """Sees a new request from the sound card's thread; allocates nothing unless there is one."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._values = np.zeros(_COUNT, np.int64)
        self._gain = self._values.view(np.float64)
        self._sequence, self._taken = 0, 0

    def read(self) -> Request | None:
        """Return the request that has not been taken yet, or None."""
        sequence = int(self._words[_REQUEST])
        if sequence == self._taken or not _read(self._words, _REQUEST, self._values):
            return None
        self._sequence = sequence
        return Request._make([*self._values[:-1].tolist(), float(self._gain[-1])])

    @property
    def waiting(self) -> bool:
        """Whether there is a request that has not been taken yet."""
        return int(self._words[_REQUEST]) != self._taken

    def take(self) -> None:
        """Say that the request last read has been understood; until then it is read again."""
        self._taken = self._sequence


def called_ns(words: Words) -> int:
    """Return when the last block was asked for; 0 if none was."""
    return int(words[STATUS + 2 + SLOT["called_ns"]])


def wants_sound(words: Words) -> bool:
    """Tell whether the window wants something played (a hint: it may just be changing its mind)."""
    return bool(words[_REQUEST + 2 + Request._fields.index("playing")])


class StatusWriter:
    """Publishes what was done, from the sound card's thread."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._values = np.zeros(STATUS_WORDS, np.int64)
        self._bytes = self._values.view(np.uint8).data
        self._breaks = self._values[_BREAKS_AT:].reshape(BREAKS, 3)
        self._break_count = -1

    def publish(self, values: Sequence[float], breaks: Words) -> None:
        """Make a status visible to the window: values in the order of `STATUS_FIELDS`, and the last breaks.

        All are packed in one stroke: to store one by one in an array takes longer than the mixing does.
        """
        _PACKED.pack_into(self._bytes, 0, *values)
        if values[_BREAK_COUNT] != self._break_count:
            self._breaks[:] = breaks
            self._break_count = int(values[_BREAK_COUNT])
        _write(self._words, STATUS, self._values)


@dataclass(frozen=True, slots=True)
class Status:
    """A whole status as the window sees it; fields as in `STATUS_FIELDS`, levels as floats."""

    values: tuple[int, ...]
    peak: tuple[float, float]
    hold: tuple[float, float]
    breaks: tuple[tuple[int, int, int], ...]

    def __getitem__(self, name: str) -> int:
        return self.values[SLOT[name]]

    def heard(self, at_ns: int | None = None) -> tuple[int, bool]:
        """Return the position (lane frames) reaching the ear now, and whether it is moving."""
        rate = self["rate"]
        if not rate or not self["break_count"]:
            return self["position"], False
        now = now_ns() if at_ns is None else at_ns
        passed = (now - self["called_ns"] - self["latency_ns"]) * rate
        at = min(self["began"] + round(passed / 1e9), self["delivered"])
        known = [entry for entry in self.breaks if entry[0] <= at] or [min(self.breaks)]
        when, position, moving = max(known)
        return position + (max(at - when, 0) if moving else 0), bool(moving)


def read_status(words: Words) -> Status | None:
    """Return the last status, or None if it is just being written (for longer than a few tries)."""
    values = np.zeros(STATUS_WORDS, np.int64)
    for _ in range(50):
        if _read(words, STATUS, values):
            break
    else:
        return None
    plain, floats = values.tolist(), values.view(np.float64)
    count = plain[SLOT["break_count"]]
    oldest = max(0, count - BREAKS)
    starts = [_BREAKS_AT + 3 * (index % BREAKS) for index in range(oldest, count)]
    entries = tuple((plain[at], plain[at + 1], plain[at + 2]) for at in starts)
    left, right = SLOT["peak_left"], SLOT["hold_left"]
    return Status(
        tuple(plain[:_BREAKS_AT]),
        (float(floats[left]), float(floats[left + 1])),
        (float(floats[right]), float(floats[right + 1])),
        entries,
    )
