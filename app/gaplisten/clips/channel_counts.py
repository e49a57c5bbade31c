"""How many channels files have, to ask which of them are used."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np

from gaplisten.audio.channels import MAX_CHANNELS, Reading
from gaplisten.audio.files import SOUNDING_SUFFIXES, probe, read_range
from gaplisten.clips.clip import Clip
from gaplisten.errors import GaplistenError

_SECONDS = 10.0


def by_channels(paths: Iterable[Path], reading: Reading) -> dict[int, list[Path]]:
    """Return sound files of two channels and more by how many they have; what cannot be read is left out."""
    found: dict[int, list[Path]] = {}
    for path in paths:
        if path.suffix.lower() in SOUNDING_SUFFIXES:
            with suppress(GaplistenError):  # opening it says what is wrong
                count = probe(path, Reading(reading.raw)).channels
                if count >= MAX_CHANNELS:
                    found.setdefault(count, []).append(path)
    return found


def undecided(files: dict[int, list[Path]], reading: Reading) -> bool:
    """Whether any of these has more channels than can be compared, and nobody said which are used."""
    many = [count for count in files if count > MAX_CHANNELS]
    return any(reading.channels is None or reading.channels.of(count) is None for count in many)


def files_of(clip: Clip) -> list[Path]:
    """Return the sound files of a clip."""
    single = [path for path in (clip.reference, clip.lossy) if path is not None]
    return [*single, *(condition.path for condition in clip.conditions)]


def peaks_of(path: Path) -> tuple[float, ...]:
    """Return the largest magnitude of each channel in the beginning of a file; none if it cannot be read."""
    try:
        info = probe(path)
        found = read_range(info, 0, round(_SECONDS * info.rate))
    except GaplistenError:
        return ()
    return tuple(np.abs(found).max(axis=0, initial=0.0).astype(float).tolist())
