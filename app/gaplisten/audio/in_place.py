"""The sound of a long file, left where it lies and read where it is asked for."""

from __future__ import annotations

from gaplisten.audio.channels import MAX_CHANNELS
from gaplisten.audio.filemap import SourceError
from gaplisten.audio.files import EXACTLY_FOUND, FLOATS, SoundInfo, read_all, refuse_unreal
from gaplisten.audio.longfile import IN_MEMORY_SAMPLES, long_signal
from gaplisten.audio.opening import open_source
from gaplisten.audio.signal import Samples, Signal


def read_in_place(info: SoundInfo) -> Signal:
    """Return a whole file like `read_all`, of a long one only what is asked for (see `audio.longfile`).

    Of files whose frames depend on those before them, as in MP3, nothing is left for later.

    Raises
    ------
    SoundFileError
        As `read_all`. Damage within a long file comes to light when that place is read.
    """
    signal = lying_in_place(info)
    if signal is None:
        return read_all(info)
    if info.subtype in FLOATS:
        refuse_unreal(info, signal.samples)
    return signal


def lying_in_place(info: SoundInfo, *, floats: bool = True) -> Signal | None:
    """Return a long file's sound without looking at it; None if the file must be read first, or is short.

    Parameters
    ----------
    floats
        Of floats, too: they may hold what is no number.
    """
    exact = info.subtype in EXACTLY_FOUND and info.promise.stretch is None
    if info.frames * info.stored <= IN_MEMORY_SAMPLES or not exact:
        return None
    if info.channels > MAX_CHANNELS or (info.subtype in FLOATS and not floats):
        return None
    source = open_source(info.path, info.reading)
    if (source.frames, source.channels, source.rate) != (info.frames, info.channels, info.rate):
        return None
    again = (_read_again, (info, _stamp(info)))
    return long_signal(info.path, info.reading, source, lambda: read_all(info).samples, again)


def _stamp(info: SoundInfo) -> tuple[int, int]:
    status = info.path.stat()
    return status.st_size, status.st_mtime_ns


def _read_again(info: SoundInfo, stamp: tuple[int, int]) -> Samples:
    """Return a file's samples in another process, if they are still the ones that were handed over."""
    if _stamp(info) != stamp:
        raise SourceError(str(info.path), "was changed after it was opened", "open it again")
    return read_all(info).samples
