"""The bundled demo speech."""

from __future__ import annotations

from dataclasses import replace

from gaplisten.clips.clip import ClipSet
from gaplisten.clips.layouts import find_clips
from gaplisten.folders import resources


def demo_clips() -> ClipSet:
    """Return the demo's clips: our own synthesised speech with short, medium and long bursts."""
    return replace(find_clips([resources() / "demo"]), title="Demo speech")
