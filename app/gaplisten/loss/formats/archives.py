"""NumPy archives (``.npz``): the array in one that tells of losses; nothing in it is unpickled."""

from __future__ import annotations

import io
import zipfile
import zlib

from gaplisten.loss.formats.contract import BadTrace

MAGIC = b"PK\x03\x04"
_MOST_ARRAYS = 1000
_NAMES = ("lost", "is_lost", "loss", "trace", "loss_trace", "mask", "bfi", "received", "flags")
_SAVE = "save the array itself with numpy.save"


def unpacked(data: bytes, most: int) -> tuple[bytes, str]:
    """Return the one array in an archive that can be a trace, and its name.

    Parameters
    ----------
    most
        Bytes that it may have; not one more is unpacked.

    Raises
    ------
    BadTrace
        If it is another archive, damaged, or several arrays may be meant.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = archive.infolist()
            arrays = {
                each.filename.removesuffix(".npy"): each for each in listed if each.filename.endswith(".npy")
            }
            if not arrays or len(listed) > _MOST_ARRAYS:
                raise BadTrace("is a ZIP archive without arrays (.npz files are such)", _SAVE)
            name = _chosen(list(arrays))
            if arrays[name].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise BadTrace("is packed as NumPy packs none", _SAVE)
            if arrays[name].file_size > most:
                raise BadTrace(
                    f"holds an array of {arrays[name].file_size:,} bytes", "check what this file is"
                )
            with archive.open(arrays[name]) as file:
                found = file.read(most + 1)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
    ) as error:
        raise BadTrace(f"is a damaged ZIP archive ({error})", "make or copy it again") from error
    if len(found) > most:
        raise BadTrace("holds a larger array than it says", "make it again")
    return found, name


def _chosen(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    known = [name for name in _NAMES if name in names]
    if len(known) == 1:
        return known[0]
    fact = f"holds {len(names)} arrays: {', '.join(sorted(names)[:6])}"
    raise BadTrace(fact, _SAVE)
