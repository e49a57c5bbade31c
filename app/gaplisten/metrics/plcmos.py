"""PLC-MOS v2: predicted opinion of concealed speech, without a reference.

The model rates log spectra as 15 imagined raters and the score is their mean. Its audio encoder does not
depend on the rater, so the graph is split once: the encoder runs once per file, the dense tail once for all.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gaplisten import folders
from gaplisten.audio.signal import Samples
from gaplisten.durable.digests import sha256_of
from gaplisten.durable.files import write_whole
from gaplisten.installed import is_installed
from gaplisten.metrics.contract import Implementation, Material, Metric
from gaplisten.metrics.models import OnnxModel, speechmos_model

log = logging.getLogger(__name__)

RATE = 16000
RATERS = 15
SEED = 23
_WINDOW, _HOP = 512, 256
_FLOOR_BELOW_MINIMUM = -12.0 * np.log(10.0)  # empty bins: 120 dB below the weakest one that is not
_ALL_SILENT = -8.0 * np.log(10.0)
_BLOCK = 4096
_AUDIO, _RATER, _RATING = "degraded_audio", "rater_embed", "plcmos"

METRIC = Metric(
    name="plcmos",
    title="PLC-MOS v2",
    short="PLC-MOS",
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


class SplitModel:
    """Encoder once per file, tail once for all raters."""

    def __init__(self, encoder: OnnxModel, tail: OnnxModel, states: tuple[str, ...]) -> None:
        self._encoder, self._tail, self._states = encoder, tail, states
        self._embeddings = rater_embeddings()

    def __call__(self, features: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return the raters' scores, shape ``(15,)``, for features of shape ``(1, 1, frames, 257)``."""
        states = self._encoder(**{_AUDIO: features})
        shared = {
            name: np.repeat(state, RATERS, axis=0) for name, state in zip(self._states, states, strict=True)
        }
        return np.asarray(self._tail(**shared, **{_RATER: self._embeddings})[0], np.float32)


def split_model() -> SplitModel | None:
    """Return the model in two pieces, or None where it cannot be split."""
    path = speechmos_model("plcmos_models", "plcmos_v2.onnx")
    try:
        encoder, tail = _pieces(path)
        loaded = OnnxModel(encoder), OnnxModel(tail)
        return SplitModel(*loaded, states=loaded[0].outputs)
    except Exception as error:  # noqa: BLE001 - onnx and its runtime raise what they like; the whole model always works
        log.warning("PLC-MOS runs unsplit and slower: %s", error)
        return None


def _pieces(path: Path) -> tuple[Path | bytes, Path | bytes]:
    digest = sha256_of(path)[:16]
    folder = folders.user_cache() / "models"
    kept = folder / f"plcmos-{digest}-encoder.onnx", folder / f"plcmos-{digest}-tail.onnx"
    if all(piece.is_file() for piece in kept):
        return kept
    made = _split(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for target, content in zip(kept, made, strict=True):
            write_whole(target, content, sync=False)
    except OSError as error:
        log.info("the pieces of PLC-MOS are not kept: %s", error)
        return made
    return kept


def _split(path: Path) -> tuple[bytes, bytes]:
    if not is_installed("onnx"):
        raise RuntimeError("the package onnx is not installed")
    import onnx
    from onnx.utils import Extractor

    model = onnx.load(str(path))
    states = list(_states(model.graph))
    float32 = onnx.TensorProto.FLOAT
    declare = onnx.helper.make_tensor_value_info
    model.graph.value_info.extend(declare(name, float32, ["batch", 32]) for name in states)
    del model.graph.output[:]
    model.graph.output.append(declare(_RATING, float32, ["batch"]))
    extractor = Extractor(model)
    encoder = extractor.extract_model([_AUDIO], states)
    tail = extractor.extract_model([*states, _RATER], [_RATING])
    return encoder.SerializeToString(), tail.SerializeToString()


def _states(graph: Any) -> Iterator[str]:
    """Yield what the tail takes besides the rater: inputs of the join that come from the audio alone."""
    from_audio, from_rater = {_AUDIO}, {_RATER}
    for node in graph.node:  # in topological order, as ONNX demands
        hears = any(name in from_audio for name in node.input)
        rates = any(name in from_rater for name in node.input)
        if hears and rates:
            yield from (name for name in node.input if name in from_audio)
            return
        (from_audio if hears else from_rater if rates else set()).update(node.output)
    raise RuntimeError("the model has no place where sound and rater meet")


@lru_cache(maxsize=1)
def _model() -> _Rater:
    return split_model() or WholeModel()


def compute(material: Material) -> float:
    """Return the mean of the raters' scores, 1..5."""
    features = log_spectra(material.degraded)[np.newaxis, np.newaxis]
    return float(_model()(features).astype(np.float64).mean())


PLACE = 10
IMPLEMENTATIONS = (Implementation(METRIC, compute),)
