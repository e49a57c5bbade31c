"""Renders the concealers' lanes while knobs are turned: the newest wish wins, older ones are cancelled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import Any

from gaplisten.audio.signal import Signal
from gaplisten.bench.lanes import Lane, Role
from gaplisten.bench.state import Choice
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job, JobCancelled
from gaplisten.loss.trace import LossTrace

FindEntry = Callable[[str], Any]
Submit = Callable[..., "Future[Any]"]


@dataclass(eq=False)
class _Rendering:
    """One concealer's lane: what was asked for last, and what came of it."""

    wish: object
    title: str
    job: Job = field(default_factory=Job)
    future: Future[Any] | None = None
    done: Any = None  # what the runner handed back
    error: str = ""
    details: str = ""

    def cancel(self) -> None:
        """Let go of what is under way."""
        self.job.cancel()
        if self.future is not None:
            self.future.cancel()
        self.future = None


def idents(choices: Sequence[Choice]) -> tuple[str, ...]:
    """Return a lane identifier for each choice: the concealer's name, counted when it occurs again."""
    seen: dict[str, int] = {}
    named = []
    for choice in choices:
        seen[choice.concealer] = count = seen.get(choice.concealer, 0) + 1
        named.append(choice.concealer if count == 1 else f"{choice.concealer} {count}")
    return tuple(named)


class LaneBench:
    """The concealer lanes of the clip that is shown.

    It has no thread of its own: `wish` says what should be there, `poll` collects what has become of it.

    Parameters
    ----------
    find
        Gives the catalogue's entry by name; raises `GaplistenError` when there is none or it is broken.
    submit
        Starts a rendering: ``submit(entry, parameters, lossy, trace, job=...)`` returns a future.
    """

    def __init__(self, find: FindEntry, submit: Submit) -> None:
        self._find, self._submit = find, submit
        self._renderings: dict[str, _Rendering] = {}
        self._material: tuple[Signal, LossTrace] | None = None
        self._version = 0

    def set_material(self, lossy: Signal | None, trace: LossTrace | None, *, same_clip: bool = False) -> None:
        """Say what is to be concealed; renderings of another clip are dropped at once."""
        self._version += 1
        self._material = (lossy, trace) if lossy is not None and trace is not None else None
        if not same_clip:
            self.drop()

    def wish(self, choices: Sequence[Choice]) -> None:
        """Have one lane for each choice; what is there already and up to date stays."""
        named = dict(zip(idents(choices), choices, strict=True))
        for ident in [each for each in self._renderings if each not in named]:
            self._renderings.pop(ident).cancel()
        for ident, choice in named.items():
            self._renew(ident, choice)
        self._renderings = {ident: self._renderings[ident] for ident in named}

    def _renew(self, ident: str, choice: Choice) -> None:
        old = self._renderings.get(ident)
        try:
            entry = self._find(choice.concealer)
        except GaplistenError as error:
            self._replace(
                old, ident, _Rendering(None, choice.concealer, error=_short(error), details=str(error))
            )
            return
        wish = (choice, getattr(entry, "digest", ""), self._version)
        if old is None or old.wish != wish:
            new = _Rendering(wish, entry.title)
            self._replace(old, ident, new)
            self._start(new, entry, choice)

    def _replace(self, old: _Rendering | None, ident: str, new: _Rendering) -> None:
        if old is not None:
            old.cancel()
            new.done = old.done  # what was heard stays heard until the new one is there
        self._renderings[ident] = new

    def _start(self, new: _Rendering, entry: Any, choice: Choice) -> None:
        if self._material is None:
            new.error = "there is no loss to conceal in this clip"
            return
        lossy, trace = self._material
        try:
            new.future = self._submit(entry, choice.values, lossy, trace, job=new.job)
        except GaplistenError as error:
            new.error, new.details = _short(error), str(error)

    def poll(self) -> frozenset[str]:
        """Collect what has finished; return the identifiers of the lanes that changed."""
        finished = [ident for ident, each in self._renderings.items() if each.future and each.future.done()]
        for ident in finished:
            self._collect(self._renderings[ident])
        return frozenset(finished)

    def _collect(self, rendering: _Rendering) -> None:
        future, rendering.future = rendering.future, None
        assert future is not None
        try:
            rendering.done, rendering.error = future.result(), ""
        except (CancelledError, JobCancelled):
            rendering.error = "stopped"
        except GaplistenError as error:
            rendering.error, rendering.details = _short(error), str(getattr(error, "details", "") or error)
        except Exception as error:  # noqa: BLE001 - whatever breaks one lane must not break the others
            rendering.error, rendering.details = f"failed: {error}", repr(error)

    @property
    def busy(self) -> bool:
        """Whether a rendering is under way."""
        return any(each.future is not None for each in self._renderings.values())

    def lanes(self) -> tuple[Lane, ...]:
        """Return the lanes as they are now, without keys."""
        return tuple(_lane(ident, each) for ident, each in self._renderings.items())

    def result(self, ident: str) -> Any:
        """Return how the lane `ident` was made; None while it is not."""
        rendering = self._renderings.get(ident)
        return rendering.done if rendering and not rendering.error else None

    def drop(self) -> None:
        """Cancel and forget everything."""
        for rendering in self._renderings.values():
            rendering.cancel()
        self._renderings.clear()


def _short(error: GaplistenError) -> str:
    return error.fact if not error.way_out else f"{error.fact}; {error.way_out}"


def _lane(ident: str, rendering: _Rendering) -> Lane:
    done, failed = rendering.done, bool(rendering.error)
    signal = done.signal if done is not None and not failed else None
    busy = rendering.future is not None
    state = rendering.error or ("rendering" if busy else _made(done))
    return Lane(
        ident, _title(ident, rendering), Role.CONCEALER, signal, -1, state, busy, failed, rendering.details
    )


def _title(ident: str, rendering: _Rendering) -> str:
    count = ident.rpartition(" ")[2]
    return f"{rendering.title} {count}" if " " in ident and count.isdigit() else rendering.title


def _made(done: Any) -> str:
    if done is None:
        return ""
    # Lane headers are narrow: the number must be seen before the words are cut.
    remarks = [f"altered {100 * done.altered_received:.2g} %"] if done.altered_received else []
    remarks += ["resampled"] if done.resampled else []
    return ", ".join([*remarks, *done.messages])
