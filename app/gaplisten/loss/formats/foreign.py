"""Files that are no loss trace, by their first bytes: refused before any reading of them is offered."""

from __future__ import annotations

from gaplisten.loss.formats.contract import BadTrace, Content

_CAPTURE = (
    "make a trace of it with 'gaplisten trace FILE --to challenge OUT', or open it with Open Call Capture"
)
_SOUND = "open it as a sound file"
_UNPACK = "unpack it first"
_WRONG = "name the trace file"
_FETCH = "fetch the real file with 'git lfs pull'"

_MAGICS: tuple[tuple[bytes, str, str], ...] = (
    (b"version https://git-lfs", "a Git-LFS pointer, not the trace itself", _FETCH),
    (b"\xd4\xc3\xb2\xa1", "a packet capture (pcap)", _CAPTURE),
    (b"\xa1\xb2\xc3\xd4", "a packet capture (pcap)", _CAPTURE),
    (b"\x4d\x3c\xb2\xa1", "a packet capture (pcap)", _CAPTURE),
    (b"\xa1\xb2\x3c\x4d", "a packet capture (pcap)", _CAPTURE),
    (b"\x0a\x0d\x0d\x0a", "a packet capture (pcapng)", _CAPTURE),
    (b"#!rtpplay1.0", "an RTP dump", _CAPTURE),
    (b"Packet   - wallclock:", "a log of NetEQ", _CAPTURE),
    (b"GetAudio - wallclock:", "a log of NetEQ", _CAPTURE),
    (b"PK\x03\x04", "a ZIP archive (.npz files are such)", "save the array itself with numpy.save"),
    (b"PK\x05\x06", "an empty ZIP archive", _WRONG),
    (b"\x1f\x8b", "compressed with gzip", _UNPACK),
    (b"BZh", "compressed with bzip2", _UNPACK),
    (b"\xfd7zXZ\x00", "compressed with xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"RIFF", "a RIFF file (WAV sound)", _SOUND),
    (b"RIFX", "a RIFF file (WAV sound)", _SOUND),
    (b"RF64", "an RF64 sound file", _SOUND),
    (b"riff\x2e\x91\xcf\x11", "a Wave64 sound file", _SOUND),
    (b"fLaC", "a FLAC sound file", _SOUND),
    (b"OggS", "an Ogg sound file", _SOUND),
    (b"FORM", "an AIFF sound file", _SOUND),
    (b"caff", "a CAF sound file", _SOUND),
    (b".snd", "an AU sound file", _SOUND),
    (b"NIST_1A", "a NIST SPHERE sound file", _SOUND),
    (b"ID3", "an MP3 sound file", _SOUND),
    (b"\x89PNG", "a PNG picture", _WRONG),
    (b"\xff\xd8\xff", "a JPEG picture", _WRONG),
    (b"GIF8", "a GIF picture", _WRONG),
    (b"%PDF", "a PDF document", _WRONG),
    (b"\x7fELF", "a program (ELF)", _WRONG),
    (b"MZ\x90\x00", "a program (Windows)", _WRONG),
    (b"SQLite format 3\x00", "an SQLite database", _WRONG),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "save one 0 or 1 per packet as text or .npy"),
    (b"MATLAB 5.0 MAT-file", "a MATLAB file", "save one 0 or 1 per packet as text or .npy"),
)  # fmt: skip
_PICKLES = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))


def refuse(content: Content) -> None:
    """Refuse a file that tells by its first bytes that it is no trace.

    Raises
    ------
    BadTrace
        With what it is and what can be done.
    """
    data = content.data
    for magic, what, way_out in _MAGICS:
        if data.startswith(magic):
            raise BadTrace(f"is {what}", way_out)
    if data[4:8] == b"ftyp":
        raise BadTrace("is an MP4 file", _WRONG)
    if data.startswith(_PICKLES) and data.endswith(b"."):
        raise BadTrace("is a Python pickle, which is never opened", "save the array with numpy.save")
