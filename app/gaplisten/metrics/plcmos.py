"""PLC-MOS v2: predicted opinion of concealed speech, without a reference.

The model rates log spectra as 15 imagined raters and the score is their mean. Its audio encoder does not
depend on the rater, so the graph is split once: the encoder runs once per file, the dense tail once for all.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples
from gaplisten.metrics.contract import Implementation, Material, Metric
from gaplisten.metrics.models import OnnxModel, speechmos_model

RATE = 16000
RATERS = 15
SEED = 23
_WINDOW, _HOP = 512, 256
_FLOOR_BELOW_MINIMUM = -12.0 * np.log(10.0)  # empty bins: 120 dB below the weakest one that is not
_ALL_SILENT = -8.0 * np.log(10.0)
_BLOCK = 4096

METRIC = Metric(
    name="plcmos",
    title="PLC-MOS v2",
    rates=(RATE,),
    range=(1.0, 5.0),
    unit="MOS",
    source="Diener et al., PLCMOS, INTERSPEECH 2023; model of speechmos 0.0.1.1",
    seconds=(1.0, 120.0),
    requires=("speechmos", "onnxruntime"),
    version="v2",
)


def rater_embeddings() -> npt.NDArray[np.float32]:
    """Return the raters that the published scores were made with, shape ``(15, 64)``.

    The release seeds numpy's global state with 23 before each file; a private generator of the same kind
    draws the same numbers and disturbs nobody.
    """
    drawn = np.random.RandomState(SEED).normal(size=(RATERS, 64))
    return drawn.astype(np.float32)


def log_spectra(samples: Samples) -> npt.NDArray[np.float32]:
    """Return the model's input: log power spectra, shape ``(frames, 257)``.

    Parameters
    ----------
    samples
        Mono speech at 16 kHz, shape ``(frames,)``. Windows of 512 (periodic Hamming) advance by 256, the
        first of them half before the start; values are ln of power over 20, empty bins 120 dB below the
        weakest other bin.
    """
    count = -(-(samples.size + _HOP) // _HOP)
    padded = np.zeros((count + 1) * _HOP, samples.dtype)
    padded[_HOP : _HOP + samples.size] = samples
    window = np.hamming(_WINDOW + 1)[:-1]
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    power = np.empty((count, _WINDOW // 2 + 1))
    for start in range(0, count, _BLOCK):  # block-wise: an intermediate copy of a long file would be large
        spectrum = np.fft.rfft(windows[start : start + _BLOCK] * window)
        power[start : start + _BLOCK] = np.abs(spectrum) ** 2
    return (_log_with_floor(power) / 20.0).astype(np.float32)


def _log_with_floor(power: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    some = power > 0
    if some.all():
        return np.asarray(np.log(power))
    if not some.any():
        return np.full_like(power, _ALL_SILENT)
    lowest = power[some].min()
    return np.log(power, out=np.full_like(power, np.log(lowest) + _FLOOR_BELOW_MINIMUM), where=some)


class _Rater(Protocol):
    def __call__(self, features: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return the raters' scores, shape ``(15,)``, for features of shape ``(1, 1, frames, 257)``."""


class WholeModel:
    """The model as it is delivered: everything runs once for each rater."""

    def __init__(self) -> None:
        self._model = OnnxModel(speechmos_model("plcmos_models", "plcmos_v2.onnx"))

    def __call__(self, features: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return the raters' scores, shape ``(15,)``."""
        embeddings = rater_embeddings()
        scores = [
            self._model(degraded_audio=features, rater_embed=embeddings[i : i + 1])[0] for i in range(RATERS)
        ]
        return np.asarray(scores, np.float32).reshape(RATERS)


@lru_cache(maxsize=1)
def _model() -> _Rater:
    from gaplisten.metrics.plcmos_split import split_model

    return split_model() or WholeModel()


def compute(material: Material) -> float:
    """Return the mean of the raters' scores, 1..5."""
    features = log_spectra(material.degraded)[np.newaxis, np.newaxis]
    return float(_model()(features).astype(np.float64).mean())


IMPLEMENTATIONS = (Implementation(METRIC, compute),)
