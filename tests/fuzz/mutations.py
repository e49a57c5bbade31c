"""Damage done to files, always the same for the same seed."""

from __future__ import annotations

import re

import numpy as np

_BOMBS = (
    b"1" * 5000,
    b"[" * 20_000,
    b"{a=" * 20_000,
    b"-1",
    b"1e999",
    b"nan",
    b"true",
    b'""',
    b"\x00",
    b"\xff\xfe",
)
_NUMBER = re.compile(rb"-?\d+(\.\d+)?")


def mutated(data: bytes, seed: int, *, text: bool) -> bytes:
    """Return `data` with one to three kinds of damage."""
    random = np.random.default_rng(seed)
    damage = (_flip, _cut, _repeat, _zero, _delete, _length, _append) + ((_token, _lines) if text else ())
    for _ in range(random.integers(1, 4)):
        data = damage[random.integers(len(damage))](data, random) if data else b""
    return data


def _place(data: bytes, random: np.random.Generator) -> int:
    # Heads hold what matters most.
    return int(random.integers(min(len(data), 128) if random.random() < 0.5 else len(data)))


def _flip(data: bytes, random: np.random.Generator) -> bytes:
    changed, at = bytearray(data), _place(data, random)
    changed[at] ^= 1 << int(random.integers(8))
    return bytes(changed)


def _cut(data: bytes, random: np.random.Generator) -> bytes:
    return data[: random.integers(len(data))]


def _repeat(data: bytes, random: np.random.Generator) -> bytes:
    at, size = _place(data, random), int(random.integers(1, 64))
    return data[: at + size] + data[at:]


def _zero(data: bytes, random: np.random.Generator) -> bytes:
    at, size = _place(data, random), int(random.integers(1, 64))
    return data[:at] + bytes(size) + data[at + size :]


def _delete(data: bytes, random: np.random.Generator) -> bytes:
    at, size = _place(data, random), int(random.integers(1, 64))
    return data[:at] + data[at + size :]


def _length(data: bytes, random: np.random.Generator) -> bytes:
    at = _place(data, random)
    value = (0, 0xFFFFFFFF, 0x7FFFFFFF, 1, int(random.integers(2**32)))[random.integers(5)]
    return data[:at] + value.to_bytes(4, ("little", "big")[random.integers(2)]) + data[at + 4 :]


def _append(data: bytes, random: np.random.Generator) -> bytes:
    return data + random.bytes(int(random.integers(1, 200)))


def _token(data: bytes, random: np.random.Generator) -> bytes:
    found = list(_NUMBER.finditer(data))
    if not found:
        return data
    chosen = found[random.integers(len(found))]
    return data[: chosen.start()] + _BOMBS[random.integers(len(_BOMBS))] + data[chosen.end() :]


def _lines(data: bytes, random: np.random.Generator) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join(lines[place] for place in random.integers(len(lines), size=len(lines)))
