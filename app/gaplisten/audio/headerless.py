"""Bare samples without a header: what their names tell, what the user has to say, and whether that can be."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gaplisten.audio.g711 import a_law, mu_law
from gaplisten.errors import GaplistenError
from gaplisten.untrusted import open_file

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Encoding:
    """How one bare sample is written.

    Parameters
    ----------
    subtype, endian
        In libsndfile's words.
    width
        Bytes of a sample.
    kind
        What numpy calls it; empty for what numpy does not know.
    """

    subtype: str
    endian: str
    width: int
    kind: str = ""


ENCODINGS = {
    "s16le": Encoding("PCM_16", "LITTLE", 2, "<i2"),
    "s16be": Encoding("PCM_16", "BIG", 2, ">i2"),
    "f32le": Encoding("FLOAT", "LITTLE", 4, "<f4"),
    "f32be": Encoding("FLOAT", "BIG", 4, ">f4"),
    "s24le": Encoding("PCM_24", "LITTLE", 3),
    "s24be": Encoding("PCM_24", "BIG", 3),
    "s32le": Encoding("PCM_32", "LITTLE", 4, "<i4"),
    "s32be": Encoding("PCM_32", "BIG", 4, ">i4"),
    "f64le": Encoding("DOUBLE", "LITTLE", 8, "<f8"),
    "f64be": Encoding("DOUBLE", "BIG", 8, ">f8"),
    "s8": Encoding("PCM_S8", "FILE", 1, "i1"),
    "u8": Encoding("PCM_U8", "FILE", 1, "u1"),
    "ulaw": Encoding("ULAW", "FILE", 1),
    "alaw": Encoding("ALAW", "FILE", 1),
}
_ALIASES = {
    "s16": "s16le", "i16": "s16le", "int16": "s16le", "sw": "s16le", "f32": "f32le", "float32": "f32le",
    "s24": "s24le", "s32": "s32le", "int32": "s32le", "f64": "f64le", "float64": "f64le",
    "int8": "s8", "uint8": "u8", "mulaw": "ulaw", "pcmu": "ulaw", "pcma": "alaw",
}  # fmt: skip
# What suffixes say of the samples; those that say nothing stand here, too.
_TOLD: dict[str, str] = {
    **{f".{name}": name for name in ENCODINGS},
    **{
        f".{name}": _ALIASES[name]
        for name in ("s16", "sw", "f32", "s24", "s32", "f64", "mulaw", "pcmu", "pcma")
    },
    ".ul": "ulaw", ".al": "alaw", ".le": "s16le", ".be": "s16be",
    ".pcm": "", ".raw": "", ".inp": "", ".out": "", ".src": "",
}  # fmt: skip
_RATES = {".8k": 8000, ".12k": 12000, ".16k": 16000, ".24k": 24000, ".32k": 32000, ".44k": 44100,
          ".48k": 48000}  # fmt: skip
BARE_SUFFIXES = frozenset(_TOLD) | frozenset(_RATES)
"""Suffixes of files that are taken for bare samples."""

MOST_RATE = 768_000
_PIECES, _PIECE = 12, 48 * 256  # bytes looked at: a multiple of any frame, so that all readings begin alike
_NOISE, _SMOOTH = 0.6, 0.35  # of 1 - correlation of neighbouring samples; white noise has 1
_FINER = 0.6
_NOTHING = 1e-4  # of floats
_FAINT, _LOUD = 1e-9, 4.0
_NEAR_ZERO, _ONE_SIZE = 0.1, 1e-3  # of full scale
_SELDOM, _OFTEN = 0.01, 0.05  # of the samples
_TOO_LOUD = 16.0  # +24 dB: floats on another scale, or no floats
_FEW = 256


class RawError(GaplistenError):
    """Bare samples that cannot be as somebody says."""


@dataclass(frozen=True)
class RawFormat:
    """What a header would say.

    Parameters
    ----------
    rate
        In Hz.
    encoding
        A key of `ENCODINGS`.
    """

    rate: int
    encoding: str = "s16le"
    channels: int = 1

    def __str__(self) -> str:
        """Return it as an option takes it: ``16000,s16le,1``."""
        return f"{self.rate},{self.encoding},{self.channels}"

    @property
    def frame(self) -> int:
        """Bytes of a frame."""
        return ENCODINGS[self.encoding].width * self.channels

    @property
    def words(self) -> str:
        """It in words."""
        return f"{self.rate} Hz, {self.encoding}, {'stereo' if self.channels == 2 else 'mono'}"

    def of(self, path: Path) -> RawFormat:
        """Return it for one file, whose suffixes may tell the rate or how samples are written."""
        rate, encoding = told_by(path)
        return replace(self, rate=rate or self.rate, encoding=encoding or self.encoding)


def told_by(path: Path) -> tuple[int | None, str | None]:
    """Return the rate (Hz) and the encoding that a file's suffixes tell, ``x.16k.sw``; None for neither.

    >>> told_by(Path("speech.48k"))
    (48000, None)
    >>> told_by(Path("f1.16k.sw"))
    (16000, 's16le')
    """
    rate = encoding = None
    for suffix in path.suffixes:
        rate = _RATES.get(suffix.lower(), rate)
        encoding = _TOLD.get(suffix.lower()) or encoding
    return rate, encoding


def is_bare(path: Path) -> bool:
    """Whether a file's name says that it has no header."""
    return path.suffix.lower() in BARE_SUFFIXES


def parse_raw(text: str) -> RawFormat:
    """Return what ``RATE,ENCODING[,CHANNELS]`` says.

    Raises
    ------
    RawError
        If it says something else.

    >>> parse_raw("16k,s16,1")
    RawFormat(rate=16000, encoding='s16le', channels=1)
    """
    words = [word.strip().lower() for word in text.split(",")]
    if not 2 <= len(words) <= 3:
        raise RawError(f"--raw {text}", "is not RATE,ENCODING[,CHANNELS]", "write it as 16000,s16le,1")
    encoding = _ALIASES.get(words[1], words[1])
    if encoding not in ENCODINGS:
        known = ", ".join(ENCODINGS)
        raise RawError(f"--raw {text}", f"there is no encoding {words[1]!r}", f"use one of {known}")
    rate, channels = _rate(words[0]), words[2] if len(words) == 3 else "1"
    if rate is None:
        raise RawError(f"--raw {text}", f"{words[0]!r} is no rate in Hz", "write it as 16000,s16le,1")
    if channels not in ("1", "2"):
        raise RawError(f"--raw {text}", f"{channels!r} channels cannot be used", "use 1 or 2")
    return RawFormat(rate, encoding, int(channels))


def _rate(word: str) -> int | None:
    number = word.removesuffix("hz").strip()
    if (told := _RATES.get(f".{number}")) is not None:
        return told
    rate = int(number) if number.isascii() and number.isdigit() and len(number) < 8 else 0
    return rate if 1000 <= rate <= MOST_RATE else None


# -- whether it can be --------------------------------------------------------


def check_bare(path: Path, raw: RawFormat) -> tuple[str, ...]:
    """Look at a file's samples as `raw` has them, in pieces from all over it.

    Returns
    -------
    notes
        What is odd, though no other reading is better.

    Raises
    ------
    RawError
        If the file holds no whole number of frames, or another reading is plainly the right one: bytes turned
        round, floats taken for integers, two channels for one and the other way about.
    OSError
        If the file cannot be read.
    """
    size = path.stat().st_size
    data = _pieces(path, size)
    others = [other for other in _dividing(size, raw) if other != raw]
    if size % raw.frame:
        fact = f"has {size:,} bytes, which are no whole frames of {raw.frame} bytes ({raw.words})"
        better = _smoothest(data, others)
        raise RawError(str(path), fact, _way_out(path, raw, better) or "get a whole copy of it")
    if not any(any(piece) for piece in data):
        return ("all that was looked at of it is zero",)
    found = _look(data, raw)
    if found.impossible or found.rough > _NOISE:
        better = _smoothest(data, others)
        what = found.impossible or "is noise from sample to sample"
        if better is not None or found.impossible:
            way_out = _way_out(path, raw, better) or "say its true encoding"
            raise RawError(str(path), f"read as {raw.words}, {what}", way_out)
        return (f"read as {raw.words}, it is noise from sample to sample: is that its encoding?",)
    if (floats := _floats(data, raw, others)) is not None:
        raise RawError(str(path), f"read as {raw.words}, it holds floats", _way_out(path, raw, floats))
    channels = _other_channels(data, raw)
    if channels is not None and (other := replace(raw, channels=channels)) in others:
        what = "every other sample belongs to a second channel" if channels == 2 else "it is one channel"
        better = _finer(data, other, others, found.rough) or other
        raise RawError(str(path), f"read as {raw.words}, {what}", _way_out(path, raw, better))
    if (finer := _finer(data, raw, others, found.rough)) is not None:
        fact = f"read as {raw.words}, it is rough: there is a smoother reading"
        raise RawError(str(path), fact, _way_out(path, raw, finer))
    if (halves := _halves(data, raw, others)) is not None:
        fact = f"read as {raw.words}, each sample holds two"
        raise RawError(str(path), fact, _way_out(path, raw, halves))
    return ()


def guess_bare(path: Path) -> RawFormat | None:
    """Return how a file's bytes look most like sound, at a rate that says nothing; None if in no way.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    size = path.stat().st_size
    data, every = _pieces(path, size), _dividing(size, RawFormat(16000))
    floats = _floats(data, RawFormat(16000), every)
    return floats or _smoothest(data, every)


def _finer(data: list[bytes], raw: RawFormat, others: list[RawFormat], rough: float) -> RawFormat | None:
    """Return a much smoother reading by samples no wider: wider ones leave some out."""
    narrower = [each for each in others if each.channels == raw.channels and each.frame <= raw.frame]
    found = _smoothest(data, [each for each in narrower if each != raw])
    return found if found is not None and _look(data, found).rough < _FINER * rough else None


def _halves(data: list[bytes], raw: RawFormat, others: list[RawFormat]) -> RawFormat | None:
    """Return two channels of 16 bits that pass for one of 32: there the lower half is noise, or nothing."""
    half = replace(raw, encoding=raw.encoding.replace("32", "16"), channels=2)
    if raw.channels == 2 or not raw.encoding.startswith("s32") or half not in others:
        return None
    both = all(samples.any(axis=0).all() for samples in _frames(data, half) if samples.any())
    return half if both and _look(data, half).rough < _SMOOTH else None


def _floats(data: list[bytes], raw: RawFormat, others: list[RawFormat]) -> RawFormat | None:
    """Return the floats that a file holds beyond doubt: other bytes seldom have such exponents."""
    if _is_float(raw):
        return None
    plausible = [each for each in others if _is_float(each) and _has_usual_sizes(data, each)]
    return min(plausible, key=lambda each: _look(data, each).rough, default=None)


def _is_float(raw: RawFormat) -> bool:
    return ENCODINGS[raw.encoding].subtype in ("FLOAT", "DOUBLE")


def _has_usual_sizes(data: list[bytes], raw: RawFormat) -> bool:
    size = np.abs(np.concatenate([samples.ravel() for samples in _frames(data, raw)]))
    near = np.count_nonzero((size > _FAINT) & (size < _LOUD))
    return bool(near > max(0.99 * np.count_nonzero(size), 0.1 * size.size))


def _way_out(path: Path, raw: RawFormat, better: RawFormat | None) -> str:
    """Return what to say instead; where the file's own suffix is belied, that only a new name helps."""
    if better is None:
        return ""
    rate, encoding = told_by(path)
    if encoding is not None and better.encoding != encoding:
        return f"{better.encoding} fits: rename it to end with .{better.encoding}"
    return f"it would fit as {replace(better, rate=rate or raw.rate)}"


def _dividing(size: int, raw: RawFormat) -> list[RawFormat]:
    """Return readings of which the file holds whole frames, the commonest first."""
    every = [
        RawFormat(raw.rate, encoding, channels)
        for encoding in ENCODINGS
        for channels in (raw.channels, 3 - raw.channels)
    ]
    return [each for each in every if size % each.frame == 0]


def _pieces(path: Path, size: int) -> list[bytes]:
    """Return pieces from all over a file, each of whole frames of any reading."""
    places = max(size // _PIECE, 1)
    chosen = range(places) if places <= _PIECES else [i * places // _PIECES for i in range(_PIECES)]
    with open_file(path) as file:
        found = []
        for place in chosen:
            file.seek(place * _PIECE)
            found.append(file.read(_PIECE))
    return found


@dataclass(frozen=True)
class _Look:
    """How rough a reading is (0 smooth, 1 white noise), and why it cannot be, if it cannot."""

    rough: float
    impossible: str = ""


def _look(data: list[bytes], raw: RawFormat) -> _Look:
    steps, power = np.zeros(raw.channels), np.zeros(raw.channels)
    peak = 0.0
    sides = np.zeros(3)  # samples below, near and above zero, but for exact zeros: those were lost
    sizes = (math.inf, 0.0)
    for samples in _frames(data, raw):
        if not len(samples):
            continue
        if not np.isfinite(samples).all():
            return _Look(math.inf, "has samples that are no numbers")
        peak = max(peak, float(np.abs(samples).max(initial=0.0)))
        if peak > _TOO_LOUD:
            scale = ", as floats that were integers and have to be divided by 32768" if _is_float(raw) else ""
            return _Look(math.inf, f"reaches {20 * math.log10(peak):.0f} dB beyond full scale{scale}")
        heard = samples[samples != 0]
        size = np.abs(heard)
        below, near = np.count_nonzero(heard < -_NEAR_ZERO), np.count_nonzero(size <= _NEAR_ZERO)
        sides += (below, near, heard.size - below - near)
        sizes = (
            min(sizes[0], float(size.min(initial=math.inf))),
            max(sizes[1], float(size.max(initial=0.0))),
        )
        centred = samples - samples.mean(axis=0)
        steps += (np.diff(centred, axis=0) ** 2).sum(axis=0)
        power += (centred**2).sum(axis=0)
    if _is_float(raw) and peak < _NOTHING:
        return _Look(math.inf, "is next to nothing")
    apart = sides[1] < _SELDOM * sides.sum() and min(sides[0], sides[2]) > _OFTEN * sides.sum()
    if apart and sizes[1] - sizes[0] > _ONE_SIZE:  # which a square wave has
        return _Look(math.inf, "is on both sides of zero and never near it (unsigned samples, or floats)")
    return _Look(float((steps[power > 0] / (2 * power[power > 0])).max(initial=0.0)))


def _smoothest(data: list[bytes], readings: list[RawFormat]) -> RawFormat | None:
    """Return the reading that looks most like sound, the commonest of several, or None."""
    looks = [(raw, look.rough) for raw in readings if not (look := _look(data, raw)).impossible]
    fitting = [(raw, rough) for raw, rough in looks if 0 < rough < _SMOOTH]
    if not fitting:
        return None
    best = min(rough for _, rough in fitting)
    near = [raw for raw, rough in fitting if rough <= 1.2 * best]
    return next((raw for raw in near if _other_channels(data, raw) is None), near[0])


def _other_channels(data: list[bytes], raw: RawFormat) -> int | None:
    """Return how many channels there really are; None where nothing speaks against `raw`."""
    if raw.channels == 1:
        near = sum(float((np.diff(x[:, 0]) ** 2).sum()) for x in _frames(data, raw))
        far = sum(float(((x[2:, 0] - x[:-2, 0]) ** 2).sum()) for x in _frames(data, raw)) or 1e-30
        pairs = [x[: len(x) // 2 * 2, 0].reshape(-1, 2) for x in _frames(data, raw)]
        inner = sum(float(((pair[:, 1] - pair[:, 0]) ** 2).sum()) for pair in pairs)
        outer = sum(float(((pair[1:, 0] - pair[:-1, 1]) ** 2).sum()) for pair in pairs)
        # Two channels: steps from one to the other are unlike those back, or larger than steps of two.
        lopsided = inner < 0.25 * outer or outer < 0.25 * inner
        smooth = _look(data, replace(raw, channels=2)).rough < _SMOOTH
        return 2 if outer + inner > 0 and smooth and (lopsided or near > 2 * far) else None
    inner = sum(float(((x[:, 1] - x[:, 0]) ** 2).sum()) for x in _frames(data, raw))
    outer = sum(float(((x[1:, 0] - x[:-1, 1]) ** 2).sum()) for x in _frames(data, raw))
    far = sum(float((np.diff(x[:, 0]) ** 2).sum()) for x in _frames(data, raw))
    alike = 0.8 * inner < outer < 1.25 * inner
    return 1 if alike and inner < 0.6 * far else None


def _frames(data: list[bytes], raw: RawFormat) -> Iterator[_Floats]:
    """Yield each piece as frames, full scale ±1.0, shape ``(frames, channels)``."""
    for piece in data:
        whole = piece[: len(piece) // raw.frame * raw.frame]
        if len(whole) >= _FEW * raw.frame or len(data) == 1:
            with np.errstate(all="ignore"):
                yield _decoded(whole, raw.encoding).reshape(-1, raw.channels)


def _decoded(data: bytes, encoding: str) -> _Floats:
    form = ENCODINGS[encoding]
    if form.subtype == "PCM_24":
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        triples = np.frombuffer(data, np.uint8).reshape(-1, 3)
        wide[:, 1:] = triples if form.endian == "LITTLE" else triples[:, ::-1]
        return wide.view("<i4")[:, 0] / 2.0**31
    if form.subtype in ("ULAW", "ALAW"):
        codes = np.frombuffer(data, np.uint8)
        return (_MU if form.subtype == "ULAW" else _A)[codes]
    found = np.frombuffer(data, form.kind)
    if found.dtype.kind == "f":
        return found.astype(np.float64)
    scale = 2.0 ** (8 * form.width - 1)
    return (found.astype(np.float64) - (128.0 if form.subtype == "PCM_U8" else 0.0)) / scale


_MU, _A = mu_law() / 32768.0, a_law() / 32768.0
