"""Sound files written: whole or not at all, integers as they were."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from gaplisten.audio.files import SoundFileError, named
from gaplisten.audio.signal import Samples, Signal
from gaplisten.durable.files import not_written, whole_path

_FULL = 1 << 16  # bytes left on a disk on which the next block had no room
_INTEGER_BITS = {"PCM_S8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
_FORMATS = {".wav": "WAV", ".flac": "FLAC", ".aif": "AIFF", ".aiff": "AIFF", ".w64": "W64", ".rf64": "RF64"}


def write_signal(path: Path, signal: Signal, subtype: str = "PCM_16") -> None:
    """Write a file whose format follows from its suffix, replacing `path` only when all of it is written.

    Samples that came from integers of the same width go back to exactly those integers. Samples beyond full
    scale are clipped in integer subtypes (`clipped_samples` counts them beforehand); ``FLOAT`` keeps them.

    Raises
    ------
    SoundFileError
        If the suffix names no format that can be written, or the disk refuses.
    """
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise SoundFileError(
            str(path), f"{path.suffix or 'no suffix'} is no format to write", "use .wav or .flac"
        )
    try:
        with whole_path(path) as part:
            samples = _encoded(signal.samples, subtype)
            soundfile.write(named(part), samples, signal.rate, subtype=subtype, format=kind)
    except OSError as error:
        raise SoundFileError(*not_written(path, error)) from error
    except (soundfile.SoundFileError, ValueError) as error:
        why, way_out = _refusal(error, path.parent)
        raise SoundFileError(str(path), f"cannot be written: {why}", way_out) from error


def _refusal(error: Exception, folder: Path) -> tuple[str, str]:
    """Return why a file could not be written, and the way out; the library says 'System error' of most."""
    if not folder.is_dir():
        return "its folder is not there", "make it, or choose another"
    if not os.access(folder, os.W_OK):
        return "its folder may not be written to", "choose another folder"
    if shutil.disk_usage(folder).free < _FULL:
        return "the disk is full", "make room, or choose another folder"
    return str(error), "choose another folder or format"


def fitting_subtype(subtype: str, path: Path) -> str:
    """Return the subtype itself, or what comes nearest in a file with that suffix.

    FLAC has no floats, and WAV none of the lossy codecs: then 24 bits, or 16.
    """
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None or soundfile.check_format(kind, subtype):
        return subtype
    return "PCM_24" if subtype in ("FLOAT", "DOUBLE", "PCM_32") else "PCM_16"


def clipped_samples(signal: Signal, subtype: str = "PCM_16") -> int:
    """Return how many samples lie beyond full scale, and would be clipped by an integer subtype."""
    if subtype not in _INTEGER_BITS:
        return 0
    return int(np.count_nonzero(np.abs(signal.samples) > 1.0))


def _encoded(samples: Samples, subtype: str) -> npt.NDArray[Any]:
    # libsndfile multiplies floats by 32767 but divides integers by 32768: a round trip would be off by one.
    bits = _INTEGER_BITS.get(subtype)
    if bits is None:
        return samples
    scale = float(2 ** (bits - 1))
    whole = np.clip(np.rint(samples.astype(np.float64) * scale), -scale, scale - 1)
    return whole.astype(np.int16) if bits == 16 else (whole * 2.0 ** (32 - bits)).astype(np.int32)
