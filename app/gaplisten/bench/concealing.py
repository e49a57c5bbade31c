"""The concealers there are, and the lanes they make while knobs are turned: the newest wish wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaplisten.audio.signal import Signal
from gaplisten.bench.derived import Derived, Inputs, same
from gaplisten.bench.lanes import Lane, Role
from gaplisten.bench.state import Choice
from gaplisten.concealers.entries import Entry
from gaplisten.errors import GaplistenError, visible
from gaplisten.jobs import Job, JobCancelled
from gaplisten.loss.trace import LossTrace

OLD = "old: "
"""Stands before the name of a version that is heard as the plugin's file made it before it broke."""


@dataclass(frozen=True)
class _Wish:
    """A lane that is to be there: what makes it, or why nothing can (then `entry` is what it last was)."""

    choice: Choice
    title: str
    entry: Any = None
    error: str = ""
    details: str = ""


def idents(choices: Sequence[Choice]) -> tuple[str, ...]:
    """Return a lane identifier for each choice: the concealer's name, counted when it occurs again."""
    seen: dict[str, int] = {}
    named = []
    for choice in choices:
        seen[choice.concealer] = count = seen.get(choice.concealer, 0) + 1
        named.append(choice.concealer if count == 1 else f"{choice.concealer} {count}")
    return tuple(named)


_LONGEST_TEXT = 32  # signs of a text in a version's name


def version_names(
    wishes: Sequence[tuple[str, Entry | None, Mapping[str, Any]]],
) -> tuple[str, ...]:
    """Return what people call versions: the concealer, and what distinguishes it from the usual.

    Parameters
    ----------
    wishes
        Title, entry (None where nothing is known of it) and parameters of each.

    Returns
    -------
    names
        Such as ``Repeat with fade (hold 5 ms)``: parameters that are not as the plugin has them by itself.
        Of versions that are alike in everything the second has a number behind its name.
    """
    seen: dict[str, int] = {}
    named = []
    for title, entry, values in wishes:
        unusual = ((name, value) for name, value in values.items() if _is_unusual(entry, name, value))
        told = ", ".join(_told(entry, name, value) for name, value in unusual)
        name = f"{title} ({told})" if told else title
        seen[name] = count = seen.get(name, 0) + 1
        named.append(name if count == 1 else f"{name} {count}")
    return tuple(named)


def _is_unusual(entry: Entry | None, name: str, value: Any) -> bool:
    parameter = None if entry is None else entry.parameter(name)
    return parameter is None or value != parameter.default


def _told(entry: Entry | None, name: str, value: Any) -> str:
    parameter = None if entry is None else entry.parameter(name)
    words = name.replace("_", " ")
    if isinstance(value, bool):
        return f"{words} {'on' if value else 'off'}"
    if isinstance(value, float):
        value = f"{value:g}"
    elif parameter is not None and parameter.type == "path":
        value = visible(Path(str(value)).name)
    elif isinstance(value, str):  # a command, say: a file may have brought it
        value = visible(" ".join(value.split()))
        value = value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}…"
    unit = f" {parameter.unit}" if parameter is not None and parameter.unit else ""
    return f"{words} {value}{unit}"


class Concealing:
    """Catalogue, runner, and the concealers' lanes of the clip that is shown.

    `wish` says which lanes should be there, `poll` collects what has become of them.

    Attributes
    ----------
    catalogue
        Gives entries by name; None while it is being read.
    """

    def __init__(self) -> None:
        self.catalogue: Any = None
        self._runner: Any = None
        self._material: tuple[Signal, LossTrace, Signal | None] | None = None
        self._wishes: dict[str, _Wish] = {}
        self._entries: dict[str, Any] = {}  # by name, as they were when they could last be read
        self._renderings: Derived[str, Any] = Derived(self._start)
        self._changed: frozenset[str] = frozenset()

    def use(self, catalogue: Any, runner: Any = None) -> None:
        """Take these concealers, and this runner (tests bring their own)."""
        self.catalogue, self._runner = catalogue, runner or self._runner

    def set_material(
        self,
        lossy: Signal | None,
        trace: LossTrace | None,
        reference: Signal | None = None,
        *,
        same_clip: bool = False,
    ) -> None:
        """Say what is to be concealed; renderings of another clip are dropped at once."""
        self._material = (lossy, trace, reference) if lossy is not None and trace is not None else None
        if not same_clip:
            self._drop()

    def wish(self, choices: Sequence[Choice]) -> None:
        """Have one lane for each choice; what is there already and up to date stays."""
        if self.catalogue is None:
            return
        self._wishes = {
            ident: self._wish(choice) for ident, choice in zip(idents(choices), choices, strict=True)
        }
        wanted = {ident: self._inputs(wish) for ident, wish in self._wishes.items() if not wish.error}
        self._renderings.want(wanted, keep=self._wishes)
        self._changed |= self._renderings.poll()

    def title_of(self, concealer: str) -> str:
        """Return what a concealer is called, or was when it was last known; its name if it never was."""
        entries = () if self.catalogue is None else self.catalogue.entries
        known = {each.name: each.title for each in entries if isinstance(each, Entry)}
        last = self._entries.get(concealer)
        return known.get(concealer, concealer if last is None else last.title)

    def _wish(self, choice: Choice) -> _Wish:
        try:
            entry = self.catalogue.get(choice.concealer)
        except GaplistenError as error:
            last = self._entries.get(choice.concealer)
            return _Wish(choice, self.title_of(choice.concealer), last, _short(error), str(error))
        self._entries[choice.concealer] = entry
        lossless = "" if self._material is not None else "there is no loss to conceal in this clip"
        return _Wish(choice, entry.title, entry, lossless)

    def _inputs(self, wish: _Wish) -> Inputs:
        choice = wish.choice
        return (
            choice.concealer,
            choice.parameters,
            getattr(wish.entry, "digest", ""),
            *(self._material or ()),
        )

    def _start(self, asked: Mapping[str, Inputs], job: Job) -> Future[Any]:
        (ident,) = asked
        assert self._material is not None
        if self._runner is None:
            self._runner = _made_runner()
        wish, (lossy, trace, reference) = self._wishes[ident], self._material
        outcome: Future[Any] = self._runner.submit(
            wish.entry, wish.choice.values, lossy, trace, job=job, reference=reference
        )
        return outcome

    def poll(self) -> frozenset[str]:
        """Collect what has finished; return the identifiers of the lanes that changed."""
        changed, self._changed = self._changed | self._renderings.poll(), frozenset()
        return changed

    @property
    def busy(self) -> bool:
        """Whether a rendering is under way."""
        return self._renderings.busy or bool(self._changed)

    def lanes(self) -> tuple[Lane, ...]:
        """Return the lanes as they are now, without keys."""
        wishes = self._wishes
        names = version_names([(wish.title, wish.entry, wish.choice.values) for wish in wishes.values()])
        return tuple(
            self._lane(ident, wish, name) for (ident, wish), name in zip(wishes.items(), names, strict=True)
        )

    def result(self, ident: str) -> Any:
        """Return how the lane `ident` was made (`Concealed`); None while it is not."""
        wish = self._wishes.get(ident)
        return self._renderings.last(ident) if wish is not None and not self._error(ident, wish)[0] else None

    def _lane(self, ident: str, wish: _Wish, name: str) -> Lane:
        # What was heard stays heard until the new one is there.
        done, (error, details) = self._renderings.last(ident), self._error(ident, wish)
        if error and not self._only_the_file_changed(ident, wish):
            done = None
        signal = done.signal if done is not None else None
        busy = ident in self._renderings.pending
        state = error or ("rendering" if busy else _made(done))
        name = f"{OLD}{name}" if error and signal is not None else name
        return Lane(ident, name, Role.CONCEALER, signal, -1, state, busy, bool(error), details)

    def _only_the_file_changed(self, ident: str, wish: _Wish) -> bool:
        """Tell whether what was last made is what the plugin made before its file was changed."""
        made, now = self._renderings.made_from(ident), self._inputs(wish)
        return made is not None and same(_but_for_the_file(made), _but_for_the_file(now))

    def _error(self, ident: str, wish: _Wish) -> tuple[str, str]:
        """Return why there is no lane, in short and in full; empty when there is or will be one."""
        failure = self._renderings.failure(ident)
        if wish.error or failure is None:
            return wish.error, wish.details
        if isinstance(failure, CancelledError | JobCancelled):
            return "stopped", ""
        if isinstance(failure, GaplistenError):
            return _short(failure), str(getattr(failure, "details", "") or failure)
        return f"failed: {failure}", repr(failure)

    def _drop(self) -> None:
        self._wishes = {}
        self._renderings.drop()

    def close(self) -> None:
        """Cancel everything and end the processes."""
        self._drop()
        if self._runner is not None:
            self._runner.close()


def _but_for_the_file(inputs: Inputs) -> Inputs:
    concealer, parameters, _digest, *material = inputs
    return (concealer, parameters, *material)


def _short(error: GaplistenError) -> str:
    return error.fact if not error.way_out else f"{error.fact}; {error.way_out}"


def _made(done: Any) -> str:
    if done is None:
        return ""
    # Lane headers are narrow: the number must be seen before the words are cut.
    return ", ".join([each.removesuffix(" delay") for each in done.remarks] + list(done.messages))


def _made_runner() -> Any:
    from gaplisten.concealers.cache import Cache
    from gaplisten.concealers.runner import Runner

    return Runner(cache=Cache())
