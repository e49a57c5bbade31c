"""ONNX models: where speechmos keeps them and how we run them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaplisten.installed import is_installed
from gaplisten.metrics.contract import Unscorable

if TYPE_CHECKING:
    import numpy.typing as npt


def speechmos_model(*parts: str) -> Path:
    """Return the path of a model file inside the package speechmos, without importing that package.

    Raises
    ------
    Unscorable
        If the package or the file is not there.
    """
    spec = importlib.util.find_spec("speechmos") if is_installed("speechmos") else None
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder, *parts)
        if path.is_file():
            return path
    raise Unscorable(f"the model {parts[-1]} is not there (install gaplisten[metrics])")


class OnnxModel:
    """A model in a session with one thread: the cores are used by scoring several clips at once."""

    def __init__(self, model: Path | bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        source = model if isinstance(model, bytes) else str(model)
        self._session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs, in their order."""
        return tuple(output.name for output in self._session.get_outputs())

    def __call__(self, **inputs: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Return the model's outputs for its inputs by name."""
        outputs: list[npt.NDArray[Any]] = self._session.run(None, inputs)
        return outputs
