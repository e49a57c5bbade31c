"""tPLCnet: a neural concealer of the INTERSPEECH 2022 Deep PLC Challenge, as its authors run it.

The network gets four hops of its own past output, the hop to fill and the one after it, and gives two hops
that are added up under its own window; it runs for lost hops and once more after each gap. One hop (10 ms)
of look-ahead, 16 kHz, packets of whole hops.

The model is not part of Gaplisten: download `tPLCnet_s.tflite` from its authors (breizhn/tPLCnet, MIT) and
set `model` to it. Needs the package ai-edge-litert.

Source: N. L. Westhausen and B. T. Meyer, tPLCnet: Real-time Deep Packet Loss Concealment in the Time Domain
Using a Short Temporal Context, INTERSPEECH 2022.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np

HOP = 160
CONTEXT = 6  # hops that go in
HOW = "download tPLCnet_s.tflite from the repository breizhn/tPLCnet and set `model` to it"


class RefusedError(ValueError):
    """What is missing or does not fit, and what to do: for people, so shown without a traceback."""

    for_user = True


class Tplcnet:
    """Run tPLCnet on one channel.

    Raises
    ------
    RefusedError
        If the model or ai-edge-litert is missing, with how to get it; if packets are no whole hops.
    """

    name = "tPLCnet"
    help = "A neural concealer of the challenge; you point to its TFLite file. 10 ms look-ahead, 16 kHz."
    source = "Westhausen and Meyer, INTERSPEECH 2022"
    rates = (16000,)
    channels = 1
    causal = True
    delay = HOP

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        model: Annotated[Path, {"help": "tPLCnet_s.tflite (or _m, _l)"}] = Path(),
    ) -> None:
        if packet_frames % HOP:
            found = f"a packet of {1000 * packet_frames / rate:.4g} ms"
            raise RefusedError(
                f"{found} is no whole number of tPLCnet's hops of 10 ms; use 10, 20, 30 ... ms"
            )
        self._frames = packet_frames
        self._model = open_model(Path(model))
        self._given = self._model.get_input_details()[0]["index"]
        self._made = self._model.get_output_details()[0]["index"]
        self._past = np.zeros((1, CONTEXT, HOP), np.float32)
        self._sum = np.zeros(2 * HOP, np.float32)
        turn = np.pi * np.arange(2 * HOP) / HOP
        self._window = (0.5 - 0.5 * np.cos(turn)).astype(np.float32)
        self._before, self._lost_before = np.zeros(HOP, np.float32), False

    def packet(self, samples: np.ndarray | None) -> np.ndarray:
        """Return one packet, `delay` frames late; `samples` is None when it is lost."""
        given = np.zeros(self._frames, np.float32) if samples is None else samples[:, 0]
        hops = [self._hop(hop, samples is None) for hop in given.reshape(-1, HOP)]
        return np.concatenate(hops)[:, None]

    def flush(self) -> np.ndarray:
        """Return the last hop."""
        return self._hop(np.zeros(HOP, np.float32), False)[:, None]

    def _hop(self, now: np.ndarray, lost: bool) -> np.ndarray:
        """Take the newest hop, return the one before it."""
        self._past = np.roll(self._past, -1, axis=1)
        self._past[0, -3:] = self._sum[:HOP], self._before, now
        self._sum = np.concatenate((self._sum[HOP:], np.zeros(HOP, np.float32)))
        if lost or self._lost_before:
            self._model.set_tensor(self._given, self._past)
            self._model.invoke()
            self._sum += self._model.get_tensor(self._made).ravel()
        else:
            self._sum += np.concatenate((self._before, now)) * self._window
        self._before, self._lost_before = now, lost
        return self._sum[:HOP].copy()


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Keep the runtime's own remarks about processors off the lane."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def open_model(path: Path):
    """Open a TFLite file on one thread."""
    if path == Path():
        raise RefusedError(f"no model is set; {HOW}")
    if not path.is_file():
        raise RefusedError(f"{path} is not there; {HOW}")
    with path.open("rb") as file:
        if file.read(40).startswith(b"version https://git-lfs"):
            raise RefusedError(f"{path} is a Git LFS pointer, not the model; fetch it with: git lfs pull")
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise RefusedError("the package ai-edge-litert is missing; pip install ai-edge-litert") from error
    try:
        with hushed():
            model = Interpreter(model_path=str(path), num_threads=1)
            model.allocate_tensors()
    except Exception as error:
        raise RefusedError(f"{path} cannot be read as a TFLite model ({error}); {HOW}") from error
    shapes = [list(each[0]["shape"]) for each in (model.get_input_details(), model.get_output_details())]
    if shapes[0] != [1, CONTEXT, HOP] or np.prod(shapes[1]) != 2 * HOP:
        raise RefusedError(f"{path} is no tPLCnet (it takes {shapes[0]} and gives {shapes[1]}); {HOW}")
    return model
