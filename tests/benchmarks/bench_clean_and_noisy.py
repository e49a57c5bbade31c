"""What every bundled concealer and codec scores in clean speech and in background noise.

    python3 run.py bench clean_and_noisy
    python3 tests/benchmarks/bench_clean_and_noisy.py NAME ...      only these concealers

Twenty clips of 10 s, four of each voice of Debian's asterisk-core-sounds-{en,es,fr,it,ru}-g722 (no concealer
was tuned on them, but on their voices), each as it is and with pink, car or babble noise at 10 dB in turn;
one seed a clip and kind of loss, the same for every concealer. PLC-MOS v2, and in noise DNSMOS P.835
(overall), with 95 % intervals over clips. tPLCnet_s takes part where `GAPLISTEN_TPLCNET` names its .tflite
file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]

import measure_material as material
import numpy as np
from bench_codecs import NODE_MODULES
from bench_concealers import DATA, MASKS, PACKET, RATE
from figures import Figure

from gaplisten.audio.signal import Signal
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.errors import ConcealerFailed
from gaplisten.concealers.runner import Runner
from gaplisten.loss.trace import LossTrace, apply_loss
from gaplisten.metrics.catalogue import score
from gaplisten.statistics import student_mean

MODEL = DATA / "nsnet2_plc_baseline" / "nsnetv2_converted.onnx"
ROWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("zero_fill", {}),
    ("repeat_fade", {}),
    ("lpc_noise", {}),
    ("wsola", {}),
    ("burg_extrapolation", {}),
    ("g711_appendix1", {}),
    ("gaplisten_hybrid", {}),
    ("nsnet2_baseline", {"model": str(MODEL)}),
    ("janssen_oracle", {}),
    ("opus", {}),
    ("opus", {"fec": True, "expected_loss": 20}),
    ("opus_deep", {}),
    ("lc3", {}),
    ("speex", {}),
    ("amr_wb", {}),
    ("spandsp_plc", {}),
    *((("tplcnet", {"model": material.TPLCNET}),) if material.TPLCNET else ()),
)
CLIPS, SEED = 20, 700
METRICS = {"clean": ("plcmos",), "noise at 10 dB": ("plcmos", "dnsmos")}


def measure(quick: bool = False, only: Container[str] = ()) -> Iterator[Figure]:
    """Yield the mean scores of each concealer at each kind of loss.

    Parameters
    ----------
    quick
        Take two clips.
    only
        Names of concealers; all of them where there is none.
    """
    if NODE_MODULES.is_dir():
        os.environ.setdefault("NODE_PATH", str(NODE_MODULES))
    clips = list((material.prompts(4, 2) or material.demo_speech()).values())[: 2 if quick else CLIPS]
    sounds = {
        "clean": [clip.astype(np.float32) for clip in clips],
        "noise at 10 dB": [
            material.noisy(clip, material.NOISES[number % 3]).astype(np.float32)
            for number, clip in enumerate(clips)
        ],
    }
    catalogue = Catalogue.scan()
    with Runner(workers=1) as runner:
        for name, parameters in (row for row in ROWS if not only or row[0] in only):
            shown = {key: value for key, value in parameters.items() if key != "model"}
            title = " ".join([name, *(f"{key}={value}" for key, value in shown.items())])
            try:
                for condition, speech in sounds.items():
                    for kind in MASKS:
                        heard = _heard(runner, catalogue, name, parameters, speech, kind)
                        for metric in METRICS[condition]:
                            scores = [_scored(metric, each) for each in heard]
                            yield _figure(f"{title}, {condition}, {kind}, {metric}", scores)
            except ConcealerFailed as error:
                print(f"  {title}: {error.fact}")


def _heard(
    runner: Runner,
    catalogue: Catalogue,
    name: str,
    parameters: dict[str, Any],
    speech: list[np.ndarray],
    kind: str,
) -> list[Signal]:
    found = []
    for number, samples in enumerate(speech):
        clip = Signal(samples[:, None], RATE)
        trace = LossTrace.of_packets(MASKS[kind](clip.frames // PACKET, SEED + number), PACKET, RATE)
        made = runner.submit(catalogue.get(name), parameters, apply_loss(clip, trace), trace, reference=clip)
        # A concealer may go beyond full scale, which the metrics refuse: a sound card would clip it.
        found.append(Signal(np.clip(made.result().signal.samples, -1, 1), RATE))
    return found


def _scored(metric: str, heard: Signal) -> float:
    got = score(metric, heard)
    if got.value is None:
        raise RuntimeError(f"no {metric}: {got.reason}")
    return float(got.value)


def _figure(name: str, scores: list[float]) -> Figure:
    mean = student_mean(scores)
    half = "" if mean.low is None else f"±{mean.mean - mean.low:.2f} over {len(scores)} clips"
    return Figure(name, mean.mean, "MOS", note=half)


if __name__ == "__main__":
    for figure in measure(only=sys.argv[1:]):
        print(f"{figure.name:64} {figure.value:7.3f} {figure.note}", flush=True)
