"""Messages between the host and a worker process: JSON and raw arrays, never pickle.

The worker runs other people's code, so what comes from it is data to be checked, not objects to be loaded.
One message is a magic word, the lengths of the two parts, a JSON header, and the arrays' bytes.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from typing import IO, Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_MAGIC = b"GLpx"
_PREFIX = struct.Struct("<4sIQ")
_DTYPES = frozenset({"<f4", "<f8", "|b1", "|u1", "<i4"})


class WireBroken(Exception):  # noqa: N818 - named after what happened
    """The other side closed the pipe, or sent something that is not a message."""


class WireClosed(WireBroken):
    """The other side closed the pipe."""


def write(stream: IO[bytes], header: dict[str, Any], arrays: Sequence[Array] = ()) -> None:
    """Send one message.

    Raises
    ------
    OSError
        If the other side is gone.
    """
    plain = [np.ascontiguousarray(array) for array in arrays]
    shapes = [[array.dtype.str, list(array.shape)] for array in plain]
    text = json.dumps({**header, "arrays": shapes}).encode()
    stream.write(_PREFIX.pack(_MAGIC, len(text), sum(array.nbytes for array in plain)))
    stream.write(text)
    for array in plain:
        stream.write(array.data.cast("B") if array.size else b"")
    stream.flush()


def read(stream: IO[bytes]) -> tuple[dict[str, Any], list[Array]]:
    """Wait for one message.

    Raises
    ------
    WireBroken
        If the other side closed the pipe or sent something else.
    """
    magic, text_bytes, array_bytes = _PREFIX.unpack(_exactly(stream, _PREFIX.size))
    if magic != _MAGIC:
        raise WireBroken("not a message")
    header = json.loads(_exactly(stream, text_bytes))
    body = memoryview(_exactly(stream, array_bytes))
    return header, _arrays(header.pop("arrays"), body)


def _arrays(shapes: list[Any], body: memoryview) -> list[Array]:
    arrays, start = [], 0
    for dtype, shape in shapes:
        if dtype not in _DTYPES:
            raise WireBroken(f"arrays of {dtype} are not sent")
        stop = start + math.prod(shape) * np.dtype(dtype).itemsize
        if stop > len(body):
            raise WireBroken("arrays are cut short")
        arrays.append(np.frombuffer(body[start:stop], dtype).reshape(shape))
        start = stop
    return arrays


def _exactly(stream: IO[bytes], size: int) -> bytearray:
    # One buffer for all of it: the arrays are then views that may be written to, without another copy.
    data = bytearray(size)
    view, filled = memoryview(data), 0
    while filled < size:
        got = stream.readinto(view[filled:])  # type: ignore[attr-defined]
        if not got:
            raise WireClosed("the pipe was closed")
        filled += got
    return data
