"""Results kept on disk, so that going back to an earlier setting is instant.

One file per result: a JSON line, then float32 samples. Nothing in it is trusted: what does not add up is
ignored and made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.machinery
import json
import os
import stat
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gaplisten.audio.signal import Samples, Signal
from gaplisten.concealers.entries import Entry
from gaplisten.durable.digests import sha256_of
from gaplisten.durable.files import write_whole
from gaplisten.folders import user_cache
from gaplisten.loss.trace import LossTrace
from gaplisten.untrusted import read_regular

_FORMAT = 3
_SUFFIX = ".concealed"
_SWEEP_EVERY = 50
_SWEEP_TO = 0.8


@dataclass(frozen=True, eq=False)
class Kept:
    """What was read back: the samples, and what else was known of them."""

    samples: Samples
    facts: dict[str, Any]


def key_of(
    entry: Entry,
    parameters: Mapping[str, Any],
    lossy: Signal,
    trace: LossTrace,
    reference: Samples | None = None,
) -> str:
    """Return a name for one result: of plugin source, parameters and their files, signal and trace.

    Parameters
    ----------
    parameters
        Validated. A `Path` counts with the content of the file that it names.
    reference
        The undamaged speech where the result depends on it.
    """
    digest = hashlib.blake2b(digest_size=20)
    facts = {
        "format": _FORMAT,
        "plugin": entry.digest,
        # The same text in another folder may import another helper.
        "path": "" if entry.origin == "bundled" else str(entry.path),
        "target": entry.target,
        "parameters": plain_parameters(parameters),
        "signal": [lossy.rate, list(lossy.samples.shape)],
        "trace": [trace.rate, trace.packet_frames, trace.packets],
    }
    digest.update(json.dumps(facts, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(lossy.samples).data)
    digest.update(np.packbits(trace.lost).data if trace.packets else b"")
    if reference is not None:
        digest.update(np.ascontiguousarray(reference).data)
    return digest.hexdigest()


def plain_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return validated parameters as plain values, a `Path` with the content of what it names."""
    return {name: _plain(value) for name, value in sorted(parameters.items())}


def unchanged(files: Sequence[Any]) -> bool:
    """Tell whether files that a plugin used (`Concealed.files`) are still as they were."""
    return all((describe_file(file[0]) or [file[0]]) == list(file) for file in files)


def describe_file(path: str) -> list[Any] | None:
    """Return what changes when a file's content, or the names in a folder, do; None when there is neither.

    Returns
    -------
    described
        ``[path, size, modification time in ns, time of change in ns, number]`` of a regular file,
        ``[path, names]`` of a folder; if the path ends with a separator, only of names that can be imported.
    """
    try:
        found = os.stat(path)
        if stat.S_ISREG(found.st_mode):
            # The second time cannot be set: copying over a file and restoring its time shows.
            return [path, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
        if stat.S_ISDIR(found.st_mode):
            return [path, _names_in(path)]
    except (OSError, ValueError):
        pass
    return None


def _names_in(folder: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(os.listdir(folder)):
        if name != "__pycache__" and (not folder.endswith(os.sep) or _can_be_imported(name)):
            digest.update(os.fsencode(name) + b"\0")
    return digest.hexdigest()


def _can_be_imported(name: str) -> bool:
    return name.isidentifier() or name.endswith(tuple(importlib.machinery.all_suffixes()))


def _plain(value: Any) -> Any:
    if not isinstance(value, Path):
        return value
    if str(value) in ("", "."):  # not set; and never the current folder with all it holds
        return ""
    if value.is_dir():
        inside = sorted(path for path in value.rglob("*") if path.is_file())[:1000]
        return [str(value), [describe_file(str(path)) for path in inside]]
    return [str(value), _content(value)]


_contents: dict[tuple[str, int, int], str] = {}


def _content(path: Path) -> str:
    """Return the SHA-256 of a file, remembered by its size and time."""
    try:
        found = path.stat()
        name = (str(path), found.st_size, found.st_mtime_ns)
        if name not in _contents:
            _contents[name] = sha256_of(path)
        return _contents[name]
    except OSError:
        return ""


class Cache:
    """A folder of results, bounded in size; the least recently used go first.

    Parameters
    ----------
    folder
        Made when needed; several processes may share it.
    limit_bytes
        Upper bound, checked now and then: it may be passed for a moment.
    """

    def __init__(self, folder: Path | None = None, limit_bytes: int = 2**30) -> None:
        self.folder = folder or user_cache() / "concealed"
        self.limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._written_bytes = 0
        self._writes = 0

    def get(self, key: str) -> Kept | None:
        """Return what was kept under the key; None also when a file that the plugin read has changed."""
        path = self._path(key)
        try:
            data = read_regular(path, self.limit_bytes)
            kept = _decode(data)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not unchanged(kept.facts.get("files", [])):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # the sweep goes by this time
        return kept

    def put(self, key: str, samples: Samples, facts: Mapping[str, Any]) -> None:
        """Keep a result. A full or read-only disk is no error: it is only a cache."""
        data = _encode(samples, facts)
        if len(data) > self.limit_bytes // 4:
            return
        with contextlib.suppress(OSError):
            path = self._path(key)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data, sync=False)
            self._count(len(data))

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}{_SUFFIX}"

    def _count(self, size: int) -> None:
        with self._lock:
            self._writes += 1
            self._written_bytes += size
            due = self._writes % _SWEEP_EVERY == 1 or self._written_bytes > self.limit_bytes // 20
            if due:
                self._written_bytes = 0
        if due:
            self.sweep()

    def sweep(self) -> None:
        """Delete the least recently used results when the folder is above its limit."""
        files = []
        for path in self.folder.rglob(f"*{_SUFFIX}"):
            with contextlib.suppress(OSError):
                found = path.stat()
                files.append((found.st_mtime_ns, found.st_size, path))
        total = sum(size for _, size, _ in files)
        if total <= self.limit_bytes:
            return
        for _, size, path in sorted(files):
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size
            if total <= self.limit_bytes * _SWEEP_TO:
                return


def _encode(samples: Samples, facts: Mapping[str, Any]) -> bytes:
    body = np.ascontiguousarray(samples).tobytes()
    check = hashlib.blake2b(body, digest_size=16).hexdigest()
    head = {"format": _FORMAT, "shape": list(samples.shape), "check": check, "facts": dict(facts)}
    return json.dumps(head).encode() + b"\n" + body


def _decode(data: bytes) -> Kept:
    line, _, body = data.partition(b"\n")
    head: dict[str, Any] = json.loads(line)
    if head["format"] != _FORMAT or hashlib.blake2b(body, digest_size=16).hexdigest() != head["check"]:
        raise ValueError("damaged")
    return Kept(np.frombuffer(body, np.float32).reshape(head["shape"]).copy(), dict(head["facts"]))
