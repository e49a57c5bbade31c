"""A player whose clock is the test, and small panels made of generated speech-like sound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gaplisten.panel.build import build
from gaplisten.panel.definition import PanelDefinition, parse_definition
from gaplisten.panel.selection import Places
from gaplisten.panel.session import Session
from kit.challenge import write_versions

RATE = 16000


class NoConcealers:
    """These panels use files only."""

    def describe(self, concealer: str, parameters: object) -> Any:
        raise AssertionError(concealer)

    def conceal(self, *arguments: object) -> Any:
        raise AssertionError(arguments)


def clips_folder(folder: Path, names: Sequence[str] = ("kestrel", "heron"), seconds: float = 0.6) -> Path:
    """Write references, lossy files, traces and one condition called "quuxnet"."""
    draw = np.random.default_rng(7)
    frames = round(seconds * RATE)
    for name in names:
        tone = 0.2 * np.sin(2 * np.pi * 220 * np.arange(frames) / RATE) + 0.02 * draw.standard_normal(frames)
        clean = np.round(tone * 32767) / 32768
        lost = np.zeros(-(-frames // 320), bool)
        lost[5:8] = True
        lossy = np.where(np.repeat(lost, 320)[:frames], 0, clean)
        model = np.where(np.repeat(lost, 320)[:frames], clean * 0.5, clean)
        write_versions(folder, name, {"clean": clean, "lossy_signals": lossy, "quuxnet": model}, lost)
    return folder


def definition(method: str, more: str = "", conditions: str | None = None) -> PanelDefinition:
    """Return a small panel's definition."""
    made = (
        conditions
        or '[[condition]]\nname = "zilch"\nlossy = true\n[[condition]]\nname = "quuxnet"\nfiles = "quuxnet"\n'
    )
    text = f'title = "A test"\nmethod = "{method}"\nseed = 5\n{more}\n[clips]\nfolders = ["clips"]\n{made}'
    return parse_definition(text)


def built(folder: Path, made: PanelDefinition) -> Path:
    """Build a panel over generated clips; return its folder."""
    clips_folder(folder / "clips")
    out = folder / "panel"
    build(made, out, NoConcealers(), places=Places(folder))
    return out


def take(folder: Path, name: str, scores: dict[str, int], leave_open_after: int | None = None) -> Session:
    """Let a listener take a whole panel, rating each condition with its score; nothing is played."""
    session = Session.open(folder, name)
    done = 0
    while session.trial is not None and done != leave_open_after:
        frames = session.state.frames
        for slot in range(len(session.trial.slots)):
            session.started(slot)
            session.heard(slot, 0, frames)
        condition = session._todo[0].condition
        assert session.rate(scores[condition]) is None
        assert session.next() is None
        done += 1
    if leave_open_after is None:
        session.close()
    return session
