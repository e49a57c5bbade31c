"""Files of calls: told apart by their first bytes or lines, and read into streams, delays or totals.

Each kind is a module of this folder that has ``FORMATS``, a tuple of `CaptureFormat`: a new one is one more
file. Every reader is bounded: what a file says of lengths is compared with what is there before it is used.
"""

from __future__ import annotations

import importlib
import pkgutil
import zlib
from dataclasses import replace
from pathlib import Path

from gaplisten.captures.formats.contract import CaptureFormat, Damaged
from gaplisten.captures.streams import Capture, CaptureError
from gaplisten.jobs import Job
from gaplisten.untrusted import open_file, read_regular

MAX_BYTES = 256 * 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"
_HEAD = 4096
_PIECE = 1 << 18  # bytes
_FIRST_PIECE = 1 << 9  # of thousands of files behind each other, each is copied with what follows it
_SMALLER = "cut it down first, with 'editcap', or 'tshark -r IN -Y rtp -w OUT'"


def _formats() -> tuple[CaptureFormat, ...]:
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    found = [form for module in modules for form in getattr(module, "FORMATS", ())]
    return tuple(sorted(found, key=lambda form: form.place))


FORMATS = _formats()
_BY_NAME = {form.name: form for form in FORMATS}


def is_capture(path: Path) -> bool:
    """Whether a file's beginning is that of a capture or log of a call; False when it cannot be read."""
    try:
        return _recognised(_head(path)) is not None
    except OSError:
        return False


def read_capture(path: Path, job: Job | None = None, *, form: str | None = None) -> Capture:
    """Read a capture or log of a call.

    Parameters
    ----------
    form
        Name of one of `FORMATS`, where the file does not tell.

    Raises
    ------
    CaptureError
        If it is none, is damaged, too large, or holds nothing of a call.
    """
    job = job or Job()
    job.check(0.0, f"reading {path.name}")
    try:
        data, notes = _unpacked(path, read_regular(path, MAX_BYTES))
    except FileNotFoundError as error:
        raise CaptureError(str(path), "there is no such file", "check the path") from error
    except OSError as error:
        fact = f"cannot be read ({error.strerror})"
        raise CaptureError(str(path), fact, _SMALLER if "allowed" in fact else "check it") from error
    if not data:
        raise CaptureError(str(path), "is empty (0 bytes)", "make or copy it again")
    known = _recognised(data[:_HEAD]) if form is None else _BY_NAME[form]
    if known is None:
        kinds = ", ".join(each.help for each in FORMATS)
        raise CaptureError(str(path), "is no capture or log of a call", f"known are: {kinds}")
    job.check(0.1)
    try:
        found = known.read(path, data, job)
    except Damaged as bad:
        raise CaptureError(str(path), bad.fact, bad.way_out) from bad
    if known.by_lines and not data.rstrip(b"\0").endswith((b"\n", b"\r")):
        notes = (*notes, "its last line has no end: the file may be cut short")
    job.check(1.0)
    return replace(found, notes=(*notes, *found.notes))


def _recognised(head: bytes) -> CaptureFormat | None:
    return next((form for form in FORMATS if form.recognises(head)), None)


def _head(path: Path) -> bytes:
    with open_file(path) as file:
        head = file.read(_HEAD)
    if head.startswith(GZIP_MAGIC):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, _HEAD)
        except zlib.error:
            return b""
    return head


def _unpacked(path: Path, data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return a file's bytes, unpacked where it is a gzip file, and what is to be said of that."""
    if not data.startswith(GZIP_MAGIC):
        return data, ()
    parts, size, at = list[bytes](), 0, 0
    while data.startswith(GZIP_MAGIC, at):
        opened, packed, piece = zlib.decompressobj(wbits=31), b"", _FIRST_PIECE
        while not opened.eof:
            # In small pieces: of what unpacks to far too much, no more is held than may be.
            packed = opened.unconsumed_tail or data[at : at + piece]
            piece = _PIECE
            at += 0 if opened.unconsumed_tail else len(packed)
            try:
                parts.append(opened.decompress(packed, _PIECE))
            except zlib.error as error:
                fact = f"is a damaged gzip file ({error})"
                way_out = "copy it again, or unpack what can be with 'gzip -dc'"
                raise CaptureError(str(path), fact, way_out) from error
            if not packed and not parts[-1] and not opened.eof:
                fact = "is cut short: the gzip file breaks off"
                raise CaptureError(str(path), fact, "copy it again, or unpack what is there with 'gzip -dc'")
            size += len(parts[-1])
            if size > MAX_BYTES:
                fact = f"holds more than {MAX_BYTES // 2**20} MiB when unpacked"
                raise CaptureError(str(path), fact, _SMALLER)
        at -= len(opened.unused_data)
    rest = len(data) - at
    notes = (f"{rest} bytes behind the packed file are not read",) if data[at:].strip(b"\0") else ()
    return b"".join(parts), notes
