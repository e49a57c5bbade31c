"""A small host for plugin tests: what the contract says and nothing more."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from kit.modules import module_at

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


def load(name: str) -> ModuleType:
    """Import one plugin file afresh."""
    return module_at(PLUGINS / f"{name}.py", f"plugin_{name}")


def streaming_class(module: ModuleType) -> type | None:
    """Return the module's one class with a method `packet`."""
    classes = [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and value.__module__ == module.__name__ and hasattr(value, "packet")
    ]
    return classes[0] if classes else None


def conceal(
    module: ModuleType, signal: np.ndarray, lost: np.ndarray, rate: int, packet: int, **parameters: Any
) -> np.ndarray:
    """Zero the lost packets of `signal`, run the plugin, remove its delay; same shape back."""
    flat = signal.ndim == 1
    clean = signal[:, None] if flat else signal
    frames = len(clean)
    packets = -(-frames // packet)
    flags = np.zeros(packets, bool)
    flags[: len(lost)] = lost[:packets]
    lossy = np.zeros((packets * packet, clean.shape[1]), np.float32)
    lossy[:frames] = clean
    lossy[np.repeat(flags, packet)] = 0
    target = streaming_class(module) or module
    per_channel = (getattr(target, "channels", None) or getattr(module, "channels", None)) == 1
    groups = [[c] for c in range(lossy.shape[1])] if per_channel else [list(range(lossy.shape[1]))]
    parts = [_run(module, np.ascontiguousarray(lossy[:, g]), flags, rate, packet, parameters) for g in groups]
    out = np.concatenate(parts, axis=1)[:frames]
    return out[:, 0] if flat else out


def _run(
    module: ModuleType,
    lossy: np.ndarray,
    lost: np.ndarray,
    rate: int,
    packet: int,
    parameters: dict[str, Any],
) -> np.ndarray:
    cls = streaming_class(module)
    if cls is None:
        return np.asarray(module.conceal(lossy, lost, rate, packet, **parameters))
    plugin = cls(rate, packet, lossy.shape[1], **parameters)
    pieces = []
    for k, gone in enumerate(lost):
        samples = lossy[k * packet : (k + 1) * packet].copy()
        samples.flags.writeable = False
        piece = plugin.packet(None if gone else samples)
        assert piece.shape == (packet, lossy.shape[1]), piece.shape
        pieces.append(np.array(piece, np.float32))
    delay = int(plugin.delay)
    rest = plugin.flush() if hasattr(plugin, "flush") else np.zeros((delay, lossy.shape[1]), np.float32)
    assert rest.shape == (delay, lossy.shape[1]), rest.shape
    return np.concatenate((*pieces, rest))[delay:]


def code(
    module: ModuleType, signal: np.ndarray, lost: np.ndarray, rate: int, packet: int, **parameters: Any
) -> np.ndarray:
    """Encode `signal`, lose payloads, decode, remove the delay of both halves; same shape back.

    Parameters
    ----------
    parameters
        Each half gets those that it names.
    """
    flat = signal.ndim == 1
    clean = signal[:, None] if flat else signal
    per_channel = getattr(module, "channels", None) == 1
    groups = [[c] for c in range(clean.shape[1])] if per_channel else [list(range(clean.shape[1]))]
    out = np.concatenate(
        [_coded(module, clean[:, g], lost, rate, packet, parameters) for g in groups], axis=1
    )
    return out[:, 0] if flat else out


def half(cls: type, rate: int, packet: int, channels: int, parameters: dict[str, Any]) -> Any:
    """Make an encoder or a decoder with the parameters that it names."""
    named = inspect.signature(cls).parameters
    return cls(rate, packet, channels, **{name: each for name, each in parameters.items() if name in named})


def _coded(
    module: ModuleType,
    clean: np.ndarray,
    lost: np.ndarray,
    rate: int,
    packet: int,
    parameters: dict[str, Any],
) -> np.ndarray:
    channels = clean.shape[1]
    encoder = half(module.Encoder, rate, packet, channels, parameters)
    decoder = half(module.Decoder, rate, packet, channels, parameters)
    delay = encoder.delay + decoder.delay
    packets = -(-(len(clean) + delay) // packet)
    padded = np.zeros((packets * packet, channels), np.float32)
    padded[: len(clean)] = clean
    flags = np.zeros(packets, bool)
    flags[: len(lost)] = lost[:packets]
    if hasattr(encoder, "encode_all"):
        payloads = encoder.encode_all(padded)
        arrived = [None if gone else payload for gone, payload in zip(flags, payloads, strict=True)]
        return np.asarray(decoder.decode_all(arrived)[delay : delay + len(clean)])
    pieces = []
    for k, gone in enumerate(flags):
        payload = encoder.encode(padded[k * packet : (k + 1) * packet].copy())
        assert isinstance(payload, bytes)
        piece = decoder.decode(None if gone else payload)
        assert piece.shape == (packet, channels), piece.shape
        assert piece.dtype == np.float32
        pieces.append(np.array(piece))
    return np.concatenate(pieces)[delay : delay + len(clean)]


def random_loss(packets: int, rate: float, seed: int) -> np.ndarray:
    """Lose each packet with probability `rate`."""
    return np.random.default_rng(seed).random(packets) < rate


def bursty_loss(packets: int, rate: float, seed: int, mean_burst: float = 3.0) -> np.ndarray:
    """Two-state loss with the given mean burst length in packets."""
    r = 1 / mean_burst
    p = r * rate / (1 - rate)
    draws = np.random.default_rng(seed).random(packets)
    lost, bad = np.zeros(packets, bool), False
    for k, u in enumerate(draws):
        bad = bool(u < p) if not bad else not u < r
        lost[k] = bad
    return lost
