"""What of one session is saved: its rows, its answers, the plan it drew; and where these go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from gaplisten.panel.asking import ANSWER_COLUMNS, ANSWERS
from gaplisten.panel.begun import forget_begun, note_begun
from gaplisten.panel.columns import Header, PlaybackFacts, Shown, Sounded, rows_of
from gaplisten.panel.drawn import plan_path, read_drawn, save_drawn
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.journal import LARGEST, Journal, NotSaved, not_saved, put_back
from gaplisten.panel.judging import Judged, judge, refuse
from gaplisten.panel.leftovers import clear
from gaplisten.panel.planned import Planned
from gaplisten.panel.reading import whole_number
from gaplisten.panel.rules import TrialState
from gaplisten.panel.scales import Scale
from gaplisten.panel.seal import sealed
from gaplisten.panel.session_files import open_journal, refuse_others
from gaplisten.panel.session_names import session_name
from gaplisten.panel.submission import Receipt, same_votes
from gaplisten.panel.unseal import unsealed
from gaplisten.tables import Cell, csv_cell
from gaplisten.untrusted import read_regular

OTHER = "other"  # where votes are kept that came for a trial which had been saved with others


class SessionRecord:
    """The files of one session in a ratings folder, read back, mended where a run was killed, and written to.

    Parameters
    ----------
    ratings
        Where the CSV files lie.
    root
        Outside of this folder nothing is written.

    Attributes
    ----------
    name
        Of the session, and of its files.
    judged
        Whose they are, their order of trials, and which of these are saved.
    answers
        What was answered to questions.
    drawn
        What it drew when it began; None in panels of the first version.
    moved
        Where the ratings go on when their own folder was gone (`go_on_at`); None otherwise.

    Raises
    ------
    UntrustedPanel, OtherPlan, PlanLost, JournalDamaged
        If what lies there is not of this panel and listener, or damaged; nothing is changed then.
    """

    def __init__(self, panel: FrozenPanel, listener: str, ratings: Path, root: Path) -> None:
        self._panel = panel
        self.name = session_name(panel, listener)
        self.moved: Path | None = None
        path = ratings / f"{self.name}.csv"
        self._journal = open_journal(panel, path, root)
        refuse_others(self._journal.reading, path)
        self.judged = judge(panel, self._journal.reading, str(path), listener)
        refuse(self.judged, str(path))
        more = [note for note in self.judged.notes if note not in self._journal.reading.notes]
        self._journal.notices += [f"{path.name}: {note}." for note in more]
        # Kept here too: with its folder gone, a session goes on elsewhere.
        self.drawn = read_drawn(panel.key, ratings, self.name, root) if panel.key.design > 1 else None
        self.answers = Journal(ratings / ANSWERS / f"{self.name}.csv", ANSWER_COLUMNS, root=root)
        # Only now that all of both files is known to belong here may anything in them be changed.
        self._journal.mend()
        self.answers.mend()
        _use(self.judged, self._journal)
        self._root: Path | None = root
        if not self._journal.rows:  # not emptied: that was refused above
            forget_begun(path)
        self._noted = bool(self._journal.rows) and note_begun(path, root)

    @property
    def notices(self) -> list[str]:
        """Sentences for the person who runs the panel: what was found in the files, and became of them."""
        return self._journal.notices + self.answers.notices

    def clear(self, root: Path) -> None:
        """Remove what a run that was killed while it wrote left beside the files."""
        ratings = self._journal.path
        for path in (ratings, self.answers.path, plan_path(ratings.parent, self.name)):
            clear(path, root)

    def rows(
        self,
        planned: Planned,
        state: TrialState,
        scales: Mapping[str, Scale],
        shown: Shown,
        playback: PlaybackFacts,
    ) -> list[dict[str, Cell]]:
        """Return the rows that say what was heard and voted in a trial, what it was of sealed in them."""
        panel = self._panel
        clip = panel.key.clip_of[planned.clip]
        last = max((whole_number(row["order"]) or 0 for row in self._journal.rows), default=0)
        return rows_of(
            state,
            scales,
            Header(
                panel.definition.title,
                panel.sha256,
                self.name,
                self.judged.listener,
                panel.definition.language,
            ),
            shown,
            Sounded(clip.rate, clip.gain_db, playback),
            last + 1,
            planned.code(panel.key.trial_salt),
            self._seal(planned.trial.number),
        )

    def _seal(self, number: int) -> Callable[[], str] | None:
        """Return what makes the cell that tells a trial to who has the key."""
        drawn = self.drawn
        if drawn is None:
            return None
        return lambda: sealed(self._panel.key, self.name, drawn.items[number - 1], number, drawn.seat)

    def append(self, rows: list[dict[str, Cell]]) -> None:
        """Write a trial's rows, all or none, and force them to the disk.

        Raises
        ------
        NotSaved
            If they could not be written.
        """
        self._journal.append(rows)
        self._noted = self._noted or note_begun(self._journal.path, self._root)

    def compare(self, number: int, rows: list[dict[str, Cell]]) -> Receipt:
        """Compare rows with what was saved for their trial; keep aside what differs."""
        made = [{name: csv_cell(cell) for name, cell in row.items()} for row in rows]
        trial = str(number)
        if same_votes([row for row in self._journal.rows if row["trial"] == trial], made):
            return Receipt.KNOWN
        aside = self._journal.beside(OTHER)
        if not same_votes([row for row in aside.rows if row["trial"] == trial], made):
            aside.append(rows)
        return Receipt.OTHER

    def unsealed(self) -> list[dict[str, str]]:
        """Return the rows of all trials with what was sealed filled in; of a session that is over."""
        plan = self.judged.plan
        return [dict(unsealed(self._panel, plan[int(row["trial"]) - 1], row)) for row in self._journal.rows]

    def fill_in(self) -> str:
        """Fill in clip and condition, in panels of the first version, whose sessions keep its form.

        In all others they stay sealed until nobody has to listen any more (`gaplisten.panel.unsealing`).

        Returns
        -------
        str
            Why that could not be done; "" if it was, or if nothing is to be filled in.
        """
        if self._panel.key.design > 1:
            return ""
        rows = self.unsealed()
        if rows == self._journal.rows:
            return ""
        try:
            self._journal.replace_rows(rows)
        except NotSaved as error:
            # All votes are on the disk; only the names of clips and conditions wait for the next opening.
            return f"The ratings are saved, but clip and condition could not be filled in: {error.fact}."
        return ""

    def go_on_at(self, path: Path) -> None:
        """Write all that was saved so far to another file, and go on writing there: the folder has vanished.

        Answers to questions go to the folder `answers` beside it.

        Raises
        ------
        NotSaved
            If that is not possible either, or something else lies there. All stays as before.
        """
        answers = path.parent / ANSWERS
        # All three or none: with the ratings moved and the answers not, one session would lie in two places.
        with ExitStack() as undo:
            try:
                _make(answers, undo)
                if self.drawn is not None:
                    plan = plan_path(path.parent, self.name)
                    _make(plan.parent, undo)
                    undo.callback(put_back, plan, _content(plan))
                    save_drawn(self._panel.key, self.drawn, path.parent, self.name)
            except OSError as error:
                raise not_saved(answers, error) from error
            ratings = self._journal.copied_to(path)
            undo.callback(ratings.take_back)
            answered = self.answers.copied_to(answers / path.name)
            undo.pop_all()
        self._journal.go_on_in(ratings)
        self.answers.go_on_in(answered)
        self.moved, self._root, self._noted = path, None, False


def _make(folder: Path, undo: ExitStack) -> None:
    """Make a folder, and have it removed when what follows fails."""
    there = folder.is_dir()
    folder.mkdir(exist_ok=True)
    if not there:
        undo.callback(_remove_empty, folder)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _content(path: Path) -> bytes | None:
    try:
        return read_regular(path, LARGEST)
    except FileNotFoundError:
        return None


def _use(judged: Judged, journal: Journal) -> None:
    """Go on with what counts; rows of a trial that was not saved as a whole are set aside."""
    journal.use(judged.rows)
    if judged.unfinished is not None:
        journal.keep(lambda row: int(row["trial"]) != judged.unfinished)
