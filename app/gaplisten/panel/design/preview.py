"""A design before it is built: the key of a panel whose sounds were not made yet."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from gaplisten import __version__
from gaplisten.audio.files import probe
from gaplisten.errors import GaplistenError
from gaplisten.panel.definition import PanelDefinition
from gaplisten.panel.key import LATEST_DESIGN, ClipKey, Key, Part, StimulusKey
from gaplisten.panel.selection import ChosenClip


def _clip(chosen: ChosenClip) -> ClipKey:
    clip = chosen.clip
    files = [clip.reference, clip.lossy, *(one.path for one in clip.conditions)]
    rate, frames = 16_000, 160_000  # ten seconds, where no header tells
    for path in files:
        if path is None:
            continue
        try:
            info = probe(path, clip.reading)
        except (GaplistenError, OSError):
            continue
        rate, frames = info.rate, max(1, info.frames)
        break
    return ClipKey(
        name=clip.name,
        stratum=chosen.stratum,
        rate=rate,
        frames=frames,
        channels=1,
        gain=1.0,
        gain_db=0.0,
        part=Part.TRAINING if chosen.training else Part.TEST,
        talker=chosen.talker.name,
        sex=chosen.talker.sex,
    )


def preview(definition: PanelDefinition, chosen: Sequence[ChosenClip]) -> Key:
    """Return a key that orders can be drawn with: what would be built, but for sounds, gains and hashes."""
    clips = [_clip(one) for one in chosen]
    stimuli = []
    for clip in clips:
        for condition, use in definition.method.sounds(definition.design):
            digest = hashlib.sha256("\x1f".join((clip.name, condition, use)).encode()).hexdigest()
            stimuli.append(
                StimulusKey(code=digest[:16], clip=clip.name, condition=condition, use=use, sha256=digest)
            )
    return Key(
        version=__version__,
        definition=definition,
        clips=clips,
        conditions=[],
        stimuli=stimuli,
        design=LATEST_DESIGN,
        secret="preview",
    )
