"""Which concealers there are. Their code is run only in worker processes, and only when it is new."""

from __future__ import annotations

import contextlib
import difflib
import importlib.metadata
import json
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gaplisten.concealers.checked import held_for
from gaplisten.concealers.entries import BrokenEntry, Entry, Limits, from_json, to_json
from gaplisten.concealers.errors import UnknownConcealer
from gaplisten.concealers.failures import failure_of
from gaplisten.concealers.pool import Pool, Task
from gaplisten.concealers.process import Reply
from gaplisten.durable.digests import sha256_of
from gaplisten.durable.files import write_whole
from gaplisten.errors import GaplistenError
from gaplisten.folders import bundled_plugins, user_cache, user_plugins
from gaplisten.jobs import Job
from gaplisten.untrusted import read_regular

ENTRY_POINTS = "gaplisten.concealers"
_FORMAT = 5
_MOST_KNOWN = 64_000_000  # bytes
_LOOK_SECONDS = 0.05  # how soon a scan that is stopped ends


@dataclass(frozen=True, slots=True)
class Source:
    """One plugin file, or one entry point (then `path` is its value, ``module:Class``)."""

    name: str
    path: Path
    origin: str
    entry_point: str = ""


def find_sources(
    folders: Sequence[Path] = (), *, others: bool = True
) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """List plugins, and say which named folders cannot be read.

    Parameters
    ----------
    folders
        Folders that the user named.
    others
        Whether to look in the bundled folder, the user's plugin folder and the entry points too.

    Notes
    -----
    Of two plugins with one name the more personal wins: named folder, user's folder, entry point, bundled.
    """
    problems = tuple(
        f"{folder}: is not a folder that can be read" for folder in folders if not _readable(folder)
    )
    found: dict[str, Source] = {}
    if others:
        found.update((source.name, source) for source in _in_folder(bundled_plugins(), "bundled"))
        found.update((source.name, source) for source in _entry_points())
        found.update((source.name, source) for source in _in_folder(user_plugins(), "user"))
    for folder in folders:
        found.update((source.name, source) for source in _in_folder(folder, "named"))
    return tuple(found[name] for name in sorted(found)), problems


def _readable(folder: Path) -> bool:
    try:
        next(iter(folder.iterdir()), None)
    except OSError:
        return False
    return True


def _in_folder(folder: Path, origin: str) -> Iterator[Source]:
    try:
        files = sorted(folder.glob("*.py"))
    except OSError:
        return
    for path in files:
        # Folders and pipes are none; a link that leads nowhere is kept, to be said.
        named = not path.name.startswith(("_", "."))
        if named and (path.is_file() or path.is_symlink()):
            yield Source(path.stem, path.absolute(), origin)


def _entry_points() -> Iterator[Source]:
    for point in importlib.metadata.entry_points(group=ENTRY_POINTS):
        yield Source(point.name, Path(point.value), "entry point", point.value)


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
            content = json.dumps({"format": self._version(), "plugins": self._items})
            write_whole(self._path, content, sync=False)

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            data = json.loads(read_regular(self._path, _MOST_KNOWN))
            items = data["plugins"] if data["format"] == self._version() else {}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
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
        return sha256_of(path)
    except OSError:
        return ""


def _environment() -> list[Any]:
    """Return something that changes when libraries are installed or removed."""
    folders = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    return [file_stamp(Path(folder)) for folder in sorted(folders)]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The plugins found by one scan, broken ones included, sorted by name.

    Parameters
    ----------
    entries
        What was found.
    problems
        Folders that could not be read, one sentence each.
    """

    entries: tuple[Entry | BrokenEntry, ...]
    problems: tuple[str, ...] = ()
    _folders: tuple[Path, ...] = ()
    _others: bool = True
    _limits: Limits = field(default_factory=Limits)
    _stamps: dict[str, tuple[Path, list[int]]] = field(default_factory=dict)

    @classmethod
    def scan(
        cls,
        folders: Sequence[Path] | None = None,
        *,
        others: bool = True,
        only: str | None = None,
        limits: Limits | None = None,
        job: Job | None = None,
    ) -> Catalogue:
        """Find all plugins; describe the new ones in worker processes.

        Parameters
        ----------
        folders
            Folders that the user named, besides the bundled one, the user's own and the entry points.
        others
            False: only `folders`.
        only
            The plugin that is asked for, by name or path: no other new one is described, unless there is
            none of that name and the near ones are to be told.
        limits
            `Limits.import_seconds` bounds what one new plugin can cost.
        job
            Where progress is reported and the scan may be stopped; what was described by then is remembered.

        Raises
        ------
        JobCancelled
            If the job was cancelled.
        """
        limits = limits or Limits()
        folders = tuple(folders or ())
        sources, problems = find_sources(folders, others=others)
        known = Known()
        found = {source: known.get(source) for source in sources}
        new = [source for source, entry in found.items() if entry is None]
        if only is not None and (only.endswith(".py") or any(source.name == only for source in sources)):
            new = [source for source in new if source.name == only]
        try:
            for source, entry in _describe_all(new, limits, job or Job()):
                # A bundled plugin can only have failed by its surroundings, such as a machine too busy to
                # import it in time: that is not remembered.
                if isinstance(entry, Entry) or source.origin != "bundled":
                    known.put(source, entry)
                found[source] = entry
        finally:
            known.save()
        entries = tuple(entry for entry in found.values() if entry is not None)
        stamps = {entry.name: (entry.path, file_stamp(entry.path)) for entry in entries}
        return cls(entries, problems, folders, others, limits, stamps)

    def again(self) -> Catalogue:
        """Scan the same places again."""
        return Catalogue.scan(self._folders, others=self._others, limits=self._limits)

    @property
    def usable(self) -> tuple[Entry, ...]:
        """The plugins that keep the contract."""
        return tuple(entry for entry in self.entries if isinstance(entry, Entry))

    @property
    def broken(self) -> tuple[BrokenEntry, ...]:
        """The files that cannot be used."""
        return tuple(entry for entry in self.entries if isinstance(entry, BrokenEntry))

    def get(self, name: str) -> Entry:
        """Return the plugin of that name; a path of a ``.py`` file is read as one.

        Raises
        ------
        UnknownConcealer
            With near names when there is none, with the reason when it is broken.
        """
        found = next((entry for entry in self.entries if entry.name == name), None)
        if found is None and name.endswith(".py"):
            found = self._file(Path(name))
        if isinstance(found, Entry):
            return found
        if found is not None:
            raise UnknownConcealer(f"concealer {name}", found.message, f"fix {found.path}")
        near = difflib.get_close_matches(name, [entry.name for entry in self.entries], 3, 0.5)
        known = ", ".join(near or [entry.name for entry in self.usable]) or "none were found"
        raise UnknownConcealer(
            f"concealer {name}", "is not known", f"{'near names' if near else 'known'}: {known}"
        )

    def _file(self, path: Path) -> Entry | BrokenEntry:
        if not path.is_file():
            raise UnknownConcealer(
                str(path), "is not a file", "give a plugin's file or the name of a known one"
            )
        source, known = Source(path.stem, path.absolute(), "named"), Known()
        found = known.get(source)
        if not isinstance(found, Entry):
            found = describe_new(source, self._limits)
            if isinstance(found, Entry):
                known.put(source, found)
        known.save()
        return found

    def changed(self) -> tuple[str, ...]:
        """Return the names of plugins changed, added or removed since the scan; cheap enough to poll."""
        sources, _ = find_sources(self._folders, others=self._others)
        now = {source.name: source for source in sources}
        different = [name for name in now if self._differs(now[name])]
        gone = [name for name in self._stamps if name not in now]
        return tuple(sorted(different + gone))

    def _differs(self, source: Source) -> bool:
        if source.name not in self._stamps:
            return True
        path, stamp = self._stamps[source.name]
        if not source.entry_point and path != source.path:
            return True
        if file_stamp(path) == stamp:
            return False
        entry = next(entry for entry in self.entries if entry.name == source.name)
        return file_digest(path) != entry.digest


def describe_new(source: Source, limits: Limits) -> Entry | BrokenEntry:
    """Describe one plugin, running its file in a worker process."""
    ((_, entry),) = _describe_all([source], limits, Job())
    return entry


def _describe_all(
    sources: Sequence[Source], limits: Limits, job: Job
) -> Iterator[tuple[Source, Entry | BrokenEntry]]:
    if not sources:
        return
    # Two processes: a plugin that hangs while being imported holds up only one of them.
    pool = Pool(min(len(sources), 2))
    try:
        asked = [(source, pool.submit(_task(source, limits))) for source in sources]
        for count, (source, reply) in enumerate(asked):
            while not wait([reply], _LOOK_SECONDS).done:
                job.check(count / len(asked))
            job.check(count / len(asked))
            yield source, _described(source, reply, limits)
    finally:
        pool.close()


def _task(source: Source, limits: Limits) -> Task:
    header = {
        "do": "describe",
        "path": str(source.path),
        "checked": held_for(source.path),
        "digest": "",
        "entry_point": source.entry_point,
        "memory": limits.memory_bytes,
    }
    tenant = ("bundled", "") if source.origin == "bundled" else (source.origin, str(source.path))
    return Task(header, (), limits.import_seconds, str(source.path), tenant)


def _described(source: Source, future: Future[Reply], limits: Limits) -> Entry | BrokenEntry:
    digest = file_digest(source.path)
    stand_in = Entry(source.name, source.name, "streaming", (), (), None, None, None, "", source.path, digest)
    try:
        reply = future.result()
        if reply.header["kind"] == "done":
            return _entry(source, reply)
        raise failure_of(stand_in, reply, limits.import_seconds, limits)
    except Exception as error:  # noqa: BLE001 - whatever a plugin does when it is imported is its own trouble
        return _broken(source, failure_of(stand_in, error, limits.import_seconds, limits), digest)


def _entry(source: Source, reply: Reply) -> Entry:
    values = {
        **reply.header["description"],
        "name": source.name,
        "path": reply.header["path"],
        "origin": source.origin,
        "target": source.entry_point,
    }
    return from_json(values)


def _broken(source: Source, error: BaseException, digest: str) -> BrokenEntry:
    fact = error.fact if isinstance(error, GaplistenError) else str(error)
    details = getattr(error, "details", "")
    return BrokenEntry(source.name, source.path, fact, details, digest, source.origin)
