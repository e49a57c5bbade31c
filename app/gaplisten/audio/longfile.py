"""Samples of long files, read where they are asked for.

An hour of sound as floats takes 700 MB, and most who have it look at seconds of it. So the samples of a long
file stand for an array: a stretch of them is read from the file, and only who asks for all of them at once
(a concealer, say) has the file decoded onto the disk.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Hashable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np

from gaplisten.audio.blocks import BlockSource
from gaplisten.audio.filemap import Raw, SampleSource, Sound, SourceError, read_floats
from gaplisten.audio.signal import Samples, Signal

PIECE = 1 << 18
"""Frames that are read at a time when all are looked at."""
IN_MEMORY_SAMPLES = 1 << 24  # 64 MB, nearly six minutes of 48 kHz mono
"""What holds more samples is not kept in memory."""
_HELD_BLOCKS = 24  # two minutes of 48 kHz, which are looked at several times over


Again = tuple[Callable[..., Samples], tuple[Any, ...]]


class _Stretch(BlockSource):
    """The frames ``[start, stop)`` of a source; what is slow to reach is held once it was looked at."""

    def __init__(self, whole: SampleSource, start: int, stop: int) -> None:
        super().__init__(stop - start, whole.rate, whole.channels, whole.dtype, whole.scale)
        self.path, self.grain = getattr(whole, "path", "a sound"), whole.grain
        self.most_blocks = _HELD_BLOCKS
        self._whole, self._start = whole, start

    def raw(self, start: int, stop: int) -> Raw:
        """Return the frames ``[start, stop)``."""
        if self.grain > 1:
            return super().raw(start, stop)
        return self._whole.raw(self._start + start, self._start + min(stop, self.frames))

    def loaded(self, start: int, stop: int) -> bool:
        """Whether ``[start, stop)`` can be read."""
        return self._whole.loaded(self._start + start, self._start + stop)

    def _fill(self, found: Raw, start: int) -> Raw:
        found[:] = self._whole.glimpse(self._start + start, len(found))
        return found


class FileSamples(np.lib.mixins.NDArrayOperatorsMixin):
    """Float32 samples, shape ``(frames, channels)``, that lie in a file.

    Parameters
    ----------
    source
        Reads stretches of it.
    decode
        Decodes all of it, for those who cannot do with stretches.
    again
        A function of a module and what it is given to return all of it: another process reads it itself
        then. Without, whoever hands it over decodes it and sends that.
    """

    ndim = 2
    dtype = np.dtype(np.float32)

    def __init__(
        self, source: SampleSource, decode: Callable[[], Samples], again: Again | None = None
    ) -> None:
        self.source, self._decode, self._again = source, decode, again
        self.shape = source.frames, source.channels
        self.size = source.frames * source.channels
        self._peak: float | None = None

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        first, *rest = key if isinstance(key, tuple) else (key,)
        if not isinstance(first, slice) or first.step not in (None, 1):
            return self._whole[key]
        start, stop, _ = first.indices(len(self))
        if (stop - start) * self.shape[1] > IN_MEMORY_SAMPLES:
            return self._whole[key]
        found = self.read(start, max(stop, start))
        return found[(slice(None), *rest)] if rest else found

    def read(self, start: int, stop: int) -> Samples:
        """Return the frames ``[start, stop)``.

        Raises
        ------
        SourceError
            If the file cannot be read any more, or was changed.
        """
        found = read_floats(self.source, start, stop)
        self._refuse_changed()
        return found

    def _refuse_changed(self) -> None:
        if not self.source.loaded(0, len(self)):
            name = str(getattr(self.source, "path", "a sound"))
            raise SourceError(name, "was changed after it was opened", "open it again")

    def pieces(self) -> Iterator[Samples]:
        """Yield all of it, piece by piece; after the last one its `peak` is known.

        Raises
        ------
        SourceError
            As `read`.
        """
        for piece in self._raw_pieces():
            yield np.multiply(piece, np.float32(self.source.scale), dtype=np.float32)

    def _raw_pieces(self) -> Iterator[Raw]:
        lowest = highest = 0.0
        for start in range(0, len(self), PIECE):
            piece = self.source.bulk(start, min(start + PIECE, len(self)))
            highest, lowest = max(highest, float(piece.max())), min(lowest, float(piece.min()))
            yield piece
        self._refuse_changed()
        self._peak = float(np.float32(max(highest, -lowest)) * np.float32(self.source.scale))

    @property
    def peak(self) -> float:
        """Largest magnitude, over all of it; it is read at most once for that.

        Raises
        ------
        SourceError
            As `read`.
        """
        if self._peak is None:
            for _ in self._raw_pieces():
                pass
        assert self._peak is not None
        return self._peak

    @cached_property
    def _whole(self) -> Samples:
        return self._decode()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Samples:
        return np.array(self._whole, dtype=dtype) if copy else np.asarray(self._whole, dtype=dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **others: Any) -> Any:
        arrays = [np.asarray(each) if isinstance(each, FileSamples) else each for each in inputs]
        return getattr(ufunc, method)(*arrays, **others)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._whole, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return self._again or (np.asarray, (self._whole,))


_opened: weakref.WeakValueDictionary[tuple[Path, Hashable, int, int], Signal] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def long_signal(
    path: Path,
    form: Hashable,
    source: SampleSource,
    decode: Callable[[], Samples],
    again: Again | None = None,
) -> Signal:
    """Return a long file's sound; the same one for as long as somebody has it and the file is unchanged.

    Parameters
    ----------
    form
        What it is taken for, where that is not told by the file.
    source, decode, again
        See `FileSamples`.
    """
    status = path.stat()
    key = (path, form, status.st_size, status.st_mtime_ns)
    with _lock:
        found = _opened.get(key)
        if found is None:
            samples = cast("Samples", FileSamples(source, decode, again))
            _opened[key] = found = Signal(samples, source.rate)
        return found


def stretch(samples: Samples, start: int, stop: int) -> Samples:
    """Return the frames ``[start, stop)``; what lies in a file is left there, standing for an array."""
    lying = cast("Any", samples)
    if not isinstance(lying, FileSamples):
        return samples[start:stop]
    start, stop, _ = slice(start, stop).indices(len(lying))
    if (start, stop) == (0, len(lying)):
        return samples
    part = _Stretch(lying.source, start, max(stop, start))
    return cast("Samples", FileSamples(part, lambda: lying.read(start, max(stop, start))))


def file_of(sound: Sound) -> FileSamples | None:
    """Return a sound's samples if they lie in a file."""
    samples = getattr(sound, "samples", None)
    return samples if isinstance(samples, FileSamples) else None
