"""The value that everything else passes around: samples and their rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Scalar = TypeVar("Scalar", bound="np.generic[Any]")


_PIECE = 1 << 16


def in_pieces(
    work: Callable[..., npt.NDArray[Scalar]], *sounds: npt.NDArray[np.float32], step: int = 1
) -> npt.NDArray[Scalar]:
    """Return what `work` makes of sounds of one length, row by row, without room for all of it at once.

    Parameters
    ----------
    work
        Returns one value for each frame, or for each `step` frames: the same whatever comes before and after.
    step
        Pieces begin at multiples of so many frames.
    """
    size = -(-_PIECE // step) * step
    starts = range(0, max(len(sounds[0]), 1), size)
    return np.concatenate([work(*(each[at : at + size] for each in sounds)) for at in starts])


@dataclass(frozen=True, eq=False)
class Signal:
    """Sound in memory.

    Parameters
    ----------
    samples
        float32, shape ``(frames, channels)``, full scale ±1.0. Not to be changed after construction.
    rate
        Sampling rate in Hz.
    """

    samples: Samples
    rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.dtype != np.float32:
            raise ValueError(
                f"samples must be float32 (frames, channels), not {self.samples.dtype} {self.samples.shape}"
            )
        if self.rate <= 0:
            raise ValueError(f"rate must be positive, not {self.rate}")

    @classmethod
    def of(cls, samples: npt.ArrayLike, rate: int) -> Signal:
        """Make a signal from anything array-like; one dimension means mono."""
        array = np.asarray(samples, dtype=np.float32)
        return cls(array[:, None] if array.ndim == 1 else array, int(rate))

    @property
    def frames(self) -> int:
        """Length in frames."""
        return int(self.samples.shape[0])

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.samples.shape[1])

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate

    @property
    def mono(self) -> Samples:
        """Mean of the channels, shape ``(frames,)``; a view where there is only one."""
        if self.channels == 1:
            return self.samples[:, 0]
        return np.asarray(self.samples.mean(axis=1), dtype=np.float32)
