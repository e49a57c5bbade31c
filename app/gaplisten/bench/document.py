"""The open piece of work: applies edits, undoes them, and tells who listens what has changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from gaplisten.bench.loss_edits import edit_of
from gaplisten.bench.state import Choice, ClipWork, GapChoices, Loop, Note, Setting, Sources, Withheld, Work
from gaplisten.loss.trace import LossTrace

Value = TypeVar("Value")


@dataclass(frozen=True)
class Step(Generic[Value]):
    """One edit: what it is called, the value before and the value after."""

    label: str
    before: Value
    after: Value
    merge: str | None = None


class History(Generic[Value]):
    """Steps that can be undone and redone.

    Parameters
    ----------
    limit
        How many steps are kept.
    """

    def __init__(self, limit: int = 500) -> None:
        self._done: list[Step[Value]] = []
        self._undone: list[Step[Value]] = []
        self._limit = limit

    def record(self, step: Step[Value]) -> None:
        """Remember an edit; one that continues the last (same `merge` word) becomes part of it."""
        self._undone.clear()
        last = self._done[-1] if self._done else None
        if last is not None and step.merge is not None and last.merge == step.merge:
            self._done[-1] = Step(step.label, last.before, step.after, step.merge)
            return
        self._done.append(step)
        del self._done[: -self._limit]

    def seal(self) -> None:
        """End a run of edits that belong together: the next one starts a step of its own."""
        if self._done:
            last = self._done[-1]
            self._done[-1] = Step(last.label, last.before, last.after)

    def undo(self) -> Step[Value] | None:
        """Take the last step back and return it."""
        if not self._done:
            return None
        self._undone.append(self._done.pop())
        return self._undone[-1]

    def redo(self) -> Step[Value] | None:
        """Do the step again that was undone last, and return it."""
        if not self._undone:
            return None
        self._done.append(self._undone.pop())
        return self._done[-1]

    def clear(self) -> None:
        """Forget all steps."""
        self._done.clear()
        self._undone.clear()

    @property
    def done(self) -> tuple[Step[Value], ...]:
        """The steps that undoing would take back, the oldest first."""
        return tuple(self._done)

    @property
    def undone(self) -> tuple[Step[Value], ...]:
        """The steps that redoing would do again, the next one first."""
        return tuple(reversed(self._undone))

    @property
    def undo_label(self) -> str:
        """What undoing would take back; empty when there is nothing."""
        return self._done[-1].label if self._done else ""

    @property
    def redo_label(self) -> str:
        """What redoing would do again; empty when there is nothing."""
        return self._undone[-1].label if self._undone else ""


Listener = Callable[[Work, Work], None]


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit as a list tells of it: what it is called, of which clip if of one, and whether it is done."""

    label: str
    clip: str
    done: bool


def _clip_of(step: Step[Work]) -> str:
    """Return the clip that an edit is about; empty where it is about none, or about several."""
    before, after = step.before.clips, step.after.clips
    if before is after:
        return ""
    names = [name for name in {*before, *after} if before.get(name) != after.get(name)]
    return names[0] if len(names) == 1 else ""


PAUSE_SECONDS = 2.0
"""After a pause of this length, turning the same knob is another step to undo."""


class Document:
    """The work, its history and its file.

    Loss, loop, notes, lanes and concealers can be undone; which clip is shown and where the clips come
    from are not edits. Listeners get the work before and after, on the thread that made the change.

    Attributes
    ----------
    title_of
        Returns what edits call a concealer; its name, until somebody knows its title.
    """

    def __init__(
        self,
        work: Work | None = None,
        path: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock, self._last_edit = clock, 0.0
        self._work = self._kept = work or Work()
        self._history: History[Work] = History()
        self.path = path
        self.listeners: list[Listener] = []
        self.title_of: Callable[[str], str] = str

    @property
    def work(self) -> Work:
        """The state as it is now."""
        return self._work

    @property
    def history(self) -> History[Work]:
        """What can be undone and redone."""
        return self._history

    @property
    def unsaved(self) -> bool:
        """Whether something that a file would keep has changed since it was last kept."""
        return replace(self._work, current=None) != replace(self._kept, current=None)

    def mark_saved(self, path: Path | None = None, digest: str = "") -> None:
        """Take the state as it is now for saved, in `path`, a file with that SHA-256, when given."""
        self._work = replace(self._work, document=digest or self._work.document)
        self._kept, self.path = self._work, path or self.path

    def renew(self, work: Work, path: Path | None = None, *, unsaved: bool = False) -> None:
        """Start over with other work; the history is forgotten."""
        self._history.clear()
        self._kept, self.path = (Work() if unsaved else work), path
        self._become(work)

    # -- what is not an edit ------------------------------------------------------------------------------

    def set_sources(self, sources: Sources) -> None:
        """Say where the clips come from; notes, loss edits and the history of other clips are kept."""
        self._become(replace(self._work, sources=sources))

    def show_clip(self, name: str | None) -> None:
        """Make `name` the clip that is shown."""
        self._become(replace(self._work, current=name))

    def let_go(self, freed: Sequence[Withheld]) -> None:
        """Switch on concealers that were withheld: the file asks for them, so it is no edit of it."""
        self._kept = self._kept.allowing(freed)
        self._become(self._work.allowing(freed))

    def hold_back(self, taken: Collection[Choice]) -> None:
        """Withhold concealers that were on, as what they run has changed: that is no edit, either."""
        self._kept = self._kept.withholding(taken)
        self._become(self._work.withholding(taken))

    def settle(self, settled: Callable[[Work], Work]) -> None:
        """Say the same work in other words, as it is now and as it was kept: that is no edit."""
        self._kept = settled(self._kept)
        self._become(settled(self._work))

    # -- edits ----------------------------------------------------------------------------------------

    def switch_on(self, concealer: str, parameters: dict[str, Setting] | None = None) -> None:
        """Add a lane made by `concealer`."""
        choice = Choice(concealer, tuple(sorted((parameters or {}).items())))
        self._edit(
            f"switch on {self.title_of(concealer)}",
            replace(self._work, choices=(*self._work.choices, choice)),
        )

    def switch_off(self, index: int) -> None:
        """Remove the lane of the concealer at `index` among those switched on."""
        choices = self._work.choices
        self._edit(
            f"switch off {self.title_of(choices[index].concealer)}",
            replace(self._work, choices=choices[:index] + choices[index + 1 :]),
        )

    def set_parameter(self, index: int, name: str, value: Setting) -> None:
        """Change one parameter of the concealer at `index`; one run of changes is one step to undo."""
        choice = self._work.choices[index]
        label = f"{self.title_of(choice.concealer)}: {name}"
        self.set_parameters(index, {**choice.values, name: value}, label, f"{index}.{name}")

    def set_parameters(
        self, index: int, values: dict[str, Setting], label: str = "", merge: str | None = None
    ) -> None:
        """Give the concealer at `index` these parameters instead of those it has."""
        choices = list(self._work.choices)
        choices[index] = replace(choices[index], parameters=tuple(sorted(values.items())))
        label = label or f"set up {self.title_of(choices[index].concealer)}"
        self._edit(label, replace(self._work, choices=tuple(choices)), merge)

    def set_order(self, order: Sequence[str]) -> None:
        """Show the lanes in this order (identifiers; the rest follows)."""
        self._edit("move lane", replace(self._work, order=tuple(order)))

    def set_loss(self, clip: str, trace: LossTrace, how: str, merge: str | None = None) -> None:
        """Replace the loss of `clip`."""
        done = replace(self._work.clip(clip), loss=edit_of(trace, how))
        label = {"painted": "paint loss", "drawn": "draw gap"}.get(how, "new loss")
        self._edit(label, self._work.with_clip(clip, done), merge)

    def reset_loss(self, clip: str) -> None:
        """Go back to the loss that came with `clip`."""
        done = replace(self._work.clip(clip), loss=None)
        self._edit("restore the clip's own loss", self._work.with_clip(clip, done))

    def set_loop(self, clip: str, loop: Loop | None) -> None:
        """Set or clear the loop of `clip`."""
        done = replace(self._work.clip(clip), loop=loop)
        self._edit("loop" if loop else "no loop", self._work.with_clip(clip, done))

    def accept(self, clip: str, accepted: bool) -> None:
        """Go on with a clip in which something does not fit, or not."""
        done = replace(self._work.clip(clip), accepted=accepted)
        self._edit("accept what does not fit", self._work.with_clip(clip, done))

    def set_reference(self, clip: str, reference: Path | None) -> None:
        """Give a clip another reference than the one that was found."""
        done = replace(self._work.clip(clip), reference=reference, accepted=False)
        self._edit("choose reference", self._work.with_clip(clip, done))

    def match_levels(self, clip: str, *, this: bool, every: bool) -> None:
        """Bring the lanes of `clip`, or of every clip, to their reference's level, or do not."""
        work = replace(self._work, match_levels=every)
        work = work.with_clip(clip, replace(work.clip(clip), match_levels=this))
        self._edit("match levels" if this or every else "levels as they are", work)

    def judge_gaps(self, choices: GapChoices) -> None:
        """Judge gaps by these measures and thresholds; one run of changes is one step to undo."""
        self._edit("gap measures", replace(self._work, gaps=choices), "gaps")

    def set_clip_table(self, path: Path | None) -> None:
        """Have this table tell more of the clips, or none."""
        label = "columns of a table" if path else "no columns of a table"
        self._edit(label, replace(self._work, clip_table=path))

    def set_delay(self, clip: str, lane: str, frames: int) -> None:
        """Take a delay of so many frames out of a lane; 0 puts it back."""
        delays = {**dict(self._work.clip(clip).delays), lane: frames}
        kept = tuple(sorted((name, delay) for name, delay in delays.items() if delay))
        done = replace(self._work.clip(clip), delays=kept)
        self._edit("remove delay" if frames else "delay as it was", self._work.with_clip(clip, done))

    def add_note(self, clip: str, note: Note) -> None:
        """Add a note."""
        self._notes("add note", clip, (*self._work.clip(clip).notes, note))

    def add_notes(self, clip: str, notes: Sequence[Note]) -> None:
        """Add several notes in one step; those that are there already are not added twice."""
        known = self._work.clip(clip).notes
        self._notes("read notes", clip, (*known, *(note for note in notes if note not in known)))

    def change_note(self, clip: str, index: int, note: Note) -> None:
        """Replace the note at `index`."""
        notes = list(self._work.clip(clip).notes)
        notes[index] = note
        self._notes("change note", clip, tuple(notes))

    def remove_note(self, clip: str, index: int) -> None:
        """Remove the note at `index`."""
        notes = self._work.clip(clip).notes
        self._notes("remove note", clip, notes[:index] + notes[index + 1 :])

    def _notes(self, label: str, clip: str, notes: tuple[Note, ...]) -> None:
        done: ClipWork = replace(self._work.clip(clip), notes=tuple(sorted(notes, key=lambda n: n.frame)))
        self._edit(label, self._work.with_clip(clip, done))

    # -- history --------------------------------------------------------------------------------------

    def undo(self) -> str:
        """Take the last edit back; return what it was called (empty when there was none)."""
        step = self._history.undo()
        if step is not None:
            self._restore((step,), step.before)
        return step.label if step else ""

    def redo(self) -> str:
        """Do the edit again that was undone last; return what it was called (empty when there was none)."""
        step = self._history.redo()
        if step is not None:
            self._restore((step,), step.after)
        return step.label if step else ""

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All edits that can be undone or redone, in the order in which they were made."""
        done, undone = self._history.done, self._history.undone
        return tuple(
            Edit(step.label, _clip_of(step), place < len(done)) for place, step in enumerate((*done, *undone))
        )

    def go_to(self, count: int) -> None:
        """Undo or redo until so many of `edits` are done."""
        now = len(self._history.done)
        back = count < now
        walk = self._history.undo if back else self._history.redo
        steps = [step for step in (walk() for _ in range(abs(count - now))) if step is not None]
        if steps:
            self._restore(steps, steps[-1].before if back else steps[-1].after)

    def _restore(self, steps: Sequence[Step[Work]], work: Work) -> None:
        # Show the clip in which the edit was made, so that nothing changes out of sight; sources are no edit.
        clips = [step.after.current for step in steps if step.after.clips != step.before.clips]
        seen = clips[-1] if clips else self._work.current
        self._become(replace(work, current=seen, sources=self._work.sources, document=self._work.document))

    def _edit(self, label: str, after: Work, merge: str | None = None) -> None:
        if after == self._work:
            return
        now, before = self._clock(), self._last_edit
        self._last_edit = now
        if now - before > PAUSE_SECONDS:
            self._history.seal()
        self._history.record(Step(label, self._work, after, merge))
        self._become(after)

    def _become(self, work: Work) -> None:
        before, self._work = self._work, work
        for listener in tuple(self.listeners):
            listener(before, work)
