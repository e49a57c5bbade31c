"""The files that a document's concealer would run or read, found without running anything.

They are those that it names itself: programs, code, models. With code goes all code in its folder and below,
for that is what it can import, whatever is added there; with a description the models that it names; with a
script, or code, the programs, models and settings that stand in its text by their names. A name that is only
put together when the code runs cannot be known.
"""

from __future__ import annotations

import errno
import hashlib
import json
import mmap
import os
import re
import shlex
import shutil
import stat
import tomllib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gaplisten.concealers.code_files import CodeFolder, code_folders
from gaplisten.untrusted import open_regular, read_regular

MOST_FILES = 2000
"""A folder of more files cannot be told from a changed one: it is asked about each time."""

MOST_BYTES = 4 * 2**30
"""Nor can files that are larger altogether, or that have no end, as some of the system's."""


_PART_OF_COMMAND = re.compile(r"[\s;|&<>()'\"=,]+")
_FILLED_IN = re.compile(r"(?<!\{)\{[^{}]*\}(?!\})")

_LOCATION = re.compile(rb"\n\x08location(?:\x12(.))?", re.DOTALL)
"""In ONNX's protocol buffers: the key ``location`` of an entry, then the length of its value."""

_DESCRIPTION_BYTES = 1_000_000
_WORD = re.compile(r"[\w.@%+~/-]{2,250}")
_SUFFIX = re.compile(r"\.\w{1,12}")
_CODE = {".py", ".pyc", ".pyd", ".sh", ".bash", ".pl", ".rb", ".lua", ".js", ".jl", ".r", ".m"}
_PROGRAMS = {".exe", ".bat", ".so", ".dll", ".dylib", ".jar", ".whl", ".egg", ".zip"}
_MODELS = {".onnx", ".ort", ".tflite", ".pt", ".pth", ".ckpt", ".h5", ".hdf5", ".pb", ".safetensors", ".gguf"}
_NUMBERS = {".npz", ".npy", ".pkl", ".pickle", ".joblib", ".mat", ".bin", ".dat", ".data", ".weights"}
_SETTINGS = {".json", ".toml", ".yaml", ".yml", ".cfg", ".ini"}
_KINDS = frozenset().union(_CODE, _PROGRAMS, _MODELS, _NUMBERS, _SETTINGS)
"""What decides how a program works; sounds, tables and logs come and go."""

Stamp = tuple[int, ...]
"""Size, number and times of a file; of a folder its time, and which code is in it; empty for none."""


def files_in(value: str) -> Iterator[Path]:
    """Give the files that a path or a command names, the programs among them."""
    words = [value]
    with suppress(ValueError):
        words += shlex.split(value)
    words += _PART_OF_COMMAND.split(value)
    for word in dict.fromkeys(meant for each in words for meant in _meant(each)):
        if word and "\0" not in word:
            yield Path(word).absolute()
            if found := shutil.which(word):
                yield Path(found)


def _meant(word: str) -> Iterator[str]:
    """Give a word as it stands, and as a shell and the template of a command would turn it."""
    for text in (word, os.path.expandvars(os.path.expanduser(word))):
        yield text
        if "{" in text:
            yield _FILLED_IN.sub("", text).replace("{{", "{").replace("}}", "}")
            yield from _filled_in(text)


def _filled_in(text: str) -> Iterator[str]:
    """Give the files whose names a template can become, such as ``/opt/plc_{rate}``."""
    folder, name = os.path.split(text)
    if not folder or folder.startswith("{") or "\0" in text:
        return
    parts = [_literal(part.replace("{{", "{").replace("}}", "}")) for part in _FILLED_IN.split(name)]
    if len(parts) > 1:
        with suppress(OSError, ValueError):
            yield from (str(each) for each in sorted(Path(folder).absolute().glob("*".join(parts) or "*")))


def contents_of(files: Iterable[Path], stamps: dict[Path, Stamp]) -> dict[str, str]:
    """Return SHA-256 of files that are named, and of what these import, name and run; by their paths.

    Parameters
    ----------
    stamps
        Gets what the system says of each, and of each folder of code, before it is read.

    Raises
    ------
    OSError
        If there are more, or larger, than can be told from changed ones.
    """
    named = [Path(os.path.normpath(each)) for each in files]
    contents: dict[str, str] = {}
    left = MOST_BYTES
    for path in named:
        if path.suffix in _KINDS and not path.exists():
            stamps[path] = ()  # what appears there later is not what was allowed
    for path in [*named, *_beside(named, stamps)]:
        for each in _all_of(path):
            if str(each) not in contents:
                stamps[each] = stamp_of(each)
                contents[str(each)], size = _content(each, left)
                left -= size
            if len(contents) > MOST_FILES:
                raise OSError(errno.EFBIG, "there are too many files", str(path))
    return contents


def stamp_of(path: Path, known: Stamp | None = None) -> Stamp:
    """Return what the system says of a file, or of the code in a folder; nothing where there is none.

    Parameters
    ----------
    known
        What it said before. Of a folder, code is looked for only when anything in it has come or gone.
    """
    try:
        found = path.stat()
    except OSError:
        return ()
    if not stat.S_ISDIR(found.st_mode):
        return found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns
    if known and found.st_mtime_ns == known[0]:
        return known
    try:
        now = _stamp_of_folder(next(code_folders(path, 10 * MOST_FILES)))
    except OSError:
        return ()
    return known if known and now[1:] == known[1:] else now


def _stamp_of_folder(folder: CodeFolder) -> Stamp:
    names = "\0".join([*folder.below, "", *(each.name for each in folder.code)])
    return folder.modified, zlib.crc32(os.fsencode(names))


def _content(path: Path, most: int) -> tuple[str, int]:
    """Return SHA-256 and size of a file; one of more than `most` bytes is an `OSError`."""
    digest, size = hashlib.sha256(), 0
    with open_regular(path) as descriptor:
        told = os.fstat(descriptor).st_size
        if told > most:
            raise OSError(errno.EFBIG, "it is too large", str(path))
        while part := os.read(descriptor, 1 << 20):
            size += len(part)
            if size > told:  # some files of the system have no end
                raise OSError(errno.EFBIG, "it grows", str(path))
            digest.update(part)
    return digest.hexdigest(), size


def _all_of(path: Path) -> Iterator[Path]:
    if path.is_dir() and path.parent != path:
        for folder, _, names in os.walk(path):
            yield from (Path(folder, name) for name in sorted(names) if _is_regular(Path(folder, name)))
    elif _is_regular(path):
        yield path


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)  # a FIFO would be waited for
    except (OSError, ValueError):
        return False


def _beside(named: Sequence[Path], stamps: dict[Path, Stamp]) -> Iterator[Path]:
    """Give what files of code import, what descriptions of models name, and what scripts name that run."""
    for path in filter(_is_regular, named):
        if path.suffix == ".py":
            # A link's own folder is what Python imports from; that of its target is what many code asks for.
            for folder in dict.fromkeys((path.parent, path.resolve().parent)):
                yield from _code_in(folder, stamps)
        if path.suffix in (".toml", ".json"):
            for text in filter(None, _texts(_read(path))):
                model = path.parent / text
                yield from sorted(model.parent.glob(f"{_literal(model.name)}*"))
                yield from _stored_apart(model)
        else:
            yield from _stored_apart(path)
            yield from _in_words(path, stamps)


def _code_in(folder: Path, stamps: dict[Path, Stamp]) -> Iterator[Path]:
    for each in code_folders(folder, 10 * MOST_FILES):
        stamps[each.path] = _stamp_of_folder(each)
        yield from each.code


def _in_words(script: Path, stamps: dict[Path, Stamp]) -> Iterator[Path]:
    """Give code, programs, models and settings that a script or a file of code names, and what these name."""
    left, seen = [script], {script}
    while left:
        if len(seen) > MOST_FILES:  # what is not looked at could not be told from a changed one
            raise OSError(errno.EFBIG, "it names too many files", str(script))
        path = left.pop()
        for word in sorted(_words(path)):
            for other in {
                path.parent / word,
                path.with_suffix(word) if _SUFFIX.fullmatch(word) else path,
            } - seen:
                if other.is_dir() and other.name.startswith(".") and other.parent == path.parent:
                    seen.add(other)  # a folder that is hidden is none of those that are looked through anyway
                    yield from _code_in(other, stamps)
                elif _is_regular(other) and (other.suffix in _KINDS or os.access(other, os.X_OK)):
                    seen.add(other)
                    left.append(other)
                    yield Path(os.path.normpath(other))
                    yield from _stored_apart(other)


def _words(path: Path) -> set[str]:
    """Return what may be names of files in a text; nothing for what is none, or too long for one by hand."""
    try:
        data = read_regular(path, _DESCRIPTION_BYTES)
    except OSError:
        return set()
    if b"\0" in data:
        return set()
    found = {match[0] for match in _WORD.finditer(data.decode("utf-8", "replace"))}
    named = {name for word in found if set("./~") & set(word) for name in _after_a_folder(word)}
    return {name for name in named if name.strip("./")}


def _after_a_folder(word: str) -> Iterator[str]:
    """Give a word, and what is left of it without folders before it.

    Scripts mostly name their own as ``$HERE/core``, ``$(dirname "$0")/core`` or ``%~dp0core.exe``.
    """
    yield word
    yield word.removeprefix("%~dp0")
    for at, sign in enumerate(word):
        if sign == "/":
            yield word[at + 1 :]


def _stored_apart(model: Path) -> Iterator[Path]:
    """Give the files in which a large ONNX model keeps its numbers, as it names them itself.

    Raises
    ------
    OSError
        If they are written in a way in which no program writes them, so that they cannot be told.
    """
    if not _is_regular(model) or not model.stat().st_size:
        return
    if model.stat().st_size > MOST_BYTES:
        raise OSError(errno.EFBIG, "it is too large", str(model))
    with open_regular(model) as descriptor, mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as data:
        for found in _LOCATION.finditer(data):
            if found[1] is None:
                raise OSError(errno.EINVAL, "it does not say in order where its numbers are", str(model))
            size, at = found[1][0] & 0x7F, found.end()
            if found[1][0] & 0x80:
                size, at = size + (data[at] << 7), at + 1
            yield model.parent / os.fsdecode(data[at : at + size].replace(b"\0", b""))


def _literal(name: str) -> str:
    return re.sub(r"([\[?*])", r"[\1]", name)


def _read(path: Path) -> Any:
    try:
        text = read_regular(path, _DESCRIPTION_BYTES).decode()
        return tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError, RecursionError):
        return None


def _texts(values: Any) -> Iterator[str]:
    """Give the texts in a description of a model: they are not nested deeply."""
    tables = [values] if isinstance(values, dict) else []
    tables += [each for each in (values or {}).values() if isinstance(each, dict)] if tables else []
    for table in tables:
        yield from (each for each in table.values() if isinstance(each, str) and "\0" not in each)
