"""WAV files in memory, sample for sample: integers and floats as they are in their source."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.audio.files import probe, read_range
from gaplisten.audio.signal import Samples

# libsndfile's subtype: how it is read, by how many bits that is wider, and bits in the file.
_DEPTHS = {
    "PCM_S8": ("int16", 8, 8),
    "PCM_U8": ("int16", 8, 8),
    "PCM_16": ("int16", 0, 16),
    "PCM_24": ("int32", 8, 24),
    "PCM_32": ("int32", 0, 32),
    "FLOAT": ("float32", 0, 32),
    "DOUBLE": ("float64", 0, 64),
}
_PCM, _FLOAT = 1, 3


@dataclass(frozen=True, eq=False)
class Cut:
    """A stretch of sound as its file has it.

    Parameters
    ----------
    samples
        Shape ``(frames, channels)``: integers of `bits` bits (held in a wider type), or floats.
    bits
        Of one sample in the file.
    exact
        Whether the samples are the file's own; False for lossy codecs, of which only decoded sound is there,
        and for the mean of channels.
    """

    samples: npt.NDArray[Any]
    rate: int
    bits: int
    exact: bool = True

    @classmethod
    def of_floats(cls, samples: Samples, rate: int) -> Cut:
        """Return float32 samples, shape ``(frames, channels)``, as they are."""
        return cls(samples, rate, 32)

    @property
    def depth(self) -> str:
        """The format in words."""
        return f"{self.bits} bit{' float' if self.is_float else ''}"

    @property
    def is_float(self) -> bool:
        """Whether the samples are floats."""
        return self.samples.dtype.kind == "f"

    @property
    def floats(self) -> Samples:
        """The samples as float32, full scale ±1.0: as everything else reads the file."""
        if self.is_float:
            return np.asarray(self.samples, np.float32)
        return np.asarray(self.samples.astype(np.float64) / 2.0 ** (self.bits - 1), np.float32)


def cut(path: Path, start: int, stop: int, reading: Reading = AS_TOLD) -> Cut:
    """Read frames ``[start, stop)`` of a file (cut at its ends) as they are in it.

    Parameters
    ----------
    reading
        How files are read that do not tell, or have more channels than are wanted.

    Raises
    ------
    SoundFileError
        If it cannot be read.
    """
    info = probe(path, reading)
    computed = info.pick is not None and info.pick.is_mean
    kept = None if computed else _DEPTHS.get(info.subtype)
    kind, wider, bits = kept or ("float32", 0, 32)
    found = read_range(info, start, stop, kind)
    return Cut(found >> wider if wider else found, info.rate, bits, kept is not None)


def wav_bytes(sound: Cut) -> bytes:
    """Return a WAV file of these samples; the same samples give the same bytes."""
    frames, channels = sound.samples.shape
    data = _packed(sound)
    width = sound.bits // 8
    tag = _FLOAT if sound.is_float else _PCM
    form = struct.pack(
        "<HHIIHH", tag, channels, sound.rate, sound.rate * channels * width, channels * width, sound.bits
    )
    chunks = [(b"fmt ", form)]
    if sound.is_float:
        # The standard wants the number of frames beside whatever is no PCM.
        chunks = [(b"fmt ", form + struct.pack("<H", 0)), (b"fact", struct.pack("<I", frames))]
    chunks.append((b"data", data))
    body = b"".join(
        name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
        for name, content in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def _packed(sound: Cut) -> bytes:
    samples = sound.samples
    if sound.is_float:
        return samples.astype(f"<f{sound.bits // 8}").tobytes()
    if sound.bits == 8:
        return (samples.astype(np.int16) + 128).astype(np.uint8).tobytes()
    if sound.bits == 24:
        four = np.ascontiguousarray(samples, "<i4").view(np.uint8).reshape(-1, 4)
        return four[:, :3].tobytes()
    return samples.astype(f"<i{sound.bits // 8}").tobytes()
