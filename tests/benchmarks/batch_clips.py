"""Many clips of 10 s made from the demo speech, for benchmarks of batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gaplisten.audio.files import read_signal
from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.clips.layouts import demo_clips
from gaplisten.loss.formats import write_trace
from gaplisten.loss.models import make_trace
from gaplisten.loss.trace import apply_loss

SECONDS = 10
STRATA = ("short", "medium", "long")


def make_clips(root: Path, count: int) -> Path:
    """Write `count` lossy files with their traces as in the challenge's blind set; return their folder."""
    folder = root / "lossy_signals"
    folder.mkdir(parents=True)
    speech = [read_signal(clip.reference) for clip in demo_clips().clips if clip.reference]
    rate = speech[0].rate
    whole = np.concatenate([signal.samples for signal in speech])
    frames = SECONDS * rate
    for index in range(count):
        start = index * 7919 % whole.shape[0]
        clean = Signal(np.take(whole, range(start, start + frames), axis=0, mode="wrap"), rate)
        packet = rate // 50
        trace = make_trace("burst_stratum", frames // packet, packet, rate, index, stratum=STRATA[index % 3])
        write_signal(folder / f"{index:04}.wav", apply_loss(clean, trace))
        write_trace(folder / f"{index:04}_is_lost.txt", trace, "challenge")
    return folder
