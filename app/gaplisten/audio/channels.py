"""Which channels of a sound file are used, where it has more than can be compared; and how files are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.audio.headerless import RawFormat
from gaplisten.audio.signal import Samples
from gaplisten.errors import GaplistenError

MAX_CHANNELS = 2
"""So many channels are compared and heard."""
MOST_CHANNELS = 1024
"""So many can a file have (libsndfile)."""
MEAN = "mean"
ANY = 0
"""Stands for every file of more than `MAX_CHANNELS`."""


class ChannelsError(GaplistenError):
    """Channels that cannot be chosen."""


@dataclass(frozen=True)
class Pick:
    """What is taken of the channels of one file.

    Parameters
    ----------
    of
        How many channels the file has.
    channels
        One or two of them, counted from 1; none: the mean of all.
    """

    of: int
    channels: tuple[int, ...] = ()

    @property
    def width(self) -> int:
        """How many channels are left."""
        return max(len(self.channels), 1)

    @property
    def is_mean(self) -> bool:
        """Whether new samples are computed; otherwise the file's own are taken."""
        return not self.channels

    @property
    def words(self) -> str:
        """It in words."""
        if self.is_mean:
            return f"of its {self.of} channels, the mean of all is used"
        if len(self.channels) == 1:
            return f"of its {self.of} channels, channel {self.channels[0]} is used"
        first, second = self.channels
        return f"of its {self.of} channels, channels {first} and {second} are used"

    def own(self, samples: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the chosen columns of samples, shape ``(frames, of)``, as they are."""
        return samples[:, [channel - 1 for channel in self.channels]]

    def of_any(self, samples: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return frames of `width` channels in their own format; of a mean, floats."""
        return self.of_floats(samples) if self.is_mean else self.own(samples)

    def of_floats(self, samples: Samples) -> Samples:
        """Return float32 frames of `width` channels, from those of all."""
        if self.is_mean:
            return np.asarray(samples.mean(axis=1, dtype=np.float64, keepdims=True), np.float32)
        return np.asarray(self.own(samples), np.float32)


@dataclass(frozen=True)
class Channels:
    """Which channels are used, by how many a file has.

    Parameters
    ----------
    chosen
        For files of so many channels (`ANY`: of more than two): one or two channels counted from 1, or none
        for the mean of all.
    """

    chosen: tuple[tuple[int, tuple[int, ...]], ...]

    def __str__(self) -> str:
        """Return it as an option takes it: ``3``, ``1+2``, ``mean``, ``8:3,6:1+2``."""
        parts = []
        for of, channels in self.chosen:
            said = "+".join(map(str, channels)) or MEAN
            parts.append(said if of == ANY else f"{of}:{said}")
        return ",".join(parts)

    def of(self, count: int) -> Pick | None:
        """Return what is taken of a file of so many channels; None where nothing was said of such files."""
        by_count = dict(self.chosen)
        usual = by_count.get(ANY) if count > MAX_CHANNELS else None
        channels = by_count.get(count, usual)
        whole = count == MAX_CHANNELS and channels == (1, 2)
        return None if channels is None or whole else Pick(count, channels)

    def over(self, others: Channels | None) -> Channels:
        """Return this, and of the others what this leaves open."""
        both = {**dict(others.chosen if others else ()), **dict(self.chosen)}
        return Channels(tuple(sorted(both.items())))


def parse_channels(text: str) -> Channels:
    """Return what ``3``, ``1+2``, ``mean`` or, by the number of a file's channels, ``8:3,6:mean`` says.

    Raises
    ------
    ChannelsError
        If it says something else, or one thing twice.

    >>> parse_channels("8:3,6:1+2").of(6)
    Pick(of=6, channels=(1, 2))
    >>> print(parse_channels(" 2 + 1 ").of(2))
    None
    """
    found: dict[int, tuple[int, ...]] = {}
    for part in text.split(","):
        before, colon, said = part.rpartition(":")
        of = _number(text, before) if colon else ANY
        if of in found:
            which = "files of any number" if of == ANY else f"files of {of} channels"
            raise ChannelsError(f"--channels {text}", f"says two things of {which}", "leave one of them out")
        channels = () if said.strip().lower() == MEAN else _channels(text, said)
        if of == 1:
            raise ChannelsError(f"--channels {text}", "one channel leaves no choice", "leave 1: out")
        if of != ANY and max(channels, default=0) > of:
            fact = f"there is no channel {max(channels)} in files of {of}"
            raise ChannelsError(f"--channels {text}", fact, f"choose from 1 to {of}")
        found[of] = channels
    return Channels(tuple(sorted(found.items())))


def _channels(text: str, said: str) -> tuple[int, ...]:
    channels = tuple(_number(text, word) for word in said.split("+"))
    if len(channels) > MAX_CHANNELS:
        fact = f"{len(channels)} channels cannot be compared"
        raise ChannelsError(f"--channels {text}", fact, "choose one, two, or mean")
    if len(set(channels)) < len(channels):
        raise ChannelsError(f"--channels {text}", "the same channel stands there twice", "choose two, or one")
    return channels


def _number(text: str, word: str) -> int:
    word = word.strip()
    number = int(word) if word.isascii() and word.isdigit() and len(word) < 5 else 0
    if not 1 <= number <= MOST_CHANNELS:
        way_out = "write 3, 1+2 or mean; for files of 8 and of 6 channels 8:3,6:1+2"
        raise ChannelsError(f"--channels {text}", f"{word!r} is no channel, counted from 1", way_out)
    return number


@dataclass(frozen=True)
class Reading:
    """How sound files are read, where they do not tell or hold more than is wanted.

    Parameters
    ----------
    raw
        What files without a header are taken for; None where nobody said.
    channels
        Which channels are used; None where nobody said.
    """

    raw: RawFormat | None = None
    channels: Channels | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """What a command line says for it."""
        raw = () if self.raw is None else ("--raw", str(self.raw))
        return raw if self.channels is None else (*raw, "--channels", str(self.channels))

    def over(self, other: Reading) -> Reading:
        """Return this, and of the other what this leaves open."""
        return Reading(
            self.raw or other.raw,
            self.channels.over(other.channels) if self.channels else other.channels,
        )


AS_TOLD = Reading()
"""Files are read as they tell themselves."""
