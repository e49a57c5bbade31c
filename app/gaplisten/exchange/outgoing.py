"""A built panel's sounds for other tools: 48 kHz, two channels, opaque names, and the key to them."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.durable.digests import sha256_of
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.imported import Source
from gaplisten.panel.key import ClipKey, Part
from gaplisten.panel.parts import REFERENCE
from gaplisten.panel.planned import Use
from gaplisten.panel.web_sounds import WEB_RATE, WebSounds, with_web_sounds
from gaplisten.tables import Cell, Table, write_csv

KEY = "key.csv"
KEY_COLUMNS = ("name", "clip", "condition", "role", "stratum", "talker", "sex", "gain_db", "file", "sha256")
_LARGEST_CODE = 1 - 2**-23  # of 24-bit integers


class ExportError(GaplistenError):
    """A panel that another tool cannot take, or a folder that cannot be written."""


@dataclass(frozen=True)
class Sound:
    """A stimulus to hand over.

    Parameters
    ----------
    name
        Opaque: letters and digits, a letter first (some tools make numbers of what looks like one).
    """

    name: str
    clip: ClipKey
    condition: str
    role: str
    code: str


def opaque(panel: Source, letter: str, *what: str) -> str:
    """Return a name that tells nothing to who has no key of the panel; the same each time.

    Parameters
    ----------
    letter
        What it begins with.
    """
    text = "\x1f".join((panel.salt, "exported", letter, *what))
    return letter + hashlib.sha256(text.encode()).hexdigest()[:12]


def plain(text: str) -> str:
    """Return text without the characters that other tools' files or pages would take for their own."""
    return " ".join(re.sub(r"[\"\\<>&%+#{}\[\]`]", " ", text).split())[:200]


def test_clips(panel: FrozenPanel) -> list[ClipKey]:
    """Return the clips of the test, without those of practice and checks."""
    return [clip for clip in panel.key.clips if clip.part is Part.TEST]


def sounds_of(panel: FrozenPanel, clip: ClipKey) -> list[Sound]:
    """Return what is heard of a clip: each condition, the hidden reference and anchors among them."""
    made: dict[str, str] = {}
    for one in panel.key.stimuli:
        heard = one.clip == clip.name and one.use in (Use.TEST, Use.OPEN)
        if heard and (one.use is Use.TEST or one.condition not in made):
            made[one.condition] = one.code
    return [
        Sound(opaque(panel, "s", clip.name, name), clip, name, _role(panel, name), code)
        for name, code in made.items()
    ]


def _role(panel: FrozenPanel, condition: str) -> str:
    if condition == REFERENCE:
        return "reference"
    return "anchor" if condition in panel.definition.method.reserved else "condition"


def write_sounds(
    panel: FrozenPanel,
    clips: Mapping[str, Sequence[Sound]],
    place: Callable[[Sound], Path],
    job: Job | None = None,
    channels: int = 2,
) -> tuple[dict[str, float], list[str]]:
    """Write the panel's sounds for browsers with 24 bits, the panel's one gain of their clip in them.

    Parameters
    ----------
    clips
        The sounds of each clip, by its name.
    place
        Where a sound goes.
    channels
        How many there are at least: a single one is written to both.

    Returns
    -------
    The gain of each clip in dB, and sentences about clips that were made quieter so that nothing clips.
    """
    job, gains, said = job or Job(), {}, []
    web = with_web_sounds(panel, job)
    for done, (name, sounds) in enumerate(clips.items()):
        job.check(done / max(len(clips), 1))
        gain = sounds[0].clip.gain
        # One after another: a clip of a minute in twenty conditions does not fit into small machines.
        peak = max(float(np.abs(_samples(web, one, gain)).max(initial=0.0)) for one in sounds)
        if peak > _LARGEST_CODE:
            gain *= _LARGEST_CODE / peak
            lower = 20 * np.log10(peak / _LARGEST_CODE)
            said.append(f"{name}: {lower:.2f} dB quieter than in the panel, so that no sample clips")
        gains[name] = float(20 * np.log10(gain))
        for one in sounds:
            samples = _samples(web, one, gain)
            if samples.shape[1] < channels:
                samples = np.repeat(samples, channels, axis=1)
            target = place(one)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_signal(target, Signal(np.ascontiguousarray(samples), WEB_RATE), "PCM_24")
    return gains, said


def _samples(web: WebSounds, one: Sound, gain: float) -> np.ndarray:
    import soundfile

    samples, _ = soundfile.read(io.BytesIO(web.read(one.code)), dtype="float32", always_2d=True)
    return np.asarray(samples * np.float32(gain))


def key_row(sound: Sound, gain_db: float, folder: Path, file: str) -> tuple[Cell, ...]:
    """Return the line of the key that tells what an opaque name stands for.

    Parameters
    ----------
    folder, file
        Where it was written, and under which name there.
    """
    clip = sound.clip
    named = (sound.name, clip.name, sound.condition, sound.role, clip.stratum, clip.talker, clip.sex)
    return (*named, round(gain_db, 4), file, sha256_of(folder / file))


def page_row(name: str, clip: ClipKey) -> tuple[Cell, ...]:
    """Return the line of the key that tells which clip a page is about."""
    return (name, clip.name, "", "page", clip.stratum, clip.talker, clip.sex, None, "", "")


def write_key(folder: Path, rows: Sequence[tuple[Cell, ...]]) -> None:
    """Write the key, which stays with who runs the test."""
    write_csv(folder / KEY, Table(KEY_COLUMNS, tuple(rows)))


def left_behind(panel: FrozenPanel) -> list[str]:
    """Return what of a panel other tools do not do, as sentences."""
    definition = panel.definition
    said = [
        "orders balanced over listeners, repeats and parts of a panel stay behind: the other tool shuffles"
    ]
    if any(clip.part is not Part.TEST for clip in panel.key.clips):
        said.append("practice, checks and attention trials stay behind")
    if panel.key.steps or definition.question or definition.consent:
        said.append("consent, questions and checks before the start stay behind")
    return said
