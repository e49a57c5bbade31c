"""Asks before a file's concealers run more than plugins, and again when what they run has changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gaplisten.bench.allowed import Review, remember, remember_shown, review, touched
from gaplisten.bench.document import Document
from gaplisten.bench.events import Event
from gaplisten.bench.state import Withheld, Work
from gaplisten.bench.tasks import Task, Tasks
from gaplisten.concealers.checked import hold
from gaplisten.concealers.consent import Wish
from gaplisten.errors import GaplistenError, visible


class Consenting:
    """What the document's concealers want to run, what of it was allowed, and whether that is still the same.

    Parameters
    ----------
    document
        The work; concealers are switched on in it, and withheld, without that being an edit.
    tasks
        Where the files that are named are read.
    catalogue
        Gives the concealers there are; None while they are being read.

    Attributes
    ----------
    review
        What is to be asked.
    changed
        Event: there is another review.
    wanted
        Event: the user is to be asked.
    said
        Event: what the user should know (a sentence).
    failed
        Event: something went wrong (`GaplistenError`).
    """

    def __init__(self, document: Document, tasks: Tasks, catalogue: Callable[[], Any]) -> None:
        self._document, self._tasks, self._catalogue = document, tasks, catalogue
        self.changed, self.wanted, self.said, self.failed = Event(), Event(), Event(), Event()
        self.review = Review()
        self._granted: tuple[Wish, ...] = ()
        self._asked: tuple[tuple[Withheld, Wish], ...] = ()
        self._looking: Task | None = None

    def start_over(self) -> None:
        """Forget what was asked and allowed: other work has been opened."""
        self._asked = ()
        self._hold(())

    def look(self) -> None:
        """Find out which withheld concealers run nothing but plugins, or were allowed before."""
        self._review(self._on_reviewed)

    def look_again(self) -> None:
        """Forget what was found, which does not hold for what is withheld now, and look."""
        self.review = Review()
        self.look()

    def _review(self, done: Callable[[Review], None]) -> None:
        self._tasks.cancel(self._looking)
        work, catalogue = self._document.work, self._catalogue()
        if work.withheld and catalogue is not None:
            title = "looking at what the file runs"
            self._looking = self._tasks.run(title, lambda _job: review(work, catalogue), done, quiet=True)

    def _on_reviewed(self, found: Review) -> None:
        if found.freed:
            self._grant(found.granted)
            self._document.let_go(found.freed)  # the others are looked at again
            return
        self.review = found
        self.changed.emit()
        if found.wishes and found.wishes != self._asked:  # not again whenever plugins are read again
            self._asked = found.wishes
            self.wanted.emit()

    def allow(self, shown: Review) -> None:
        """Let the file's concealers run what was shown, now and whenever this file is opened.

        Of what has been changed while the question stood, it is asked again.
        """
        work = self._document.work
        self._review(lambda now: self._let_go(work, shown.still(now), now))

    def _let_go(self, work: Work, allowed: Review, now: Review) -> None:
        self.keep(lambda: remember_shown(work, allowed))
        # Stamped when it was looked at again: what is written from then on is noticed.
        self._grant([*(wish for _, wish in allowed.wishes), *now.granted])
        self._document.let_go([*(each for each, _ in allowed.wishes), *now.freed])
        if self._document.work.withheld:
            self.look()

    def _grant(self, wishes: Sequence[Wish]) -> None:
        others = (old for old in self._granted if not any(new.same_words(old) for new in wishes))
        self._hold((*others, *wishes))

    def _hold(self, granted: tuple[Wish, ...]) -> None:
        self._granted = granted
        hold(self, ((wish.concealer, wish.contents) for wish in granted))

    def hold_back_changed(self) -> None:
        """Withhold what was allowed and has been changed since; the user is asked again."""
        changed = touched(self._document.work, self._granted)
        if not changed:
            return
        # What cannot be told from what it was is asked about each time.
        self._asked = tuple(each for each in self._asked if each[1].digest)
        names = ", ".join(dict.fromkeys(visible(each.concealer) for each in changed))
        self.said.emit(
            f"{names}: what it runs was changed since it was allowed; it is off until allowed again"
        )
        # What was granted stays known: undoing must not bring the changed one back.
        self._document.hold_back(changed)

    def take_for_saved(self, work: Work) -> None:
        """Remember that the file as which the work was saved may run what runs now."""
        catalogue = self._catalogue()
        if catalogue is not None:
            self.keep(lambda: remember(work, work.choices, catalogue))

    def keep(self, write: Callable[[], None]) -> None:
        """Write down what was allowed; where that cannot be done it is said, and asked about again."""
        try:
            write()
        except OSError as error:
            fact = f"what was allowed is not remembered: {error.strerror}"
            self.failed.emit(GaplistenError(str(error.filename), fact, "it will be asked about again"))
