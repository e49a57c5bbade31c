"""Who may take a panel in a browser: a secret link for each listener, kept beside the ratings.

Who has a link is that listener: it holds 128 random bits, and nothing about the panel.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gaplisten.durable.files import not_written, whole_path
from gaplisten.durable.locks import FileLock
from gaplisten.errors import GaplistenError
from gaplisten.languages import counted
from gaplisten.panel.columns import utc
from gaplisten.panel.design.items import trial_count
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.journal import one_line
from gaplisten.panel.safety import UntrustedPanel, clean_name, read_limited
from gaplisten.tables import Table

LINKS = "links.json"
_LOCK = "links.lock"
_LARGEST = 64 * 2**20  # bytes; a hundred thousand links have 20 MB
_MOST = 100_000
Token = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{22}$")]

# What crowd platforms put into the address of a study; the first of them that is there names the listener.
NAMING = ("PROLIFIC_PID", "workerId")
KEPT = (*NAMING, "STUDY_ID", "SESSION_ID", "assignmentId", "hitId", "turkSubmitTo")
_MOST_SECTIONS = 100


class LinksLost(GaplistenError):  # noqa: N818 - reads as the fact it is
    """Links that cannot be read or written."""


def new_token() -> str:
    """Return 128 random bits as they stand in an address."""
    return secrets.token_urlsafe(16)


class Link(BaseModel):
    """One listener's link.

    Parameters
    ----------
    parameters
        What a crowd platform said of the listener, at the last time.
    section
        Which of the panel's sections is behind it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    listener: Annotated[str, Field(min_length=1, max_length=100)]
    token: Token
    made_at: str = ""
    section: int = Field(default=1, ge=1, le=_MOST_SECTIONS)
    parameters: dict[str, Annotated[str, Field(max_length=200)]] = {}


class _Links(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    panel_sha256: str
    study: Token
    supervisor: Token
    sections: int = Field(default=1, ge=1, le=_MOST_SECTIONS)
    links: list[Link] = Field(default=[], max_length=_MOST)


_WAY_OUT = f"put back the file {LINKS}, or delete it: all links are then made anew"


def read_links(path: Path) -> _Links:
    """Return what a file of links holds.

    Raises
    ------
    LinksLost
        If it is none.
    """
    try:
        return _Links.model_validate_json(read_limited(path, _LARGEST, "file of links"))
    except ValidationError as error:
        raise LinksLost(str(path), "this is no file of links", _WAY_OUT) from error
    except UntrustedPanel as error:
        raise LinksLost(error.thing, error.fact, _WAY_OUT) from error


class _Known:
    """What a file of links held when it had this stamp; one value, since several threads look at it."""

    def __init__(self, links: _Links, stamp: object) -> None:
        self.links, self.stamp = links, stamp
        self.by_token = {one.token: one for one in links.links}


class Links:
    """The links of one panel and ratings folder; another process may add to them meanwhile.

    Raises
    ------
    LinksLost
        If they cannot be read, are another panel's, or cannot be written.
    """

    def __init__(self, panel: FrozenPanel, ratings: Path) -> None:
        self._panel, self._folder = panel, ratings
        self._path = ratings / LINKS
        self._known = self._changed(lambda links: links)

    @property
    def folder(self) -> Path:
        """Where they lie: with the ratings."""
        return self._folder

    @property
    def study(self) -> str:
        """The token of the link that anybody may begin with."""
        return self._known.links.study

    @property
    def supervisor(self) -> str:
        """The token of the page that tells who is how far."""
        return self._known.links.supervisor

    @property
    def sections(self) -> int:
        """Into how many sections the panel is cut: a listener has a link for each."""
        return self._known.links.sections

    def cut(self, sections: int) -> None:
        """Cut the panel into so many sections.

        Raises
        ------
        LinksLost
            If there are links already: what is behind them stays; if a section would have no trial; or if
            they cannot be written.
        """

        def other(links: _Links) -> _Links:
            if sections == links.sections:
                return links
            if links.links:
                fact = f"there are links already, to {counted(links.sections, 'section')} each"
                raise LinksLost(str(self._path), fact, f"leave --sections {sections} out, or copy the panel")
            trials = trial_count(self._panel.key) - self._panel.definition.training.trials
            if sections > trials:
                fact = f"there are no {sections} sections of {counted(trials, 'trial')}"
                raise LinksLost(str(self._path), fact, f"give --sections {trials} at most")
            return links.model_copy(update={"sections": sections})

        self._changed(other)

    def all(self) -> Sequence[Link]:
        """Return all links, in the order in which they were made."""
        return self._fresh().links.links

    def find(self, token: str) -> Link | None:
        """Return the link with this token, made a moment ago by another process maybe."""
        return self._fresh().by_token.get(token)

    def add(self, listeners: Iterable[str], parameters: Mapping[str, str] | None = None) -> list[Link]:
        """Return the links of these listeners, one for each section; those are made that are missing.

        Parameters
        ----------
        parameters
            What a crowd platform says of them now.

        Raises
        ------
        UntrustedPanel
            If a name is unusable.
        LinksLost
            If they cannot be written.
        """
        names = [clean_name(name, "listener") for name in listeners]
        kept = {name: one_line(value)[:200] for name, value in (parameters or {}).items()}

        def more(links: _Links) -> _Links:
            known = {one.listener.casefold() for one in links.links}
            wanted = dict.fromkeys(name for name in names if name.casefold() not in known)
            now = utc(time.time())
            made = [
                Link(listener=name, token=new_token(), made_at=now, parameters=kept, section=section)
                for name in wanted
                for section in range(1, links.sections + 1)
            ]
            if kept:
                folded = {name.casefold() for name in names}
                there = [
                    _said_anew(one, kept) if one.listener.casefold() in folded else one for one in links.links
                ]
                if there != links.links:
                    links = links.model_copy(update={"links": there})
            if len(links.links) + len(made) > _MOST:
                fact = f"a panel has {_MOST:,} links at most"
                raise LinksLost(str(self._path), fact, "copy the panel for more listeners")
            return links.model_copy(update={"links": [*links.links, *made]}) if made else links

        all_ = self._changed(more).links.links
        by_name: dict[str, list[Link]] = {}
        for one in all_:
            by_name.setdefault(one.listener.casefold(), []).append(one)
        return [one for name in names for one in by_name[name.casefold()]]

    def numbered(self, count: int) -> list[Link]:
        """Return links for so many listeners more, called L001, L002, ..."""
        known = {one.listener.casefold() for one in self.all()}
        names = (f"L{number:03d}" for number in range(1, _MOST + 1))
        return self.add([name for name in names if name.casefold() not in known][:count])

    def remove(self, listener: str) -> bool:
        """Take a listener's link away; tell whether there was one."""
        before = len(self.all())
        other = listener.casefold()

        def fewer(links: _Links) -> _Links:
            kept = [one for one in links.links if one.listener.casefold() != other]
            return links.model_copy(update={"links": kept})

        return len(self._changed(fewer).links.links) < before

    # --- the file ---------------------------------------------------------------------------------------

    def _fresh(self) -> _Known:
        stamp = self._stamp()  # before it is read: what is written in between is read the next time
        if stamp != self._known.stamp:
            self._known = _Known(self._read() or self._known.links, stamp)
        return self._known

    def _stamp(self) -> object:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return (found.st_ino, found.st_mtime_ns, found.st_size)

    def _read(self) -> _Links | None:
        if not self._path.exists() and not self._path.is_symlink():
            return None
        links = read_links(self._path)
        if links.panel_sha256 != self._panel.sha256:
            raise LinksLost(str(self._path), "it belongs to another panel", _WAY_OUT)
        return links

    def _changed(self, change: Callable[[_Links], _Links]) -> _Known:
        """Read, change and write the file, while nobody else does."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._folder / _LOCK, "the file of links")
            try:
                found = self._read()
                links = found or _Links(
                    panel_sha256=self._panel.sha256, study=new_token(), supervisor=new_token()
                )
                made = change(links)
                if found is None or made is not links:
                    with whole_path(self._path) as part:
                        os.chmod(part, 0o600)  # who reads it can take anybody's place
                        part.write_text(made.model_dump_json(indent=1), encoding="utf-8")
                self._known = known = _Known(made, self._stamp())
                return known
            finally:
                lock.release()
        except OSError as error:
            raise LinksLost(*not_written(self._path, error)) from error


def table_of(links: Links, place: str) -> Table:
    """Return all links as a table; `place` is where listeners reach the server."""
    where = place.rstrip("/")
    rows = tuple((one.listener, one.section, f"{where}/s/{one.token}/", one.made_at) for one in links.all())
    return Table(("listener", "section", "link", "made"), rows)


def open_links(links: Links, place: str) -> dict[str, str]:
    """Return the links that are nobody's own, by what they are for."""
    where = place.rstrip("/")
    found = {"anybody": f"{where}/join/{links.study}"}
    for number in range(2, links.sections + 1):
        found[f"anybody, section {number}"] = f"{where}/join/{links.study}/{number}"
    return {**found, "supervisor": f"{where}/supervisor/{links.supervisor}/"}


def _said_anew(link: Link, parameters: Mapping[str, str]) -> Link:
    if link.parameters == parameters:
        return link
    return link.model_copy(update={"parameters": dict(parameters)})


def parameters_in(query: Mapping[str, str]) -> dict[str, str]:
    """Return what is kept of an address' parameters."""
    return {name: query[name][:200] for name in KEPT if query.get(name)}


def listener_in(query: Mapping[str, str]) -> str:
    """Return the name that a crowd platform gives the listener; a new one where it gives none."""
    said = next((query[name] for name in NAMING if query.get(name)), "")
    return said[:100] or f"guest-{secrets.token_hex(4)}"
