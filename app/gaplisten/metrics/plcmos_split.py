"""The PLC-MOS model in two pieces: encoder, which hears the file, and tail, which rates it.

Cut with onnx's own extractor at the encoder's last recurrent states; the pieces are kept in the cache folder
under the whole model's hash. Without onnx, or when anything is odd, the whole model is used instead.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten import folders
from gaplisten.installed import is_installed
from gaplisten.metrics.models import OnnxModel, speechmos_model
from gaplisten.metrics.plcmos import RATERS, rater_embeddings

log = logging.getLogger(__name__)

_AUDIO, _RATER, _RATING = "degraded_audio", "rater_embed", "plcmos"


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
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    folder = folders.user_cache() / "models"
    kept = folder / f"plcmos-{digest}-encoder.onnx", folder / f"plcmos-{digest}-tail.onnx"
    if all(piece.is_file() for piece in kept):
        return kept
    made = _split(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for target, content in zip(kept, made, strict=True):
            _keep(target, content)
    except OSError as error:
        log.info("the pieces of PLC-MOS are not kept: %s", error)
        return made
    return kept


def _keep(target: Path, content: bytes) -> None:
    # Several workers may do this at once: each writes a file of its own and the last rename wins.
    descriptor, part = tempfile.mkstemp(dir=target.parent, prefix=target.name)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(part).replace(target)


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
