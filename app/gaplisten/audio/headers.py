"""What the first bytes of a sound file promise, compared with what is there.

libsndfile repairs short files without a word; a test bench has to say so instead.
"""

from __future__ import annotations

import os
import re
import stat
import struct
from pathlib import Path
from typing import BinaryIO

from gaplisten.audio.caf import check_caf
from gaplisten.audio.mpeg import check_mpeg, is_mpeg
from gaplisten.audio.ogg import check_ogg
from gaplisten.audio.promises import CONVERT, COPY_AGAIN, STREAMING, HeaderFault, Promise, compare, more
from gaplisten.audio.riff import CHUNKED, check_chunks, check_wave64
from gaplisten.texts import marked
from gaplisten.untrusted import open_file

_TEXT = ("holds text, not sound", "check which file was saved under this name")
_LFS = b"version https://git-lfs"
_VOC = b"Creative Voice File\x1a"
_MAGICS = (*CHUNKED, b"fLaC", b"OggS", b".snd", b"caff", b"NIST", b"riff", b"ID3", _VOC)
_AU_BITS = {23: 4, 25: 3, 26: 5}  # the codecs of AU files that libsndfile fills up to whole blocks
_VOC_SOUND = (1, 2, 3, 6, 9)  # sound, more of it, silence, "repeat", sound with another head


def check_header(path: Path) -> Promise:
    """Compare a file's declared with its real length.

    Raises
    ------
    HeaderFault
        If the file is empty, a Git-LFS pointer, text, a pipe, or shorter than its header says.
    """
    if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe or a device could wait for ever
        raise HeaderFault("is a pipe or a device, not a file", "save the sound to a file first")
    with open_file(path) as file:
        length = os.fstat(file.fileno()).st_size
        head = file.read(1024) if length else b""  # some file systems give more than they tell of
        _refuse_other(head)
        return _promise(file, head, length)


def _promise(file: BinaryIO, head: bytes, length: int) -> Promise:
    kind = head[:4]
    if kind in CHUNKED:
        return check_chunks(file, kind, length)
    if kind == b".snd" and len(head) >= 24:
        return _check_au(head, length)
    if kind == b"riff":
        return check_wave64(file, length)
    if kind == b"NIST":
        return _check_sphere(head, length)
    if kind == b"caff":
        return check_caf(file, length)
    if kind == b"OggS":
        return Promise(check_ogg(file, length))
    if kind == b"fLaC":
        _refuse_streamed_flac(head)
        return Promise()
    if head.startswith(_VOC):
        return _check_voc(file, length)
    found = check_mpeg(file) if is_mpeg(head) else None
    if found is None:
        raise HeaderFault("is not a sound file that can be read (no format is recognised)", CONVERT)
    return found


def has_sound_magic(path: Path) -> bool:
    """Tell whether a file begins like a sound file, so that a failure to read it means damage."""
    with open_file(path) as file:
        return begins_as_sound(file.read(len(_VOC)))


def begins_as_sound(head: bytes) -> bool:
    """Tell whether a file's first bytes are those of a format of sound files."""
    return head.startswith(_MAGICS)


def _refuse_other(head: bytes) -> None:
    if begins_as_sound(head):
        return
    refuse_text(head[:512])
    if marked(head):
        raise HeaderFault(*_TEXT)


def refuse_text(head: bytes) -> None:
    """Refuse a file whose first bytes are none, or letters, signs and line ends only.

    Raises
    ------
    HeaderFault
        Saying whether it is empty, a Git-LFS pointer or another text.
    """
    if not head:
        raise HeaderFault("is empty (0 bytes)", COPY_AGAIN)
    if head.startswith(_LFS):
        raise HeaderFault("is a Git-LFS pointer, not the sound itself", "fetch the file with 'git lfs pull'")
    if all(byte in b"\t\r\n\f" or 32 <= byte < 127 for byte in head):
        raise HeaderFault(*_TEXT)


def _check_au(head: bytes, length: int) -> Promise:
    start, size, codec = struct.unpack(">III", head[4:16])
    notes = compare(size, length - start)
    if size == STREAMING:
        return Promise(notes)
    bits = _AU_BITS.get(codec)
    return Promise(more(length - start - size), size * 8 // bits if bits else None)


def _check_sphere(head: bytes, length: int) -> Promise:
    fields = {name: int(value) for name, value in re.findall(rb"(\w+) -i (\d+)", head)}
    size = re.match(rb"NIST_1A\s+(\d+)", head)
    wanted = (b"sample_count", b"sample_n_bytes")
    if size is None or any(name not in fields for name in wanted):
        return Promise()
    promised = fields[b"sample_count"] * fields[b"sample_n_bytes"] * fields.get(b"channel_count", 1)
    there = length - int(size[1])
    notes = compare(promised, there)
    return Promise(notes or more(there - promised), fields[b"sample_count"])


def _check_voc(file: BinaryIO, length: int) -> Promise:
    """Walk a Creative Voice file's blocks: a kind, a size of 24 bits; 0 ends them."""
    file.seek(20)
    at = int.from_bytes(file.read(2), "little")
    sounds, frames = 0, None
    while at < length:
        file.seek(at)
        head = file.read(12)
        if head[:1] == b"\0":
            at += 1
            break
        size = int.from_bytes(head[1:4], "little")
        if head[0] in _VOC_SOUND:
            sounds, frames = sounds + 1, _voc_frames(head, size)
        at += 4 + size
        if len(head) < 4 or at > length:
            raise HeaderFault(
                f"is cut short: its last part would end at byte {at}, it has {length}", COPY_AGAIN
            )
    if sounds > 1:  # libsndfile plays the heads of all but the first as sound
        raise HeaderFault(f"is made of {sounds} parts, of which only one could be read", CONVERT)
    return Promise(more(length - at), frames)


def _voc_frames(head: bytes, size: int) -> int | None:
    # libsndfile goes on to the end of the file, whatever lies behind the sound.
    if head[0] == 9 and len(head) >= 10 and head[8] in (8, 16) and head[9]:
        return (size - 12) * 8 // (head[8] * head[9])
    return size - 2 if head[0] == 1 else None


def _refuse_streamed_flac(head: bytes) -> None:
    # libsndfile takes its length for endless, and cannot read to the end of that.
    if len(head) >= 42 and head[4] & 0x7F == 0 and not (head[21] & 0x0F or any(head[22:26])):
        raise HeaderFault(
            "does not say how long it is (written as a stream)",
            "decode it and encode it again, into a file (flac -d, then flac)",
        )


def flac_digest(path: Path) -> tuple[int, bytes] | None:
    """Return the bits per sample and the MD5 of the samples that a FLAC file's header names, if it does."""
    with open_file(path) as file:
        head = file.read(42)
    if len(head) < 42 or head[:4] != b"fLaC" or not any(head[26:42]):
        return None
    return ((head[20] & 1) << 4 | head[21] >> 4) + 1, head[26:42]
