"""A panel's sounds for browsers: each one resampled once to 48 kHz, kept beside the frozen ones, hashed.

A browser would resample by itself, silently, each in its own way, some by joining samples with straight
lines. What was frozen, and its manifest, stay as they are: a panel may get these sounds at any time, sessions
that are running included.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from weakref import WeakValueDictionary

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gaplisten.audio.resample import resample
from gaplisten.durable.files import write_whole
from gaplisten.durable.folders import whole_folder
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.panel.build import wave_bytes
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.safety import LARGEST_KEY, LARGEST_STIMULUS, UntrustedPanel, inside, read_limited

WEB_RATE: Final = 48_000
WEB, LIST = "web", "list.json"
_MARK = slice(46, 78)  # where `wave_bytes` puts a mark of 32 bytes
_SAMPLES = 98  # where it puts the samples then
_PIECE = 32 * 2**10  # samples that are sent at once
_AGAIN = f"delete the folder {WEB}: it is made again"


class NoWebSounds(GaplistenError):  # noqa: N818 - reads as the fact it is
    """Sounds for browsers that cannot be made."""


class _Listed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    panel_sha256: str
    rate: Literal[48_000] = WEB_RATE
    resampler: str = Field(max_length=200)
    sha256: dict[str, str] = Field(max_length=500_000)


@dataclass(frozen=True)
class WebSound:
    """One stimulus, as a 32-bit float WAV file at `WEB_RATE`."""

    data: bytes

    def as_sent(self, gain: float) -> Iterator[bytes]:
        """Yield it in pieces as it may leave the machine: with its gain, never the same bytes twice.

        A number beside the sound would tell clips from each other, and checks from the test, without the
        sound. Two listeners who compare what they got find out no more than their ears, or an analysis of the
        sounds, tell them. The pieces are as long as `data` together; each is made when it is wanted, so that
        nobody who takes them slowly has a whole sound of their own in memory.

        Parameters
        ----------
        gain
            The clip's one gain, linear.
        """
        mark = os.urandom(_MARK.stop - _MARK.start)
        yield self.data[: _MARK.start] + mark + self.data[_MARK.stop : _SAMPLES]
        samples = np.frombuffer(self.data, "<f4", offset=_SAMPLES)
        for at in range(0, len(samples), _PIECE):
            yield (samples[at : at + _PIECE] * np.float32(gain)).tobytes()


@dataclass(frozen=True)
class WebSounds:
    """The sounds of a panel at `WEB_RATE`, verified when read.

    Parameters
    ----------
    resampler
        What made them, with its version.
    sha256
        Of each stimulus' file, by its code.
    """

    panel: FrozenPanel
    resampler: str
    sha256: Mapping[str, str]
    _held: WeakValueDictionary[str, WebSound] = field(
        default_factory=WeakValueDictionary, repr=False, compare=False
    )

    def read(self, code: str) -> bytes:
        """Return a stimulus as a 32-bit float WAV file at `WEB_RATE`.

        Raises
        ------
        UntrustedPanel
            If it is missing, a link, or not what was made.
        """
        path = inside(self.panel.folder, f"{WEB}/{code}.wav")
        data = read_limited(path, LARGEST_STIMULUS, "sound for browsers", below=1)
        if hashlib.sha256(data).hexdigest() != self.sha256.get(code):
            raise UntrustedPanel(str(path), "the sound is not the one that was made", _AGAIN)
        return data

    def to_send(self, code: str) -> WebSound:
        """Return a stimulus, once in memory for all who take it at this moment.

        Raises
        ------
        UntrustedPanel
            As `read`.
        """
        # Read and hashed each time: how long that takes must not tell who takes the same one now.
        return self._held.setdefault(code, WebSound(self.read(code)))


def _made_with() -> str:
    return f"soxr VHQ, python-soxr {importlib.metadata.version('soxr')}"


def web_sounds(panel: FrozenPanel) -> WebSounds | None:
    """Return a panel's sounds for browsers; None where they were not made yet.

    Raises
    ------
    UntrustedPanel
        If what is there is not this panel's, or not whole.
    """
    path = inside(panel.folder, f"{WEB}/{LIST}")
    if not path.parent.exists():
        return None
    try:
        listed = _Listed.model_validate_json(read_limited(path, LARGEST_KEY, "list of sounds", below=1))
    except ValidationError as error:
        raise UntrustedPanel(str(path), "this is no list of sounds for browsers", _AGAIN) from error
    if listed.panel_sha256 != panel.sha256:
        raise UntrustedPanel(str(path), "it belongs to another panel", _AGAIN)
    if set(listed.sha256) != set(panel.key.by_code):
        raise UntrustedPanel(str(path), "it does not name every stimulus", _AGAIN)
    return WebSounds(panel, listed.resampler, listed.sha256)


def with_web_sounds(panel: FrozenPanel, job: Job | None = None) -> WebSounds:
    """Return a panel's sounds for browsers, made first where they are missing: all of them or none.

    Raises
    ------
    UntrustedPanel
        If a stimulus is not the one that was built, or what is there is another panel's.
    NoWebSounds
        If they cannot be written.
    JobCancelled
        If the job was.
    """
    found = web_sounds(panel)
    if found is None:
        try:
            with whole_folder(panel.folder / WEB, NoWebSounds) as part:
                _make(panel, part, job or Job())
        except NoWebSounds as error:
            found = web_sounds(panel)  # another server was quicker: its are as good
            if found is None:
                fact = f"the sounds for browsers cannot be made: {error.fact}"
                way_out = "allow writing into the panel's folder, or make room"
                raise NoWebSounds(error.thing, fact, way_out) from error
    found = found or web_sounds(panel)
    assert found is not None
    return found


def _make(panel: FrozenPanel, part: Path, job: Job) -> None:
    made: dict[str, str] = {}
    # In the order of their codes, which is none, and with no times: directory and clock tell no tale.
    codes = sorted(panel.key.by_code)
    for done, code in enumerate(codes):
        job.check(done / len(codes), "resampling for browsers")
        mark = hashlib.sha256(f"{panel.key.secret}\x1f{WEB}\x1f{code}".encode()).digest()
        data = wave_bytes(resample(panel.read(code), WEB_RATE), mark)
        made[code] = hashlib.sha256(data).hexdigest()
        # What can be made again, and is checked when read, need not wait for the disk.
        write_whole(part / f"{code}.wav", data, sync=False)
        os.utime(part / f"{code}.wav", (0, 0))
    listed = _Listed(panel_sha256=panel.sha256, resampler=_made_with(), sha256=made)
    write_whole(part / LIST, json.dumps(listed.model_dump(), indent=0) + "\n")
