"""Traces kept as NumPy arrays; never unpickled."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.loss.encodings.decoded import BadTrace, Decoded, Whole, limited
from gaplisten.loss.encodings.text import flags_from_indices, flags_from_samples, lost_samples
from gaplisten.loss.trace import LossTrace

MAGIC = b"\x93NUMPY"


def load_row(data: bytes) -> npt.NDArray[Any]:
    """Return the one-dimensional array of numbers in a .npy file."""
    try:
        _check_promise(data)
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError, MemoryError) as error:
        raise BadTrace(
            f"is no .npy array of numbers ({_first_line(error)})", "save it as an integer array"
        ) from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        raise BadTrace("is no .npy array of numbers", "save it as an integer array")
    if sum(length > 1 for length in array.shape) > 1:
        raise BadTrace(f"has the shape {array.shape}", "save one row with one entry per packet")
    limited(array.size)
    return array.reshape(-1)


def _check_promise(data: bytes) -> None:
    """Compare the array's declared size with the file's, before memory is asked for."""
    file = io.BytesIO(data)
    read = np.lib.format.read_array_header_1_0
    shape, _, kind = (
        read if np.lib.format.read_magic(file) == (1, 0) else np.lib.format.read_array_header_2_0
    )(file)
    promised = math.prod(shape) * kind.itemsize
    if promised > len(data) - file.tell():
        raise BadTrace(f"is cut short: its header promises {promised} bytes", "save it again")


def whole_numbers(row: npt.NDArray[Any]) -> Whole:
    """Return the row as integers, or refuse fractions, NaN and infinity."""
    if row.dtype.kind == "f" and not (np.isfinite(row).all() and (row == np.rint(row)).all()):
        raise BadTrace("holds fractions", "save 0 and 1, or indices")
    return row.astype(np.int64)


def decode_flags(data: bytes) -> Decoded:
    """Read an array of 0 and 1, 1 = lost."""
    row = whole_numbers(load_row(data))
    strange = np.flatnonzero((row != 0) & (row != 1))
    if strange.size:
        at = int(strange[0])
        raise BadTrace(f"entry {at} is {int(row[at])}, neither 0 nor 1", "name another format")
    return Decoded(row == 1)


def decode_packet_indices(data: bytes) -> Decoded:
    """Read the indices of lost packets."""
    return flags_from_indices(whole_numbers(load_row(data)))


def decode_sample_indices(data: bytes) -> Decoded:
    """Read the indices of lost samples."""
    return flags_from_samples(whole_numbers(load_row(data)))


def encode_flags(trace: LossTrace) -> bytes:
    """Write an array of 0 and 1, one byte each."""
    return _saved(trace.lost.astype(np.uint8))


def encode_inverted_flags(trace: LossTrace) -> bytes:
    """Write an array of 0 and 1, 1 = received."""
    return _saved((~trace.lost).astype(np.uint8))


def decode_raw_bytes(data: bytes) -> Decoded:
    """Read one byte of 0 or 1 per packet, 1 = lost."""
    codes = np.frombuffer(data, np.uint8)
    strange = np.flatnonzero(codes > 1)
    if strange.size:
        at = int(strange[0])
        raise BadTrace(f"byte {at} is 0x{int(codes[at]):02X}, neither 0 nor 1", "name another format")
    return Decoded(codes == 1)


def encode_raw_bytes(trace: LossTrace) -> bytes:
    """Write one byte of 0 or 1 per packet."""
    return trace.lost.astype(np.uint8).tobytes()


def encode_packet_indices(trace: LossTrace) -> bytes:
    """Write the indices of lost packets."""
    return _saved(np.flatnonzero(trace.lost).astype(np.int64))


def encode_sample_indices(trace: LossTrace) -> bytes:
    """Write the indices of lost samples."""
    return _saved(lost_samples(trace))


def _saved(array: npt.NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or ["damaged"])[0]
