"""A built panel folder: opened, verified, and read without trust."""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.jobs import Job
from gaplisten.panel.columns import Truth
from gaplisten.panel.definition import PanelDefinition
from gaplisten.panel.design.items import trial_count
from gaplisten.panel.key import Key, StimulusKey, open_key
from gaplisten.panel.parts import MOST_TRIALS, REFERENCE
from gaplisten.panel.safety import (
    LARGEST_DEFINITION,
    LARGEST_KEY,
    LARGEST_STIMULUS,
    UntrustedPanel,
    inside,
    read_limited,
)
from gaplisten.panel.scales import Scale

MANIFEST, KEY, STIMULI, RATINGS = "panel.json", "key.bin", "stimuli", "ratings"


def stimulus_name(code: str) -> str:
    """Return a stimulus' path inside the panel's folder."""
    return f"{STIMULI}/{code}.wav"


@dataclass(frozen=True)
class FrozenPanel:
    """A panel folder whose key was read; stimuli are verified when read, or all at once by `verify`."""

    folder: Path
    key: Key

    @property
    def definition(self) -> PanelDefinition:
        """What the panel's maker wrote."""
        return self.key.definition

    @cached_property
    def scales(self) -> Mapping[str, Scale]:
        """The wording of each scale, as listeners see it."""
        return self.definition.scales()

    @cached_property
    def heard(self) -> dict[tuple[object, ...], Truth]:
        """What lay behind votes that were read already; filled by who unseals them."""
        return {}

    @cached_property
    def references(self) -> frozenset[str]:
        """Names behind which the reference lies."""
        return frozenset({REFERENCE, *(one.name for one in self.definition.condition if one.reference)})

    @property
    def sha256(self) -> str:
        """Hash of the whole panel, stimuli included."""
        return self.key.sha256

    @property
    def salt(self) -> str:
        """What pseudonyms are drawn with: without the key it tells nothing."""
        return self.key.trial_salt

    @property
    def ratings(self) -> Path:
        """The folder that sessions write to unless told otherwise."""
        return self.folder / RATINGS

    def talker(self, clip: str) -> tuple[str, str]:
        """Return who talks in a clip, and the sex; empty texts where nobody said so."""
        known = self.key.clip_of.get(clip)
        return (known.talker, known.sex) if known else ("", "")

    def stimulus_bytes(self, code: str) -> bytes:
        """Return a stimulus file, verified against its hash.

        Raises
        ------
        UntrustedPanel
            If it is missing, a link, too large, or not what was built.
        """
        wanted = self._wanted(code)
        path = inside(self.folder, stimulus_name(code))
        data = read_limited(path, LARGEST_STIMULUS, "stimulus", below=1)
        if hashlib.sha256(data).hexdigest() != wanted.sha256:
            fact = "the stimulus is not the one that was built (its SHA-256 differs)"
            raise UntrustedPanel(str(path), fact, "copy or build the panel again")
        return data

    def _wanted(self, code: str) -> StimulusKey:
        try:
            return self.key.by_code[code]
        except KeyError:
            fact = f"the panel has no stimulus {code[:20]!r}"
            raise UntrustedPanel(str(self.folder), fact, "copy or build the panel again") from None

    def read(self, code: str) -> Signal:
        """Return a stimulus' samples, bit-exact as built; the clip's gain is not applied."""
        return self.decode(code, self.stimulus_bytes(code))

    def decode(self, code: str, data: bytes) -> Signal:
        """Return the samples of a stimulus from its file's bytes (`stimulus_bytes`)."""
        import soundfile

        try:
            with soundfile.SoundFile(io.BytesIO(data)) as sound:
                # Before memory is asked for: a few bytes can promise any number of samples.
                self._check_form(code, (sound.frames, sound.channels), sound.samplerate)
                rate = int(sound.samplerate)
                samples = sound.read(dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, RuntimeError) as error:
            raise UntrustedPanel(
                stimulus_name(code), f"it is no sound: {error}", "build the panel again"
            ) from error
        self._check_form(code, samples.shape, rate)
        if not np.isfinite(samples).all():
            raise UntrustedPanel(
                stimulus_name(code), "it has samples that are not finite", "build the panel again"
            )
        return Signal(samples, rate)

    def _check_form(self, code: str, shape: tuple[int, ...], rate: int) -> None:
        """Refuse what would be no equal of its neighbours in a trial, or does not fit into memory."""
        clip = self.key.clip_of.get(self.key.by_code[code].clip)
        if clip is not None and (*shape, rate) != (clip.frames, clip.channels, clip.rate):
            fact = "its length, channels or rate are not the clip's form"
            raise UntrustedPanel(stimulus_name(code), fact, "build the panel again")
        if math.prod(shape) > LARGEST_STIMULUS:
            fact = f"it promises {math.prod(shape):,} samples"
            raise UntrustedPanel(stimulus_name(code), fact, "do not use this panel")

    def verify(self, job: Job | None = None) -> None:
        """Read every stimulus and compare its hash.

        Raises
        ------
        UntrustedPanel
            Naming the first file that is not what was built.
        """
        check: Callable[[float], Any] = job.check if job is not None else lambda _: None
        for done, one in enumerate(self.key.stimuli):
            check(done / len(self.key.stimuli))
            self.stimulus_bytes(one.code)


def _manifest(folder: Path) -> dict[str, Any]:
    path = inside(folder, MANIFEST)
    data = read_limited(path, LARGEST_DEFINITION, "panel manifest")
    try:
        said = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UntrustedPanel(
            str(path), "this is no panel manifest", "copy or build the panel again"
        ) from error
    if not isinstance(said, dict) or said.get("format") != 1:
        fact = "the manifest is of another format"
        raise UntrustedPanel(str(path), fact, "use the version of Gaplisten that built the panel")
    return said


def open_panel(folder: Path) -> FrozenPanel:
    """Open a built panel.

    Raises
    ------
    UntrustedPanel
        If the folder is no panel, or its parts do not belong together.
    """
    if not folder.is_dir():
        raise UntrustedPanel(
            str(folder), "there is no such folder", "give the folder that 'panel build' made"
        )
    said = _manifest(folder)
    path = inside(folder, KEY)
    key = open_key(read_limited(path, LARGEST_KEY, "panel key"), str(path))
    if key.sha256 != said.get("sha256"):
        fact = "manifest and key do not belong together"
        raise UntrustedPanel(str(folder), fact, "copy or build the panel again")
    if trial_count(key) > MOST_TRIALS:
        fact = f"each listener would have {trial_count(key)} trials, at most {MOST_TRIALS} are allowed"
        raise UntrustedPanel(str(folder), fact, "do not use this panel")
    return FrozenPanel(folder, key)
