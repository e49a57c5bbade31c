"""The Deep PLC Challenge's baseline: NSNet2, a recurrent network on spectra.

The file of the model is not bundled: set `model` to ``nsnetv2_converted.onnx`` of the challenge's repository.

* 16 kHz; periodic square-root Hann window of 320, hop of 160; the signal is padded by one hop on the left
* features per frame, 805: log10(max(|X|^2, 1e-12)) of 161 bins, the loss flag of the frame's left and
  of its right half (each filling 161 bins), sine and cosine of the phase
* the network gives 483: magnitude, sine and cosine; it runs on every frame and carries two recurrent states
* a frame is replaced by the network's when its right half was lost, else it stays as it was

So the half packet *before* each loss is rewritten, and the last 10 ms of each loss fade to nothing. Known
to score below zero fill on isolated losses; it is the challenge's floor, not an anchor of quality.

Source: Diener et al., INTERSPEECH 2022 Audio Deep Packet Loss Concealment Challenge; the baseline of its
repository.
"""

from pathlib import Path
from typing import Annotated

import numpy as np

WINDOW, HOP, BINS = 320, 160, 161
MISSING = (
    "get nsnetv2_converted.onnx from the repository microsoft/PLC-Challenge (INTERSPEECH 2022, baseline) "
    "and set the parameter `model` to its path"
)


class RefusedError(ValueError):
    """What is missing or does not fit, and what to do: for people, so shown without a traceback."""

    for_user = True


class Nsnet2Baseline:
    """Run the challenge's baseline on one channel at 16 kHz, two frames a packet.

    Parameters
    ----------
    rate, packet_frames, channels
        16000 Hz; a packet is a whole number of 10 ms hops; channels is 1: the host calls once per channel.
    model
        The ONNX file of the challenge's repository.

    Raises
    ------
    RefusedError
        If `model` is not set, not there, or not that model; says what to do.
    """

    name = "NSNet2 baseline"
    help = "The challenge's neural baseline; set `model` to its ONNX file."
    source = "Diener et al., INTERSPEECH 2022 Audio Deep PLC Challenge"
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
        model: Annotated[Path, {"help": "nsnetv2_converted.onnx of the challenge's repository"}] = Path(),
    ) -> None:
        if packet_frames % HOP:
            found = f"a packet of {packet_frames} frames at 16 kHz"
            raise RefusedError(f"{found} is not a whole number of 10 ms hops; use packets of 10, 20, 30 ...")
        self._session = _session(Path(model))
        self._states = {"h01": np.zeros((1, 1, 134), np.float32), "h02": np.zeros((1, 1, 100), np.float32)}
        self._window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW))
        self._before, self._tail = np.zeros(HOP), np.zeros(HOP)
        self._lost_before, self._size = False, packet_frames

    def packet(self, samples: np.ndarray | None) -> np.ndarray:
        """Return one packet, 10 ms late; `samples` is None when it is lost."""
        now = np.zeros(self._size) if samples is None else samples[:, 0]
        return self._hops(now, samples is None)

    def flush(self) -> np.ndarray:
        """Return the last 10 ms."""
        return self._hops(np.zeros(HOP), False)

    def _hops(self, now: np.ndarray, lost: bool) -> np.ndarray:
        hops = len(now) // HOP
        held = np.concatenate((self._before, now))
        frames = np.lib.stride_tricks.sliding_window_view(held, WINDOW)[::HOP] * self._window
        spectra = np.fft.rfft(frames)
        left = np.full(hops, lost)
        left[0] = self._lost_before
        guess = self._network(spectra, left, np.full(hops, lost))
        pieces = np.fft.irfft(guess if lost else spectra) * self._window
        self._before, self._lost_before = held[-HOP:], lost
        return self._overlap_add(pieces)

    def _network(self, spectra: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        phase = np.angle(spectra)
        power = np.log10(np.maximum(np.abs(spectra) ** 2, 1e-12))
        masks = [np.repeat(flag[:, None], BINS, axis=1) for flag in (left, right)]
        features = np.concatenate((power, *masks, np.sin(phase), np.cos(phase)), axis=1).astype(np.float32)
        output, first, second = self._session.run(
            ["output", "hn1", "hn2"], {"input": features[:, None], **self._states}
        )
        self._states = {"h01": first, "h02": second}
        magnitude, sine, cosine = np.split(output.reshape(len(spectra), 3 * BINS), 3, axis=1)
        return magnitude * (cosine + 1j * sine)

    def _overlap_add(self, pieces: np.ndarray) -> np.ndarray:
        out = pieces[:, :HOP].copy()
        out[0] += self._tail
        out[1:] += pieces[:-1, HOP:]
        self._tail = pieces[-1, HOP:]
        return out.reshape(-1, 1).astype(np.float32)


def _session(model: Path):
    if model == Path():
        raise RefusedError(f"no model is set; {MISSING}")
    if not model.is_file():
        raise RefusedError(f"{model} is not there; {MISSING}")
    if model.read_bytes()[:40].startswith(b"version https://git-lfs"):
        raise RefusedError(f"{model} is a Git LFS pointer, not the model; fetch it with: git lfs pull")
    try:
        import onnxruntime
    except ImportError as error:
        raise RefusedError("the package onnxruntime is missing; pip install onnxruntime") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own for each kind of bad file
        raise RefusedError(f"{model} cannot be read as an ONNX model ({error}); {MISSING}") from error
    names = {item.name for item in session.get_inputs()}
    if names != {"input", "h01", "h02"}:
        raise RefusedError(f"{model} is another model (inputs {', '.join(sorted(names))}); {MISSING}")
    return session
