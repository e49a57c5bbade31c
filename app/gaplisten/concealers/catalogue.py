"""Which concealers there are. Their code is run only in worker processes, and only when it is new."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from gaplisten.concealers.entries import BrokenEntry, Entry, from_json
from gaplisten.concealers.errors import UnknownConcealer
from gaplisten.concealers.failures import failure_of
from gaplisten.concealers.known import Known, file_digest, file_stamp
from gaplisten.concealers.limits import Limits
from gaplisten.concealers.pool import Pool, Task
from gaplisten.concealers.process import Reply
from gaplisten.concealers.sources import Source, find_sources
from gaplisten.errors import GaplistenError


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
        cls, folders: Sequence[Path] | None = None, *, others: bool = True, limits: Limits | None = None
    ) -> Catalogue:
        """Find all plugins; describe the new ones in worker processes.

        Parameters
        ----------
        folders
            Folders that the user named, besides the bundled one, the user's own and the entry points.
        others
            False: only `folders`.
        limits
            `Limits.import_seconds` bounds what one new plugin can cost.
        """
        limits = limits or Limits()
        folders = tuple(folders or ())
        sources, problems = find_sources(folders, others=others)
        known = Known()
        found = {source: known.get(source) for source in sources}
        new = [source for source, entry in found.items() if entry is None]
        for source, entry in zip(new, _describe_all(new, limits), strict=True):
            known.put(source, entry)
            found[source] = entry
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
            raise UnknownConcealer(f"concealer {name}", found.message, f"mend {found.path}")
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
        source = Source(path.stem, path.absolute(), "named")
        return describe_new(source, self._limits)

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
    return next(iter(_describe_all([source], limits)))


def _describe_all(sources: Sequence[Source], limits: Limits) -> list[Entry | BrokenEntry]:
    if not sources:
        return []
    # Two processes: a plugin that hangs while being imported holds up only one of them.
    pool = Pool(min(len(sources), 2))
    try:
        asked = [(source, pool.submit(_task(source, limits))) for source in sources]
        return [_described(source, reply, limits) for source, reply in asked]
    finally:
        pool.close()


def _task(source: Source, limits: Limits) -> Task:
    header = {
        "do": "describe",
        "path": str(source.path),
        "digest": "",
        "entry_point": source.entry_point,
        "memory": limits.memory_bytes,
    }
    return Task(header, (), limits.import_seconds, str(source.path))


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
