"""Memory that the window's process and the audio process both see."""

from __future__ import annotations

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


class SharedMemoryError(GaplistenError):
    """There is no room for the lanes."""


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
            self._memory = shared_memory.SharedMemory(create=True, size=size)
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
        """Return a view; it must be gone before `remove`."""
        return np.ndarray(shape, dtype, buffer=self._memory.buf)

    def remove(self) -> None:
        """Free it; those who see it still keep it until they let go."""
        with suppress(BufferError):
            self._memory.close()
        with suppress(FileNotFoundError):
            self._memory.unlink()


def block_of(samples: Samples) -> Block:
    """Put samples into shared memory."""
    block = Block(samples.nbytes)
    block.array(np.float32, samples.shape)[:] = samples
    return block


if sys.version_info >= (3, 13):

    def _attach(name: str) -> shared_memory.SharedMemory:
        return shared_memory.SharedMemory(name=name, track=False)
else:

    def _attach(name: str) -> shared_memory.SharedMemory:
        # Before 3.13 a process that merely looks at a block believes that it must remove it (CPython #82300).
        register: Callable[..., Any] = resource_tracker.register
        resource_tracker.register = lambda *_: None
        try:
            return shared_memory.SharedMemory(name=name)
        finally:
            resource_tracker.register = register


class View:
    """Another process's block, seen from here."""

    def __init__(self, name: str, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> None:
        self._memory = _attach(name)
        self.array: npt.NDArray[Any] = np.ndarray(shape, dtype, buffer=self._memory.buf)

    def touch(self) -> None:
        """Read one word of every page, so that the sound card's thread never waits for one."""
        flat = self.array.reshape(-1)
        step = max(1, 4096 // flat.itemsize)
        for start in range(0, flat.size, 1 << 22):
            flat[start : start + (1 << 22) : step].sum()

    def close(self) -> bool:
        """Let go; False if somebody still holds the array."""
        self.array = np.zeros(0)
        try:
            self._memory.close()
        except BufferError:
            return False
        return True
