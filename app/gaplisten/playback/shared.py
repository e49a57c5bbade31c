"""Memory that the window's process and the audio process both see."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import resource_tracker, shared_memory
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples
from gaplisten.errors import GaplistenError
from gaplisten.processes import track_memory

_AT_ONCE = 1 << 22  # words that are touched before others may run


class SharedMemoryError(GaplistenError):
    """There is no room for the lanes."""


class _Memory(shared_memory.SharedMemory):
    """Shared memory that stays mapped as long as anybody has an array of it.

    ``np.ndarray(buffer=...)`` does not see to that: `close` takes the pages away from under such an array,
    and whoever reads it next, the sound card's thread say, takes the whole process along.
    """

    def array(self, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        assert self.buf is not None  # it was not let go of
        return np.frombuffer(self.buf, np.dtype(dtype), math.prod(shape)).reshape(shape)

    def let_go(self) -> bool:
        """Unmap it; False if that is left to those who still have arrays of it."""
        try:
            self.close()
        except BufferError:
            return False
        return True

    def __del__(self) -> None:
        descriptor: int = getattr(self, "_fd", -1)
        if not self.let_go() and descriptor >= 0:
            os.close(descriptor)  # `close` did not come to that


def _reserve(block: shared_memory.SharedMemory, size: int) -> None:
    # A full /dev/shm (64 MB in many containers) would else be noticed as a deadly SIGBUS while writing.
    descriptor = getattr(block, "_fd", -1)
    if hasattr(os, "posix_fallocate") and descriptor >= 0:
        os.posix_fallocate(descriptor, 0, size)


class Block:
    """A piece of shared memory; the one who made it also removes it.

    Parameters
    ----------
    size
        In bytes.
    """

    def __init__(self, size: int) -> None:
        size = max(int(size), 8)
        track_memory()
        try:
            self._memory = _Memory(create=True, size=size)
        except OSError as error:
            raise self._no_room(size, error) from error
        try:
            _reserve(self._memory, size)
        except OSError as error:
            self.remove()
            raise self._no_room(size, error) from error

    @staticmethod
    def _no_room(size: int, error: OSError) -> SharedMemoryError:
        return SharedMemoryError(
            "shared memory",
            f"no room for {size / 2**20:.0f} MB of sound ({error.strerror or error})",
            "open fewer or shorter lanes, or give the machine (or container) more shared memory",
        )

    @property
    def name(self) -> str:
        """By which another process finds it."""
        return self._memory.name

    def array(self, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """Return a view; the memory stays mapped as long as anybody has it."""
        return self._memory.array(dtype, shape)

    def remove(self) -> None:
        """Free it; those who see it still keep it until they let go."""
        self._memory.let_go()
        with suppress(FileNotFoundError):
            self._memory.unlink()


def block_of(samples: Samples) -> Block:
    """Put samples into shared memory."""
    block = Block(samples.nbytes)
    block.array(np.float32, samples.shape)[:] = samples
    return block


if sys.version_info >= (3, 13):

    def _attach(name: str) -> _Memory:
        return _Memory(name=name, track=False)
else:

    def _attach(name: str) -> _Memory:
        # Before 3.13 a process that merely looks at a block believes that it must remove it (CPython #82300).
        register: Callable[..., Any] = resource_tracker.register
        resource_tracker.register = lambda *_: None
        try:
            return _Memory(name=name)
        finally:
            resource_tracker.register = register


class View:
    """Another process's block, seen from here."""

    def __init__(self, name: str, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> None:
        self._memory = _attach(name)
        self.array = self._memory.array(dtype, shape)

    def touch(self) -> None:
        """Read one word of every page, so that the sound card's thread never waits for one."""
        flat = self.array.reshape(-1)
        step = max(1, 4096 // flat.itemsize)
        for start in range(0, flat.size, _AT_ONCE):
            flat[start : start + _AT_ONCE : step].sum()

    def close(self) -> bool:
        """Let go; False if somebody still holds the array."""
        self.array = np.zeros(0)
        return self._memory.let_go()
