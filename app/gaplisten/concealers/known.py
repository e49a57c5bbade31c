"""Descriptions of plugins kept on disk, so that a start need not run any of them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import sysconfig
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gaplisten.concealers.entries import BrokenEntry, Entry, from_json, to_json
from gaplisten.concealers.sources import Source
from gaplisten.folders import user_cache

_FORMAT = 4


class Known:
    """What is known of plugin files by path; valid while size and time, or else the content, are the same."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or user_cache() / "concealers.json"
        self._environment = _environment()
        self._items: dict[str, dict[str, Any]] = self._read()
        self._dirty = False

    def get(self, source: Source) -> Entry | BrokenEntry | None:
        """Return what is known of the file as it is now."""
        item = self._items.get(_key(source))
        if item is None:
            return None
        path = Path(item["path"])
        if file_stamp(path) != item["stamp"] and not self._same_content(item, path):
            return None
        try:
            return self._entry(item, source)
        except (KeyError, TypeError, ValueError):
            return None

    def _same_content(self, item: dict[str, Any], path: Path) -> bool:
        if file_digest(path) != item["digest"]:
            return False
        item["stamp"] = file_stamp(path)
        self._dirty = True
        return True

    def _entry(self, item: dict[str, Any], source: Source) -> Entry | BrokenEntry | None:
        if "entry" in item:
            return from_json({**item["entry"], "name": source.name, "origin": source.origin})
        # A missing library may have come since: what is broken is tried again after an installation.
        if item["environment"] != self._environment:
            return None
        return BrokenEntry(
            **{**item["broken"], "path": Path(item["path"]), "name": source.name, "origin": source.origin}
        )

    def put(self, source: Source, entry: Entry | BrokenEntry) -> None:
        """Remember what was found."""
        item: dict[str, Any] = {
            "path": str(entry.path),
            "stamp": file_stamp(entry.path),
            "digest": entry.digest,
        }
        if isinstance(entry, Entry):
            item["entry"] = to_json(entry)
        else:
            item["broken"] = {**asdict(entry), "path": str(entry.path)}
            item["environment"] = self._environment
        self._items[_key(source)] = item
        self._dirty = True

    def save(self) -> None:
        """Write to disk what is new. A read-only disk is no error."""
        if not self._dirty:
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
            part.write_text(json.dumps({"format": self._version(), "plugins": self._items}), encoding="utf-8")
            part.replace(self._path)

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            data = json.loads(self._path.read_text(encoding="utf-8"))
            items = data["plugins"] if data["format"] == self._version() else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        needed = {"path", "stamp", "digest"}
        return {key: item for key, item in items.items() if isinstance(item, dict) and needed <= item.keys()}

    @staticmethod
    def _version() -> list[Any]:
        return [_FORMAT, sys.version]


def _key(source: Source) -> str:
    return f"{source.origin}:{source.entry_point or source.path}"


def file_stamp(path: Path) -> list[int]:
    """Return size and time of a file; empty when it cannot be read."""
    try:
        found = path.stat()
    except OSError:
        return []
    return [found.st_size, found.st_mtime_ns]


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file; empty when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _environment() -> list[Any]:
    """Return something that changes when libraries are installed or removed."""
    folders = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    return [file_stamp(Path(folder)) for folder in sorted(folders)]
