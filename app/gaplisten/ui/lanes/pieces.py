"""What drawers compute of sound piece by piece, on threads: asked for when seen, kept while it is shown."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ClassVar, Generic, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from gaplisten.audio.filemap import SampleSource
from gaplisten.audio.viewport import Viewport
from gaplisten.bench.derived import Derived, Inputs
from gaplisten.jobs import Job, give_way

_WORKERS = 2

Piece = TypeVar("Piece")
Key = tuple[int, ...]
"""The identity of the sound, of whatever else it follows from, and last the number of the piece."""


class KeptPieces(QObject, Generic[Piece]):
    """Keeps pieces of what follows from sounds; those that are asked for are computed on threads.

    Parameters
    ----------
    work
        Computes a piece from its inputs.

    Attributes
    ----------
    poll_ms, refine_every
        How often it is looked whether pieces are there, and at every how many looks they are painted.
    most
        How many pieces are kept.

    Signals
    -------
    progressed
        More pieces are there; repaint.
    """

    poll_ms: ClassVar[int] = 20
    refine_every: ClassVar[int] = 8
    most: ClassVar[int] = 8000

    progressed = Signal()

    def __init__(self, work: Callable[..., Piece], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._pieces: OrderedDict[Key, tuple[Inputs, Piece | None]] = OrderedDict()
        self._asked: dict[Key, Inputs] = {}
        self._coming: Derived[Key, Piece] = Derived(self._start)
        self._pool: ThreadPoolExecutor | None = None
        self._fresh = self._since = 0
        self._timer = QTimer(self)
        self._timer.setInterval(self.poll_ms)
        self._timer.timeout.connect(self._poll)

    @property
    def busy(self) -> bool:
        """Whether pieces are being computed."""
        return bool(self._asked)

    def keep_only(self, sources: Sequence[SampleSource]) -> None:
        """Forget the pieces of sounds that are not shown any more."""
        kept = {id(source) for source in sources}
        for key in [key for key in self._pieces if key[0] not in kept]:
            del self._pieces[key]
        self._want({key: inputs for key, inputs in self._asked.items() if key[0] in kept})

    def drop_unseen(self, views: Sequence[tuple[SampleSource, Viewport]]) -> None:
        """Give up pieces that were asked for but are out of sight by now."""
        raise NotImplementedError

    def close(self) -> None:
        """Give up all computing."""
        self._want({})
        self._timer.stop()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _ask(self, wanted: Mapping[Key, Inputs]) -> None:
        """Have those of these pieces computed that are neither there nor asked for."""
        missing = {
            key: inputs
            for key, inputs in wanted.items()
            if key not in self._pieces and key not in self._asked
        }
        if missing:
            self._want({**self._asked, **missing})
            self._take(self._coming.poll())
            self._timer.start()

    def _want(self, asked: dict[Key, Inputs]) -> None:
        self._asked = asked
        self._coming.want(asked)

    def _start(self, asked: Mapping[Key, Inputs], _job: Job) -> Future[Piece]:
        (inputs,) = asked.values()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="pieces", initializer=give_way)
        return self._pool.submit(self._work, *inputs)

    def _take(self, done: Iterable[Key]) -> None:
        taken = set(done)
        for key in taken:
            # The inputs are kept, so that no other sound comes to have the same identity. What cannot be
            # computed stays empty: a file that cannot be read is told of in the lane's header.
            self._pieces[key] = (self._asked[key], self._coming.value(key))
        while len(self._pieces) > self.most:
            self._pieces.popitem(last=False)
        if taken:
            self._fresh += len(taken)
            self._want({key: inputs for key, inputs in self._asked.items() if key not in taken})

    def _poll(self) -> None:
        self._take(self._coming.poll())
        self._since += 1
        if not self._asked:
            self._timer.stop()
        # Painting takes time from computing, so the picture is filled in a few strokes.
        if self._fresh and (not self._asked or self._since >= self.refine_every):
            self._fresh = self._since = 0
            self.progressed.emit()


class PieceStore(KeptPieces[Piece]):
    """Keeps pieces that are equally long at every zoom.

    Parameters
    ----------
    piece_frames
        Tells the length of pieces at a rate.
    """

    def __init__(
        self, work: Callable[..., Piece], piece_frames: Callable[[int], int], parent: QObject | None = None
    ) -> None:
        super().__init__(work, parent)
        self.piece_frames = piece_frames

    def numbers(self, source: SampleSource, view: Viewport) -> range:
        """Return the numbers of the pieces of a sound that are seen."""
        size = self.piece_frames(source.rate)
        last = min(view.stop, source.frames)
        return range(int(max(view.start, 0) // size), max(int(-(-last // size)), 0))

    def get(self, wanted: Mapping[Key, Inputs]) -> list[Piece]:
        """Return those of these pieces that are there, in their order; ask for the others."""
        self._ask(wanted)
        found = []
        for key in wanted:
            if key in self._pieces:
                self._pieces.move_to_end(key)
                if (piece := self._pieces[key][1]) is not None:
                    found.append(piece)
        return found

    def drop_unseen(self, views: Sequence[tuple[SampleSource, Viewport]]) -> None:
        """Give up pieces that were asked for but are out of sight by now."""
        seen = {id(source): self.numbers(source, view) for source, view in views}
        self._want({key: i for key, i in self._asked.items() if key[-1] in seen.get(key[0], ())})
