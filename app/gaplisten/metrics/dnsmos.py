"""DNSMOS P.835: predicted speech, background and overall quality, without a reference.

Only the model that hears raw samples is used; the P.808 variant needs spectra of a library that is not worth
its weight here. The model hears 9.01 s: shorter speech is repeated, longer is heard once a second.
"""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples
from gaplisten.metrics.contract import Implementation, Material, Metric
from gaplisten.metrics.models import OnnxModel, speechmos_model

RATE = 16000
_SECONDS = 9.01
_FRAMES = int(_SECONDS * RATE)
# The published calibration: speech, background, overall; a polynomial each, highest power first.
_CALIBRATION = (
    (-0.08397278, 1.22083953, 0.0052439),
    (-0.13166888, 1.60915514, -0.39604546),
    (-0.06766283, 1.11546468, 0.04602535),
)


@lru_cache(maxsize=1)
def _model() -> OnnxModel:
    return OnnxModel(speechmos_model("dnsmos_models", "sig_bak_ovr.onnx"))


def excerpts(samples: Samples) -> npt.NDArray[np.float32]:
    """Return what the model hears, shape ``(excerpts, 144160)``: 9.01 s each, a second apart."""
    while samples.size < _FRAMES:
        samples = np.concatenate((samples, samples))
    hops = int(samples.size // RATE - _SECONDS) + 1
    starts = [hop * RATE for hop in range(hops) if hop * RATE + _FRAMES <= samples.size]
    return np.stack([samples[start : start + _FRAMES] for start in starts]).astype(np.float32)


@lru_cache(maxsize=1)
def _opinions(content: bytes) -> tuple[float, float, float]:
    # The three scores of one file are asked for one after the other: the model runs once for all of them.
    samples = np.frombuffer(content, np.float32)
    raw = np.stack([_model()(input_1=excerpt[np.newaxis])[0][0] for excerpt in excerpts(samples)])
    speech, background, overall = (
        float(np.polyval(powers, raw[:, index]).mean()) for index, powers in enumerate(_CALIBRATION)
    )
    return speech, background, overall


def _compute(material: Material, index: int) -> float:
    return _opinions(np.ascontiguousarray(material.degraded, np.float32).tobytes())[index]


def _metric(name: str, title: str, short: str) -> Metric:
    return Metric(
        name=name,
        title=title,
        short=short,
        rates=(RATE,),
        range=(1.0, 5.0),
        unit="MOS",
        source="Reddy et al., DNSMOS P.835, ICASSP 2022; model of speechmos 0.0.1.1",
        seconds=(1.0, 60.0),
        requires=("speechmos", "onnxruntime"),
        family="dnsmos",
        version="p835",
    )


PLACE = 20
IMPLEMENTATIONS = (
    Implementation(_metric("dnsmos", "DNSMOS overall", "DNSMOS"), partial(_compute, index=2)),
    Implementation(_metric("dnsmos_sig", "DNSMOS speech", "DNSMOS sig"), partial(_compute, index=0)),
    Implementation(_metric("dnsmos_bak", "DNSMOS background", "DNSMOS bak"), partial(_compute, index=1)),
)
