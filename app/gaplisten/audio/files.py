"""Sound files in and out; what is wrong with one is said, never repaired in silence."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from gaplisten.audio.headers import HeaderFault, check_header, has_sound_magic
from gaplisten.audio.signal import Samples, Signal
from gaplisten.errors import GaplistenError

_SUFFIXES = "wav flac ogg oga opus mp3 aif aiff aifc au snd caf w64 rf64 wavex sph"
SOUND_SUFFIXES = frozenset("." + suffix for suffix in _SUFFIXES.split())
MAX_CHANNELS = 2
_LIKELY_SAMPLES_PER_BYTE = 64
_BLOCK = 1 << 18
_INTEGER_BITS = {"PCM_S8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
_FORMATS = {".wav": "WAV", ".flac": "FLAC", ".aif": "AIFF", ".aiff": "AIFF", ".w64": "W64", ".rf64": "RF64"}


class SoundFileError(GaplistenError):
    """A sound file that cannot be used as it is."""


@dataclass(frozen=True)
class SoundInfo:
    """What a sound file's header says.

    Parameters
    ----------
    frames
        Length in frames of `rate` (Hz).
    format, subtype
        libsndfile's names, such as ``WAV`` and ``PCM_16``.
    notes
        Sentences about oddities that do not prevent reading.
    """

    path: Path
    rate: int
    channels: int
    frames: int
    format: str
    subtype: str
    notes: tuple[str, ...] = field(default=())

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate


def probe(path: Path) -> SoundInfo:
    """Read a sound file's header.

    Raises
    ------
    SoundFileError
        If there is no such file, it is no sound, or it is shorter than its header promises.
    """
    notes = _checked_header(path)
    try:
        info = soundfile.info(str(path))
    except (soundfile.SoundFileError, OSError, TypeError) as error:
        raise _unreadable(path, error) from error
    return SoundInfo(path, info.samplerate, info.channels, info.frames, info.format, info.subtype, notes)


def read_signal(path: Path) -> Signal:
    """Read a whole file as float32 frames at its own rate.

    Raises
    ------
    SoundFileError
        As `probe`; also for more than two channels, no samples, damaged data, and NaN or infinite samples.
    """
    info = probe(path)
    _refuse_shape(info)
    try:
        samples = _samples(info)
    except (soundfile.SoundFileError, OSError) as error:
        raise _unreadable(path, error) from error
    _refuse_missing(info, len(samples))
    _refuse_unreal(info, samples)
    return Signal(samples, info.rate)


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
    part = path.with_name(path.name + ".part")
    try:
        soundfile.write(
            str(part), _encoded(signal.samples, subtype), signal.rate, subtype=subtype, format=kind
        )
        part.replace(path)
    except (soundfile.SoundFileError, OSError, ValueError) as error:
        part.unlink(missing_ok=True)
        raise SoundFileError(
            str(path), f"cannot be written ({error})", "choose another folder or format"
        ) from error


def clipped_samples(signal: Signal, subtype: str = "PCM_16") -> int:
    """Return how many samples lie beyond full scale, and would be clipped by an integer subtype."""
    if subtype not in _INTEGER_BITS:
        return 0
    return int(np.count_nonzero(np.abs(signal.samples) > 1.0))


def signal_notes(signal: Signal) -> tuple[str, ...]:
    """Return sentences about a signal that is allowed but unusual."""
    peak = float(np.abs(signal.samples).max(initial=0.0))
    if peak > 1.0:
        return (f"samples reach {20 * np.log10(peak):+.1f} dB beyond full scale",)
    return ()


def _samples(info: SoundInfo) -> Samples:
    """Read all frames; in blocks where the header promises more than a file of that size can well hold."""
    with soundfile.SoundFile(str(info.path)) as file:
        if info.frames * info.channels <= _LIKELY_SAMPLES_PER_BYTE * info.path.stat().st_size:
            return np.asarray(file.read(dtype="float32", always_2d=True), np.float32)
        blocks = [np.zeros((0, info.channels), np.float32)]
        while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
            blocks.append(block)
    return np.concatenate(blocks)


def _encoded(samples: Samples, subtype: str) -> npt.NDArray[Any]:
    # libsndfile multiplies floats by 32767 but divides integers by 32768: a round trip would be off by one.
    bits = _INTEGER_BITS.get(subtype)
    if bits is None:
        return samples
    scale = float(2 ** (bits - 1))
    whole = np.clip(np.rint(samples.astype(np.float64) * scale), -scale, scale - 1)
    return whole.astype(np.int16) if bits == 16 else (whole * 2.0 ** (32 - bits)).astype(np.int32)


def _checked_header(path: Path) -> tuple[str, ...]:
    try:
        if path.is_dir():
            raise SoundFileError(str(path), "is a folder, not a sound file", "name a file in it")
        return check_header(path)
    except HeaderFault as fault:
        raise SoundFileError(str(path), fault.fact, fault.way_out) from fault
    except FileNotFoundError as error:
        raise SoundFileError(str(path), "there is no such file", "check the path") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise SoundFileError(str(path), f"cannot be read ({reason})", "check the permissions") from error


def _unreadable(path: Path, error: Exception) -> SoundFileError:
    reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
    what = "is damaged or cut short" if has_sound_magic(path) else "is not a sound file that can be read"
    return SoundFileError(str(path), f"{what} ({reason})", "convert it to WAV or FLAC, or leave it out")


def _refuse_shape(info: SoundInfo) -> None:
    if info.channels > MAX_CHANNELS:
        raise SoundFileError(
            str(info.path),
            f"has {info.channels} channels",
            "mono and stereo can be used: extract the channels you need",
        )
    if info.frames <= 0:
        raise SoundFileError(str(info.path), "holds no samples (zero length)", "record or export it again")


def _refuse_missing(info: SoundInfo, found: int) -> None:
    if found < info.frames:
        raise SoundFileError(
            str(info.path),
            f"is cut short: its header promises {info.frames} frames, {found} can be read",
            "copy or export it again",
        )


def _refuse_unreal(info: SoundInfo, samples: Samples) -> None:
    finite = np.isfinite(samples)
    if finite.all():
        return
    first = int(np.flatnonzero(~finite.all(axis=1))[0])
    count = int(finite.size - np.count_nonzero(finite))
    raise SoundFileError(
        str(info.path),
        f"{count} samples are NaN or infinite, the first in frame {first} ({first / info.rate:.3f} s)",
        "render it again with finite samples",
    )
