"""What tests of panels share: small panels of made-up sounds, and listeners who do as they are told.

Run as a program it takes a session as fast as it can: the tests that kill it need one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.loss.trace import LossTrace
from gaplisten.panel.columns import PlaybackFacts
from gaplisten.panel.definition import PanelDefinition, parse_definition
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.key import ConditionKey
from gaplisten.panel.session import Session
from gaplisten.panel.trial import WHOLE_TRIAL, Response, Trial, Vote

RATE = 8000


def make_clips(
    folder: Path, clips: int = 4, systems: tuple[str, ...] = ("one", "two"), frames: int = 3200
) -> Path:
    """Write clips in the challenge's layout: clean, lossy, a trace each, and a folder per system."""
    import soundfile

    for place in range(clips):
        tone = 0.2 * np.sin(2 * np.pi * (200 + 40 * place) * np.arange(frames) / RATE)
        packets = frames // 160
        lost = np.zeros(packets, bool)
        lost[4 : 4 + (3, 10, 16)[place % 3]] = True  # 60, 200 and 320 ms and so on
        lossy = tone * ~np.repeat(lost, 160)
        names = [("clean", tone), ("lossy_signals", lossy)]
        names += [(system, lossy + 0.001 * (at + 1)) for at, system in enumerate(systems)]
        for name, samples in names:
            (folder / name).mkdir(parents=True, exist_ok=True)
            soundfile.write(folder / name / f"c{place}.wav", samples, RATE, subtype="PCM_16")
        text = "".join(f"{int(one)}\n" for one in lost)
        (folder / "lossy_signals" / f"c{place}_is_lost.txt").write_text(text)
    return folder


class FakeRenderer:
    """Stands in for the concealers: halves the signal."""

    def describe(self, concealer: str, parameters: Mapping[str, Any]) -> ConditionKey:
        return ConditionKey(
            name=concealer, source=f"concealer {concealer}", parameters=dict(parameters), digest="d1"
        )

    def conceal(
        self,
        concealer: str,
        parameters: Mapping[str, Any],
        lossy: Signal,
        trace: LossTrace,
        reference: Signal | None,
    ) -> Signal:
        return Signal(lossy.samples * np.float32(0.5), lossy.rate)


def toml(method: str, extra: str = "", systems: tuple[str, ...] = ("one", "two"), top: str = "") -> str:
    """Return a definition over the clips of `make_clips`; `top` goes before the first table."""
    conditions = "".join(f'[[condition]]\nname = "{name}"\nfiles = "{name}"\n' for name in systems)
    return f'title = "T"\nmethod = "{method}"\n{top}\n[clips]\nfolders = ["clips"]\n{conditions}\n{extra}\n'


NO_STEPS = "[checks]\nlevel = false\n"
# What keeps panels of a method short, where it has something of its own that could be long.
SHORT = {"mushra": '[mushra]\nanchors = ["lossy"]\n', "abx": "[abx]\ntrials = 2\n"}


def make_panel(
    base: Path,
    method: str = "acr",
    extra: str = NO_STEPS,
    *,
    clips: int = 4,
    systems: tuple[str, ...] = ("one", "two"),
    top: str = "",
    frames: int = 3200,
    out: str = "panel",
    secret: str | None = None,
    talkers: str = "",
) -> FrozenPanel:
    """Build a small panel in `base`."""
    # Not at the top: the program below starts faster without.
    from gaplisten.panel.build import build
    from gaplisten.panel.selection import Places

    if not (base / "clips").exists():
        make_clips(base / "clips", clips, systems, frames)
    text = toml(method, extra, systems, top)
    if talkers:
        text = text.replace("[clips]\n", f'[clips]\ntalkers = "{talkers}"\n')
    definition: PanelDefinition = parse_definition(text)
    return build(definition, base / out, FakeRenderer(), places=Places(base), secret=secret)


def play_step(session: Session) -> None:
    """Play the sounds of the current step to their ends."""
    for which, sound in enumerate(session.step_sounds()):
        session.step_heard(which, 0, sound.frames)


def listen(session: Session, *, end: bool = True) -> None:
    """Play every slot of the current trial, whole or for a moment."""
    trial = session.trial
    assert trial is not None
    for slot in range(len(trial.slots)):
        session.started(slot)
        session.heard(slot, 0, session.state.frames if end else 200)
    session.stopped()


def some_vote(trial: Trial, session: Session) -> Vote:
    """Return a vote that depends on the trial only."""
    values = [value for value, _ in session.scale.labels]
    return values[trial.number % len(values)]


def vote(session: Session, choose: Callable[[Trial, int], Vote] | None = None) -> None:
    """Give every vote that the current trial wants."""
    trial = session.trial
    assert trial is not None
    if not trial.rated_slots:
        for scale in trial.scales:
            if scale != trial.scales[0] and trial.hear_each:
                listen(session)
            given = choose(trial, WHOLE_TRIAL) if choose else some_vote(trial, session)
            assert session.rate(given, scale=scale) is None
        return
    if trial.response is Response.PLACES:
        order = list(trial.rated_slots)
        if choose:
            order.sort(key=lambda slot: choose(trial, slot), reverse=True)
        for left, slot in zip(range(len(order), 1, -1), order, strict=False):
            assert session.rate(left, slot) is None
        return
    for slot in trial.rated_slots:
        session.switched(slot)
        default: Vote = 60 + slot if trial.response is Response.SLIDERS else 3.5
        assert session.rate(choose(trial, slot) if choose else default, slot) is None


def take(
    session: Session, trials: int | None = None, choose: Callable[[Trial, int], Vote] | None = None
) -> int:
    """Take so many trials (all by default); return how many were taken."""
    done = 0
    while session.trial is not None and (trials is None or done < trials):
        listen(session)
        vote(session, choose)
        assert session.next(PlaybackFacts("Test device", 48000, 0, 23.0)) is None
        done += 1
    return done


def saved_rows(panel: FrozenPanel, ratings: Path | None = None) -> list[dict[str, str]]:
    """Return what all sessions hold, as the program reads it."""
    from gaplisten.panel.session_files import read_session

    return [
        row for path in (ratings or panel.ratings).glob("*.csv") for row in read_session(panel, path).rows
    ]


def unsealed_file(panel: FrozenPanel) -> Path:
    """Fill clip and condition into the file of the only session, and return it."""
    from gaplisten.panel.unsealing import unseal

    assert unseal(panel).problems == ()
    (path,) = panel.ratings.glob("*.csv")
    return path


def _main(folder: str, listener: str) -> None:
    with Session.open(Path(folder), listener) as session:
        print("open", flush=True)
        while session.trial is not None:
            trial = session.trial
            listen(session)
            vote(session)
            session.next()
            # Said only after `next` returned: from here on this trial counts as left.
            print(trial.number, flush=True)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2])
