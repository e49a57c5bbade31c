"""The feeder: fetches blocks of long lanes from files or memory before they are played.

It runs on a thread of the window's process, where decoders and resamplers are. It looks where playing stands
and what is wanted, and the mixer looks what is there: neither waits for the other. A window that stands still
is not heard before what was fetched ahead is over, and then the sound fades out and goes on later.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from gaplisten.audio.filemap import Sound, SourceError, as_source, read_floats
from gaplisten.audio.resample import PieceResampler
from gaplisten.audio.signal import Samples
from gaplisten.errors import GaplistenError
from gaplisten.playback.rings import BLOCK_FRAMES, OVERLAP, Rings, RingShape
from gaplisten.playback.shared import Block

_FIRST = 3  # blocks that come before all others: from where it plays, where it will, and of the loop's head
_TURNS = 2  # of the mixer, after which it reads no block any more that is not in the table
_GRACE = 0.1  # seconds after which the same is taken for granted of a mixer that makes no turns
_ENDING_SECONDS = 1.0  # for which a file is waited for that answers no more
_LOOK_SECONDS = 0.04
"""How often the feeder looks where playing stands; a new request wakes it at once."""
_SOON_SECONDS = 0.01
"""The same while something is missing that no slot is free for yet."""


@dataclass(frozen=True)
class Heading:
    """Where playing stands and goes, in frames of the lanes.

    Parameters
    ----------
    position
        Of the mixer.
    target
        Where it will go on as soon as it has faded out; None if it stays where it is.
    loop
        Its first frame and the one after its last; None without a loop.
    turn
        How many pieces the mixer has written: it looks anew what is there before each. None if that cannot
        be told just now.
    """

    position: int
    target: int | None = None
    loop: tuple[int, int] | None = None
    turn: int | None = None

    def path(self, start: int, length: int) -> Iterator[int]:
        """Yield the blocks in which frames lie that are heard from `start` on, in their order.

        At the end of a loop it goes on at the loop's beginning, and from the clip's end at the clip's.
        """
        first, stop = self.loop or (0, length)
        if first >= min(stop, length):  # as the mixer has it: that is no loop
            first, stop = 0, length
        stop = min(stop, length)
        for begin in (start, first):
            if begin < stop:
                yield from range(begin // BLOCK_FRAMES, -(-stop // BLOCK_FRAMES))

    def wanted(self, length: int, most: int) -> list[int]:
        """Return at most so many blocks of lanes of that length, the most urgent first."""
        next_start = self.position if self.target is None else self.target
        loop = [] if self.loop is None else [self.path(self.loop[0], length)]
        first = [self.path(next_start, length), self.path(self.position, length), *loop]
        # What it fades out in stays, wherever it will go on.
        here = self.position // BLOCK_FRAMES
        found = dict.fromkeys(range(here, min(here + 2, -(-length // BLOCK_FRAMES))))
        for path in first:
            found.update(dict.fromkeys(islice(path, _FIRST)))
        for block in self.path(next_start, length):
            if len(found) >= most:
                break
            found[block] = None
        return list(found)[:most]


class LaneReader:
    """A lane as the device is to have it: mixed down and resampled where it must be, stretch by stretch.

    Parameters
    ----------
    sound
        What it is made of.
    rate
        The lane's rate in Hz.
    channels
        How many the device has.
    """

    def __init__(self, sound: Sound, rate: int, channels: int) -> None:
        self._source = as_source(sound)
        self._mixes = self._source.channels > channels
        self.channels = 1 if self._mixes else self._source.channels
        self.frames = self._source.frames
        self.read: Callable[[int, int], Samples] = self._read
        if self._source.rate != rate:
            resampler = PieceResampler(self._read, self.frames, self.channels, self._source.rate, rate)
            self.frames, self.read = resampler.frames, resampler.read

    def _read(self, start: int, stop: int) -> Samples:
        found = read_floats(self._source, start, stop)
        if not self._source.loaded(start, stop):  # what was found then is silence, and not the file's
            name = str(getattr(self._source, "path", "a lane"))
            raise SourceError(name, "was changed while it was being played", "open it again")
        return np.asarray(found.mean(axis=1, keepdims=True), np.float32) if self._mixes else found


@dataclass(frozen=True)
class _Freed:
    """A slot that was taken from the table, by then after so many turns of the mixer if they are known."""

    slot: int
    turn: int | None = -_TURNS
    when: float = 0.0

    def is_read_no_more(self, turn: int | None, grace: float) -> bool:
        # The turn under way when it was taken away may have begun after `turn` was looked up.
        seen = turn is not None and self.turn is not None and turn - self.turn >= _TURNS
        return seen or time.monotonic() - self.when >= grace


class Feeder:
    """Keeps the blocks of a programme in shared memory that are heard next.

    Parameters
    ----------
    readers
        One for each lane.
    heading
        Tells where playing stands; called on the feeder's thread.
    grace
        Seconds after which a block that was taken from the table is read by nobody any more, where the
        mixer's turns do not tell so before.

    Attributes
    ----------
    failure
        Why no more can be fetched: a lane cannot be read any more. Empty while all is well.

    Raises
    ------
    SharedMemoryError
        If there is no room for the blocks.
    """

    def __init__(
        self,
        readers: Sequence[LaneReader],
        heading: Callable[[], Heading],
        grace: float = _GRACE,
    ) -> None:
        self._readers, self._heading, self._grace = readers, heading, grace
        self.failure = ""
        self.shape = RingShape.of(
            [reader.frames for reader in readers], [reader.channels for reader in readers]
        )
        self._length = max(self.shape.frames, default=0)
        self._block = Block(self.shape.bytes)
        self._rings = Rings(self._block.array(np.uint8, (self.shape.bytes,)), self.shape)
        self._rings.table[:] = 0
        self._held: dict[int, int] = {}  # slots by block, those wanted last at the end
        self._free = deque(_Freed(slot) for slot in range(self.shape.slots))
        self._spare = max(2, self.shape.slots // 8)
        self._awake, self._ending, self._hungry = threading.Event(), False, False
        self._fence = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def name(self) -> str:
        """By which the audio process finds the memory."""
        return self._block.name

    # -- blocks ---------------------------------------------------------------------------------------------

    def step(self) -> bool:
        """Fetch the most urgent block that is not there; return whether one was fetched.

        Raises
        ------
        SourceError
            If a lane cannot be read any more.
        """
        heading = self._heading()
        wanted = heading.wanted(self._length, self.shape.slots - self._spare)
        for block in reversed(wanted):  # what is wanted most goes last
            if block in self._held:
                self._held[block] = self._held.pop(block)
        while len(self._free) < self._spare:
            self._let_go(next(iter(self._held)), heading.turn)
        missing = next((block for block in wanted if block not in self._held), None)
        self._hungry = missing is not None
        if missing is None or not self._free[0].is_read_no_more(heading.turn, self._grace):
            return False
        self._fetch(missing, self._free.popleft().slot)
        return True

    def _let_go(self, block: int, turn: int | None) -> None:
        slot = self._held.pop(block)
        self._rings.table[slot] = 0
        self._free.append(_Freed(slot, turn, time.monotonic()))

    def _fetch(self, block: int, slot: int) -> None:
        start = block * BLOCK_FRAMES
        for reader, blocks in zip(self._readers, self._rings.blocks, strict=True):
            stop = min(start + BLOCK_FRAMES + OVERLAP, reader.frames)
            if start < stop:
                blocks[slot, : stop - start] = reader.read(start, stop)
            blocks[slot, max(stop - start, 0) :] = 0.0
        for _ in range(2):  # so that no processor shows the table's new entry before the samples
            with self._fence:
                pass
        self._rings.table[slot] = block + 1
        self._held[block] = slot

    # -- the thread -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Fetch what is heard first, then go on in the background.

        Raises
        ------
        SourceError
            If a lane cannot be read.
        """
        for _ in range(_FIRST):
            self.step()
        self._thread = threading.Thread(target=self._run, name="gaplisten-feeder", daemon=True)
        self._thread.start()

    def look(self) -> None:
        """Look now: something else is wanted."""
        self._awake.set()

    def _run(self) -> None:
        while not self._ending:
            self._awake.clear()
            try:
                while not self._ending and self.step():
                    pass
            except GaplistenError as error:
                self.failure = str(error)
                return
            except Exception as error:  # noqa: BLE001 - whatever it is: who listens must be told why it is quiet
                what = f"can no longer be fetched ({type(error).__name__}: {error})"
                self.failure = str(SourceError("the lanes", what, "start again where it stopped"))
                return
            self._awake.wait(_SOON_SECONDS if self._hungry else _LOOK_SECONDS)

    def close(self) -> None:
        """Stop, and free the memory; once more does nothing.

        What is being read is waited for, but not for ever: whoever writes to the memory keeps it.
        """
        if self._ending:
            return
        self._ending = True
        self._awake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_ENDING_SECONDS)
        self._block.remove()
