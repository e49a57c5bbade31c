"""Open a sound file for drawing: mapped where it can be, decoded where it must be, FLAC by miniaudio."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from gaplisten.audio.blocks import BlockSource
from gaplisten.audio.channels import AS_TOLD, Pick, Reading
from gaplisten.audio.filemap import Frames, KeepsPieces, Raw, SampleSource, SourceError
from gaplisten.audio.files import SoundFileError, SoundInfo, by_header, lacks_header, opened, probe, reason_of
from gaplisten.audio.headerless import RawFormat
from gaplisten.audio.wavmap import MappedSource, Packed24Source, wav_layout

PIECE = 1 << 16


@cache
def _decoder() -> Any:
    """Return the library, or None without it: it makes reading faster and nothing else."""
    try:
        return importlib.import_module("miniaudio")
    except (ImportError, OSError):
        return None


class QuickFlac:
    """Reads successive stretches of one FLAC file of up to 16 bits; one thread's own."""

    def __init__(self, path: Path, channels: int) -> None:
        self._path, self._channels = path, channels
        self._stream: Iterator[Raw] = iter(())
        self._at = -1

    @staticmethod
    def reads(format_name: str, subtype: str) -> bool:
        """Whether files of this kind can be read here."""
        return format_name == "FLAC" and subtype in {"PCM_16", "PCM_S8"} and _decoder() is not None

    def read_into(self, target: Raw, start: int) -> bool:
        """Fill `target`, int16, with the frames from `start` on; return False if they cannot be had.

        Going on where the last call ended is quick if that read whole `PIECE`; anything else begins with a
        search.
        """
        if start != self._at:
            self._stream = self._pieces(start)
        done = 0
        try:
            while done < len(target):
                piece = next(self._stream)[: len(target) - done]
                target[done : done + len(piece)] = piece
                done += len(piece)
        except (StopIteration, _decoder().MiniaudioError, OSError, ValueError):
            self._at = -1
            return False
        self._at = start + done if done % PIECE == 0 else -1
        return True

    def _pieces(self, start: int) -> Iterator[Raw]:
        # Pieces this small stay in the processor's cache.
        for piece in _decoder().flac_stream_file(str(self._path), PIECE, start):
            yield np.frombuffer(piece, np.int16).reshape(-1, self._channels)


PROOF = 64
_NARROW = frozenset({"PCM_16", "PCM_S8", "PCM_U8", "ULAW", "ALAW"})


class DecodedSource(BlockSource):
    """A compressed file, decoded where it is looked at; it is never held as a whole, in memory or on disk."""

    def __init__(self, path: Path, raw: RawFormat | None = None) -> None:
        info = _sound_info(path, raw)
        self.path = path
        self._info = info
        narrow = info.subtype in _NARROW
        self._kind = "int16" if narrow else "float32"
        scale = 1.0 / 32768.0 if narrow else 1.0
        super().__init__(info.frames, info.rate, info.channels, np.dtype(self._kind), scale)
        self._quick: bool | None = None  # until the first long reading: loading the decoder takes a while

    def _fill_on(self, found: Raw, start: int) -> Raw:
        if self._quick is None:
            self._quick = QuickFlac.reads(self._info.format, self._info.subtype)
        if not (self._quick and self._decode_quickly(found, start)):
            self._fill(found, start)
        return found

    def _decode_quickly(self, found: Raw, start: int) -> bool:
        """Decode with the faster decoder; False, for good, where it cannot be relied on.

        It leaves out what is damaged instead of saying so, and then all that follows is in the wrong place.
        So the end of each piece is looked up by the other decoder too.
        """
        if not hasattr(self._own, "quick"):
            self._own.quick = QuickFlac(self.path, self.channels)
        end = start + len(found)
        self._quick = self._own.quick.read_into(found, start) and np.array_equal(
            found[-PROOF:], self._made(max(end - PROOF, start), end)
        )
        return self._quick

    def _fill(self, found: Raw, start: int) -> Raw:
        import soundfile

        try:
            file = self._handle()
            if file.tell() != start:
                file.seek(start)
            got = file.buffer_read_into(found, self._kind)
        except (soundfile.LibsndfileError, OSError) as error:
            raise SourceError(
                str(self.path), f"cannot be decoded ({reason_of(error)})", "get a whole copy of it"
            ) from error
        if got < len(found):
            fact = f"ends after {start + got} of {self.frames} frames"
            raise SourceError(str(self.path), fact, "get a whole copy of it")
        return found

    def _handle(self) -> Any:
        # A libsndfile handle is not safe to share, so each thread has its own.
        if not hasattr(self._own, "file"):
            self._own.file = opened(self._info)
        return self._own.file


def _sound_info(path: Path, raw: RawFormat | None) -> SoundInfo:
    import soundfile

    try:
        if lacks_header(path, raw):
            return probe(path, Reading(raw))
        return by_header(path)
    except SoundFileError as error:
        raise SourceError(error.thing, error.fact, error.way_out) from error
    except (soundfile.LibsndfileError, OSError) as error:
        fact = f"cannot be read as sound ({reason_of(error)})"
        raise SourceError(str(path), fact, "use WAV or FLAC") from error


def open_source(path: Path, reading: Reading = AS_TOLD) -> SampleSource:
    """Open a sound file for block-wise reading; only its header is read now.

    Parameters
    ----------
    reading
        How files are read that do not tell, and which channels are used.

    Raises
    ------
    SourceError
        If it is not a sound file.
    """
    whole = _open_whole(path, reading.raw)
    if reading.channels is None or (pick := reading.channels.of(whole.channels)) is None:
        return whole
    if max(pick.channels, default=0) > whole.channels:
        fact = f"has {whole.channels} channels, and no channel {max(pick.channels)}"
        raise SourceError(str(path), fact, "choose another")
    return PickedPieces(whole, pick) if isinstance(whole, KeepsPieces) else PickedSource(whole, pick)


def _open_whole(path: Path, raw: RawFormat | None) -> SampleSource:
    """Open a file with all of its channels."""
    try:
        layout = wav_layout(path)
    except OSError as error:
        raise SourceError(str(path), f"cannot be opened ({error.strerror})", "check the path") from error
    if layout is None:
        return DecodedSource(path, raw)
    return Packed24Source(path, layout) if layout.bits == 24 else MappedSource(path, layout)


class PickedSource:
    """Chosen channels of a file, in its own number format, or the mean of all as floats."""

    def __init__(self, whole: SampleSource, pick: Pick) -> None:
        self.whole, self._pick = whole, pick
        self.path = getattr(whole, "path", "a sound")

    @property
    def frames(self) -> int:
        """Length in frames."""
        return self.whole.frames

    @property
    def rate(self) -> int:
        """Sampling rate in Hz."""
        return self.whole.rate

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self._pick.width

    @property
    def scale(self) -> float:
        """What one unit of the raw numbers is worth."""
        return 1.0 if self._pick.is_mean else self.whole.scale

    @property
    def dtype(self) -> np.dtype[Any]:
        """Number format of the raw samples."""
        return np.dtype(np.float32) if self._pick.is_mean else self.whole.dtype

    @property
    def grain(self) -> int:
        """As the file has it."""
        return self.whole.grain

    def raw(self, start: int, stop: int) -> Raw:
        """Return the frames ``[start, stop)``."""
        return self._picked(self.whole.raw(start, stop))

    def gather(self, blocks: Frames, size: int) -> Raw:
        """Return whole blocks of frames."""
        return self._picked(self.whole.gather(blocks, size))

    def glimpse(self, start: int, count: int) -> Raw:
        """Return `count` frames from `start`."""
        return self._picked(self.whole.glimpse(start, count))

    def bulk(self, start: int, stop: int) -> Raw:
        """Return the frames ``[start, stop)``."""
        return self._picked(self.whole.bulk(start, stop))

    def loaded(self, start: int, stop: int) -> bool:
        """Whether ``[start, stop)`` can be read."""
        return self.whole.loaded(start, stop)

    def _picked(self, raw: Raw) -> Raw:
        """Return frames, or blocks of them, of the chosen channels: those stand on the last axis."""
        flat = raw.reshape(-1, raw.shape[-1])
        if self._pick.is_mean:
            floats = np.multiply(flat, np.float32(self.whole.scale), dtype=np.float32)
            flat = self._pick.of_floats(floats)
        else:
            flat = self._pick.own(flat)
        return flat.reshape(*raw.shape[:-1], self._pick.width)


class PickedPieces(PickedSource):
    """The same of a file of which short pieces are kept."""

    whole: Any

    @property
    def near_every(self) -> int:
        """Distance in frames of the pieces that `near` chooses from."""
        return int(self.whole.near_every)

    def near(self, centres: Frames, size: int) -> Raw | None:
        """Return pieces of `size` frames close to `centres`, if they were kept."""
        found = self.whole.near(centres, size)
        return None if found is None else self._picked(found)
