"""How the bundled codecs sound with losses and without, and how soon a changed parameter of one is heard.

PLC-MOS v2, seeded with 23 before each call, on the scored clip: 20 ms packets, the masks and seeds of
`bench_concealers`. Times are from the request to the result in warm processes, 10 s at 20 % random loss.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from bench_concealers import MASKS, PACKET, RATE, plcmos
from figures import Figure

from gaplisten.audio.signal import Signal
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.entries import Entry
from gaplisten.concealers.errors import ConcealerFailed
from gaplisten.concealers.request import Concealed
from gaplisten.concealers.runner import Runner
from gaplisten.loss.trace import LossTrace, apply_loss
from kit.real_clips import FOLDER as DATA

NODE_MODULES = Path(__file__).resolve().parents[2] / ".venv" / "node" / "node_modules"
# Concealer, parameters, PLC-MOS at the four kinds of loss, most milliseconds for 10 s.
ROWS: tuple[tuple[str, dict[str, Any], tuple[float, ...] | None, int | None], ...] = (
    ("opus", {}, (3.63, 2.76, 3.97, 3.34), 300),
    ("opus", {"fec": True, "expected_loss": 20}, (4.02, 3.69, 3.88, 3.31), 300),
    ("opus_deep", {}, (3.96, 3.24, 4.11, 3.41), 1000),
    ("lc3", {}, (3.57, 2.75, 3.51, 2.80), 300),
    ("speex", {}, None, 300),
    ("amr_wb", {}, None, None),
)
TOLERANCE = 0.05


def measure(quick: bool = False) -> Iterator[Figure]:
    """Yield times and, where the scored clip is, how far each row is off its target."""
    path = DATA / "plc_challenge_examples" / "clean.wav"
    if not path.is_file():
        return
    if NODE_MODULES.is_dir():
        os.environ.setdefault("NODE_PATH", str(NODE_MODULES))
    clip = Signal(soundfile.read(path, dtype="float32", always_2d=True)[0][: 10 * RATE], RATE)
    catalogue = Catalogue.scan()
    with Runner(workers=2) as runner:
        for name, parameters, targets, most in ROWS:
            entry = catalogue.get(name)
            title = " ".join([name, *(f"{key}={value}" for key, value in parameters.items())])
            try:
                yield _time(runner, entry, parameters, clip, title, most)
            except ConcealerFailed as error:
                print(f"  {title}: {error.fact}")
                continue
            if not quick:
                yield from _quality(runner, entry, parameters, clip, title, targets)


def _made(
    runner: Runner, entry: Entry, parameters: dict[str, Any], clip: Signal, lost: np.ndarray
) -> Concealed:
    trace = LossTrace.of_packets(lost, PACKET, RATE)
    return runner.submit(entry, parameters, apply_loss(clip, trace), trace, reference=clip).result()


def _time(
    runner: Runner, entry: Entry, parameters: dict[str, Any], clip: Signal, title: str, most: int | None
) -> Figure:
    lost = MASKS["random 20 %"](clip.frames // PACKET, 0)
    times = []
    for _ in range(6):
        began = time.perf_counter()
        _made(runner, entry, parameters, clip, lost)
        times.append(1000 * (time.perf_counter() - began))
    return Figure(f"{title}: 10 s, warm", float(np.median(times[1:])), "ms", most)


def _quality(
    runner: Runner,
    entry: Entry,
    parameters: dict[str, Any],
    clip: Signal,
    title: str,
    targets: tuple[float, ...] | None,
) -> Iterator[Figure]:
    packets = clip.frames // PACKET
    for index, (kind, mask) in enumerate(MASKS.items()):
        made = [_made(runner, entry, parameters, clip, mask(packets, seed)) for seed in range(5)]
        got = float(np.mean([plcmos(each.signal.samples[:, 0]) for each in made]))
        yield Figure(f"{title}, {kind}", got, "MOS")
        if targets is not None:
            yield Figure(f"{title} off its row, {kind}", abs(got - targets[index]), "MOS", TOLERANCE)
    alone = _made(runner, entry, {**parameters, "loss": "none"}, clip, np.zeros(packets, bool))
    rate = alone.coding.kbit_s if alone.coding else 0.0
    yield Figure(
        f"{title}, nothing lost", plcmos(alone.signal.samples[:, 0]), "MOS", note=f"{rate:.3g} kbit/s"
    )
