"""Sound files as they are read; what is wrong with one is said, never repaired in silence."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from gaplisten.audio.channels import AS_TOLD, MAX_CHANNELS, Channels, Pick, Reading
from gaplisten.audio.headerless import (
    BARE_SUFFIXES,
    ENCODINGS,
    RawError,
    RawFormat,
    check_bare,
    is_bare,
    told_by,
)
from gaplisten.audio.headers import (
    begins_as_sound,
    check_header,
    flac_digest,
    has_sound_magic,
    refuse_text,
)
from gaplisten.audio.longfile import IN_MEMORY_SAMPLES, file_of
from gaplisten.audio.promises import HeaderFault, Promise
from gaplisten.audio.signal import Samples, Signal
from gaplisten.errors import GaplistenError
from gaplisten.folders import user_cache
from gaplisten.untrusted import open_file

_SUFFIXES = "wav flac ogg oga opus mp3 aif aiff aifc au snd caf w64 rf64 wavex sph"
SOUND_SUFFIXES = frozenset("." + suffix for suffix in _SUFFIXES.split())
"""Suffixes of files with a header."""
SOUNDING_SUFFIXES = SOUND_SUFFIXES | BARE_SUFFIXES
"""Suffixes of files that hold sound, with a header or without."""
_LIKELY_SAMPLES_PER_BYTE = 64
_MOST_SAMPLES_PER_BYTE = 8192  # FLAC's silence: 65,535 samples in a frame of eleven bytes
_HEAD = 1024
_BLOCK = 1 << 18
FLOATS = {"FLOAT", "DOUBLE"}
"""Encodings that may hold what is no number."""
EXACTLY_FOUND = {*FLOATS, "PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "ULAW", "ALAW"}
"""Encodings of which any frame is the same wherever reading begins."""


_LEAST_RATE, _MOST_RATE = 1_000, 1_000_000  # Hz
_VOC_RATES = frozenset(1_000_000 // each for each in range(1, 256))  # microseconds in a byte
_ODD_RATES = (10_000, 18_900, 22_000, 37_800, 44_056, 47_952, 48_048, 50_000)  # Hz, in use nevertheless

# libsndfile's words for damage that it does not understand itself.
_INTERNAL = ("psf_fseek", "nspecified internal", "SF_INFO", "internal error", "Internal error")


class SoundFileError(GaplistenError):
    """A sound file that cannot be used as it is."""


class ManyChannelsError(SoundFileError):
    """A file of more channels than can be compared, of which nobody said which to use."""

    def __init__(self, info: SoundInfo) -> None:
        super().__init__(
            str(info.path),
            f"has {info.channels} channels",
            "say what is used of them: --channels 3, 1+2 or mean (in the window: File > Channels of Files)",
        )
        self.channels = info.channels


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
    promise
        What its header says where libsndfile does not look.
    raw
        How samples without a header are read; None where there is one.
    pick
        What is taken of the file's channels, of which `channels` are left; None for all of them.
    """

    path: Path
    rate: int
    channels: int
    frames: int
    format: str
    subtype: str
    notes: tuple[str, ...] = field(default=())
    promise: Promise = field(default=Promise())
    raw: RawFormat | None = None
    pick: Pick | None = None

    @property
    def stored(self) -> int:
        """Number of channels in the file."""
        return self.channels if self.pick is None else self.pick.of

    @property
    def reading(self) -> Reading:
        """How it is read."""
        chosen = None if self.pick is None else Channels(((self.pick.of, self.pick.channels),))
        return Reading(self.raw, chosen)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate


def probe(path: Path, reading: Reading = AS_TOLD) -> SoundInfo:
    """Read a sound file's header.

    Parameters
    ----------
    reading
        What to take samples for that have no header (a file with one is read by its own), and which channels
        are used.

    Raises
    ------
    SoundFileError
        If there is no such file, it is no sound, or it is shorter than its header promises; if it has no
        header, and nobody says what would stand there, or what is said plainly is not so; if it has no
        channel of a number that was chosen.
    """
    if lacks_header(path, reading.raw):
        return picked(_probe_bare(path, reading.raw), reading)
    try:
        info = by_header(path)
    except (soundfile.SoundFileError, OSError, TypeError) as error:
        raise _unreadable(path, error) from error
    return picked(replace(info, notes=info.notes + _rate_notes(info)), reading)


def picked(info: SoundInfo, reading: Reading) -> SoundInfo:
    """Return what a file is of which only the chosen channels are used; a note says which.

    Raises
    ------
    SoundFileError
        If it has no channel of that number.
    """
    pick = None if reading.channels is None else reading.channels.of(info.channels)
    if pick is None:
        return info
    beyond = max(pick.channels, default=0)
    if beyond > info.channels:
        fact = f"has {info.channels} channels, and no channel {beyond}"
        way_out = f"choose for such files: --channels {info.channels}:1, for example"
        raise SoundFileError(str(info.path), fact, way_out)
    return replace(info, channels=pick.width, pick=pick, notes=(*info.notes, pick.words))


def by_header(path: Path) -> SoundInfo:
    """Return what a file's header says, by libsndfile and where that does not look; its rate may be any.

    Raises
    ------
    SoundFileError
        If there is no such file, it is no sound, or it is shorter than its header promises.
    soundfile.SoundFileError, OSError
        If libsndfile cannot open it.
    """
    promise = _promised(path)
    info = soundfile.info(_readable(path, promise))
    frames = _known_frames(path, info, promise)
    kind = (info.format, info.subtype)
    return SoundInfo(path, info.samplerate, info.channels, frames, *kind, promise.notes, promise)


def lacks_header(path: Path, raw: RawFormat | None = None) -> bool:
    """Whether a file is to be read as bare samples: its name says so, or the user."""
    return is_bare(path) or (raw is not None and path.suffix.lower() not in SOUND_SUFFIXES)


def _probe_bare(path: Path, raw: RawFormat | None) -> SoundInfo:
    if not path.is_file():
        _promised(path)  # which says what it is
    try:
        with open_file(path) as file:
            head = file.read(_HEAD)
        if begins_as_sound(head):
            fact = "has a header of its own, though its name says that it has none"
            raise SoundFileError(str(path), fact, "rename it as what it is, such as .wav")
        refuse_text(head)
        if raw is None:
            told = told_by(path)
            known = [f"{told[0]} Hz"] * (told[0] is not None) + [told[1] or ""] * (told[1] is not None)
            fact = f"has no header: only {' and '.join(known)} is known" if known else "has no header"
            raise SoundFileError(str(path), fact, "say what it holds, such as --raw 16000,s16le,1")
        own = raw.of(path)
        notes = check_bare(path, own)
        size = path.stat().st_size
    except HeaderFault as fault:
        raise SoundFileError(str(path), fault.fact, fault.way_out) from fault
    except RawError as error:
        raise SoundFileError(error.thing, error.fact, error.way_out) from error
    except OSError as error:
        raise SoundFileError(str(path), f"cannot be read ({error.strerror})", "check the path") from error
    told_otherwise = [f"its name says {own.words}, so it is not read as {raw.words}"] if own != raw else []
    subtype = ENCODINGS[own.encoding].subtype
    notes = (*told_otherwise, *notes)
    frames = size // own.frame
    return SoundInfo(path, own.rate, own.channels, frames, "RAW", subtype, notes, raw=own)


def opened(info: SoundInfo) -> soundfile.SoundFile:
    """Open a file that was looked at, to be read block by block, with all its channels.

    Raises
    ------
    SoundFileError
        If it cannot be opened any more.
    """
    try:
        if info.raw is None:
            return soundfile.SoundFile(_readable(info.path, info.promise))
        form = ENCODINGS[info.raw.encoding]
        return soundfile.SoundFile(
            named(info.path),
            samplerate=info.rate,
            channels=info.raw.channels,
            format="RAW",
            subtype=form.subtype,
            endian=form.endian,
        )
    except (soundfile.SoundFileError, OSError) as error:
        raise _unreadable(info.path, error) from error


def _known_frames(path: Path, info: Any, promise: Promise) -> int:
    """Return the length of a file in frames, where libsndfile (`info`) only guesses it.

    Raises
    ------
    SoundFileError
        If it promises more than its bytes can hold, more than is there, or more than libsndfile would read.
    """
    size = path.stat().st_size
    if info.frames * info.channels > _MOST_SAMPLES_PER_BYTE * size:
        fact = f"is damaged or cut short: its header promises {info.frames:,} frames in {size:,} bytes"
        raise SoundFileError(str(path), fact, "copy or export it again")
    if promise.frames is None:
        return int(info.frames)
    if promise.frames > info.frames and info.format == "MP3":
        fact = (
            f"has no index and changing bit rates: only {info.frames} of {promise.frames} frames can be read"
        )
        raise SoundFileError(str(path), fact, "convert it to WAV or FLAC")
    if promise.frames > info.frames:
        raise _cut_short(path, promise.frames, info.frames)
    return promise.frames


def _rate_notes(info: SoundInfo) -> tuple[str, ...]:
    rate = info.rate
    if not _LEAST_RATE <= rate <= _MOST_RATE:
        fact = f"is damaged: its header says that it has {rate:,} samples a second"
        raise SoundFileError(str(info.path), fact, "copy or export it again")
    if info.format == "VOC" and rate in _VOC_RATES:
        return ()
    if rate % 4_000 and rate % 11_025 and rate not in _ODD_RATES:
        return (f"its header says {rate:,} Hz, which is no usual rate: one bit of it may be damaged",)
    return ()


def read_signal(path: Path, reading: Reading = AS_TOLD) -> Signal:
    """Read a whole file as float32 frames at its own rate.

    More than `IN_MEMORY_SAMPLES` are decoded to an unnamed file in the cache folder and mapped from there.

    Parameters
    ----------
    reading
        How files are read that do not tell, and which channels are used.

    Raises
    ------
    SoundFileError
        As `probe`; also for more than two channels, no samples, damaged data, and NaN or infinite samples.
    """
    return read_all(probe(path, reading))


def read_all(info: SoundInfo) -> Signal:
    """Read a whole file, as `read_signal` does, that was looked at already.

    Raises
    ------
    SoundFileError
        For more than two channels, no samples, damaged data, and NaN or infinite samples.
    """
    _refuse_shape(info)
    try:
        samples = _samples(info)
    except (soundfile.SoundFileError, OSError) as error:
        raise _unreadable(info.path, error) from error
    _refuse_missing(info, len(samples))
    refuse_unreal(info, samples)
    _refuse_changed(info, samples)
    return Signal(samples, info.rate)


def read_start(path: Path, seconds: float, reading: Reading = AS_TOLD) -> Signal:
    """Read the beginning of a file; refuses what `read_signal` refuses, as far as the beginning shows it."""
    info = probe(path, reading)
    _refuse_shape(info)
    try:
        return Signal(_samples(info, max(1, round(seconds * info.rate))), info.rate)
    except (soundfile.SoundFileError, OSError) as error:
        raise _unreadable(path, error) from error


def read_range(info: SoundInfo, start: int, stop: int, dtype: str = "float32") -> npt.NDArray[Any]:
    """Read frames ``[start, stop)`` of a file, cut at its ends, shape ``(frames, info.channels)``.

    Parameters
    ----------
    info
        What `probe` said of it.
    dtype
        ``float32`` or ``float64`` (full scale ±1), or ``int16`` or ``int32``, as wide as which the file's
        integers are made; of a mean of channels the floats only.

    Raises
    ------
    SoundFileError
        If it cannot be read any more, or is shorter than it was.
    """
    start, stop = max(start, 0), min(stop, info.frames)
    wanted = max(stop - start, 0)
    try:
        with opened(info) as file:
            file.seek(min(start, info.frames))
            found: npt.NDArray[Any] = file.read(wanted, dtype=dtype, always_2d=True)
            if info.pick is not None:
                found = info.pick.of_any(found)
    except (soundfile.SoundFileError, OSError) as error:
        raise _unreadable(info.path, error) from error
    if len(found) < wanted:
        raise _cut_short(info.path, info.frames, start + len(found))
    return found


def signal_notes(signal: Signal) -> tuple[str, ...]:
    """Return sentences about a signal that is allowed but unusual."""
    lies_in = file_of(signal)
    if lies_in is not None:
        peak = lies_in.peak
    else:
        peak = float(max(signal.samples.max(initial=0.0), -signal.samples.min(initial=0.0)))
    if peak > 1.0:
        return (f"samples reach {20 * np.log10(peak):+.1f} dB beyond full scale",)
    return ()


def _readable(path: Path, promise: Promise) -> str | bytes | io.BytesIO:
    """Return what soundfile opens: the file, or only what a header's `promise` calls its sound."""
    if promise.stretch is None:
        return named(path)
    first, end = promise.stretch
    with open_file(path) as file:
        file.seek(first)
        return io.BytesIO(file.read(end - first))


def named(path: Path) -> str | bytes:
    """Return what soundfile takes: as text it refuses names with bytes that are no UTF-8."""
    return os.fsencode(path) if os.name == "posix" else str(path)


def _samples(info: SoundInfo, most: int | None = None) -> Samples:
    """Read all frames, or the first `most`; long sound goes onto the disk and takes no memory."""
    count = info.frames * info.stored
    with opened(info) as file:
        # A header may promise more than a file of that size can well hold: ask for no memory on its word.
        likely = count <= _LIKELY_SAMPLES_PER_BYTE * info.path.stat().st_size
        if most is not None or (likely and count <= IN_MEMORY_SAMPLES):
            # By their number: a codec that cannot seek (GSM 06.10) does not know "all of them".
            wanted = info.frames if most is None else min(most, info.frames)
            found = np.asarray(file.read(wanted, dtype="float32", always_2d=True), np.float32)
            return found if info.pick is None else info.pick.of_floats(found)
        return _mapped(file, info)


def _mapped(file: soundfile.SoundFile, info: SoundInfo) -> Samples:
    """Decode into an unnamed file in the cache folder and map it; it vanishes with the last reference."""
    folder = user_cache()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as decoded:
            frames = 0
            while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
                kept = block if info.pick is None else info.pick.of_floats(block)
                decoded.write(kept.tobytes())
                frames += len(block)
            decoded.flush()
            if not frames:
                return np.zeros((0, info.channels), np.float32)
            return np.asarray(np.memmap(decoded, np.float32, "c", shape=(frames, info.channels)))
    except OSError as error:
        fact = f"cannot keep decoded sound ({error.strerror})"
        raise SoundFileError(
            str(folder), fact, "make room there, or set GAPLISTEN_HOME to another disk"
        ) from error


def _promised(path: Path) -> Promise:
    """Return what a file's header promises where libsndfile does not look.

    Raises
    ------
    SoundFileError
        If there is no such file, it is no sound, or it is shorter than its header promises.
    """
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


def reason_of(error: Exception) -> str:
    """Return why libsndfile refused a file, without the name and without what only its authors understand."""
    reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
    return "its sound cannot be decoded" if any(word in reason for word in _INTERNAL) else reason


def _unreadable(path: Path, error: Exception) -> SoundFileError:
    reason = reason_of(error)
    if "unsupported encoding" in reason:
        return SoundFileError(
            str(path), "holds sound of a kind that cannot be read", "convert it to WAV or FLAC"
        )
    if "not exist" in reason:  # libsndfile's word for what its MP3 decoder does not like either
        reason = "no format is recognised"
    what = "is damaged or cut short" if has_sound_magic(path) else "is not a sound file that can be read"
    return SoundFileError(str(path), f"{what} ({reason})", "convert it to WAV or FLAC, or leave it out")


def _refuse_shape(info: SoundInfo) -> None:
    if info.channels > MAX_CHANNELS:
        raise ManyChannelsError(info)
    if info.frames <= 0:
        raise SoundFileError(str(info.path), "holds no samples (zero length)", "record or export it again")


def _refuse_missing(info: SoundInfo, found: int) -> None:
    if found < info.frames:
        raise _cut_short(info.path, info.frames, found)


def _cut_short(path: Path, promised: int, found: int) -> SoundFileError:
    fact = f"is cut short: its header promises {promised} frames, {found} can be read"
    return SoundFileError(str(path), fact, "copy or export it again")


def _refuse_changed(info: SoundInfo, samples: Samples) -> None:
    """Compare a FLAC file's samples with the digest in its header; long ones are left to its frames' own."""
    named = flac_digest(info.path) if info.format == "FLAC" and samples.size <= IN_MEMORY_SAMPLES else None
    if named is None or named[0] not in (8, 16, 24):
        return
    bits, digest = named
    if info.pick is not None:  # the digest is of all channels
        samples = _samples(replace(info, pick=None, channels=info.stored))
    whole = np.rint(samples * np.float32(2 ** (bits - 1))).astype("<i4")
    packed = np.ascontiguousarray(whole).view(np.uint8).reshape(*samples.shape, 4)[..., : bits // 8]
    if hashlib.md5(packed.tobytes(), usedforsecurity=False).digest() != digest:
        fact = "is damaged: its samples are not those that were written (their MD5 differs)"
        raise SoundFileError(str(info.path), fact, "copy or export it again")


def refuse_unreal(info: SoundInfo, samples: Samples) -> None:
    """Raise `SoundFileError` with the first place of a sample that is no finite number."""
    first, count = None, 0
    for start in range(0, len(samples), _BLOCK):
        finite = np.isfinite(samples[start : start + _BLOCK])
        if not finite.all():
            first = start + int(np.argmin(finite.all(axis=1))) if first is None else first
            count += int(finite.size - np.count_nonzero(finite))
    if first is not None:
        where = f"the first in frame {first} ({first / info.rate:.3f} s)"
        fact = f"{count} samples are NaN or infinite, {where}"
        raise SoundFileError(str(info.path), fact, "render it again with finite samples")
