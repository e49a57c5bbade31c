"""What a session's ratings file is worth: judged in one way, whoever asks (session, status, results)."""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gaplisten.languages import counted
from gaplisten.panel.begun import was_emptied
from gaplisten.panel.columns import Truth
from gaplisten.panel.drawn import PlanLost, plan_of
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.plan import Plan
from gaplisten.panel.planned import Planned
from gaplisten.panel.reading import Reading, Row, TextTable, number, whole_number
from gaplisten.panel.safety import file_stem
from gaplisten.panel.seal import unsealed_trial
from gaplisten.panel.session_names import listener_of, root_of
from gaplisten.panel.unseal import OtherPlan, truth_of, unsealed


@dataclass(frozen=True)
class Judged:
    """What is in a session's file, row by row.

    Parameters
    ----------
    planned
        The listener's trials.
    table
        The votes that can be used, each once, in the order in which they were given.
    done
        Numbers of the trials all of whose votes are there.
    unfinished
        Number of the trial that an interrupted run did not save as a whole; None where there is none.
    errors
        What is wrong with the file: a session does not go on over it, results leave out what it is about.
    short
        Sentences about trials that lack votes, or all of them, although later ones are there: somebody took
        rows out.
    notes
        What is unusual but does no harm, as sentences.
    truths
        What was heard, row by row; None where a row says it itself.
    lost
        Why there is no plan, though all rows say themselves what was heard: a session whose order is gone. It
        can be evaluated, not gone on with.
    """

    listener: str
    planned: Plan
    table: TextTable
    done: frozenset[int]
    unfinished: int | None = None
    errors: tuple[OtherPlan, ...] = ()
    short: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    lost: OtherPlan | None = None
    truths: tuple[Truth | None, ...] = ()

    @property
    def plan(self) -> tuple[Planned, ...]:
        """The listener's trials, laid out."""
        return self.planned.trials

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows of `table`."""
        return self.table.rows


_OTHERS = "was not made with this panel and listener"
_MOVE = "move the file away, or use the panel and version that made it"
_PUT_BACK = "put back the file that held them, or move this one away to begin anew"
_FIX = "somebody changed the file: put back what was there, or move the file away"


class _Trials:
    """The trials of a session, found by what its rows say.

    Parameters
    ----------
    where
        The file, for messages.
    """

    def __init__(self, panel: FrozenPanel, planned: Plan, where: str) -> None:
        self._planned, self._where = planned, where
        self._sha256, self._salt = panel.sha256, panel.key.trial_salt
        self._known: dict[tuple[str, str], Planned] = {}  # by number and code, as they are written

    def of(self, panel_sha256: str, said: tuple[str, str]) -> Planned:
        """Return one like the trial that a row is about by its number and code.

        Raises
        ------
        OtherPlan
            If it was not made with this panel and plan.
        """
        if panel_sha256 == self._sha256:
            if (known := self._known.get(said)) is not None:
                return known
            number = whole_number(said[0]) or 0
            if 1 <= number <= len(self._planned):
                found = self._planned.alike[number - 1]
                if _is_code(said[1], found.code(self._salt, number)):
                    return self._known.setdefault(said, found)
        raise OtherPlan(self._where, f"the rating of trial {said[0][:10]!r} {_OTHERS}", _MOVE)


def _is_code(cell: str, code: str) -> bool:
    """Tell whether a cell holds a code, or what a spreadsheet makes of one that looks like a number."""
    if cell == code:
        return True
    try:
        meant, said = float(code), cell.replace(",", ".").upper()
        if not math.isfinite(meant):
            return False
        decimals = len(said.partition("E")[0].partition(".")[2])
        # "614325e00012" is saved as 6.14E+17: what it rounds to.
        rounded = "E" in said and decimals >= 2 and float(said) == float(f"{meant:.{decimals}e}")
        return rounded or math.isclose(float(said), meant, rel_tol=1e-4)
    except ValueError:
        return False


def _once(table: TextTable, where: str) -> Iterator[int | OtherPlan | str]:
    """Yield the place of each vote once; what to say where it stands twice; an error where two differ."""
    said = list(zip(*map(table.column, ("trial", "position", "scale")), strict=True))
    if len(set(said)) == len(said):
        yield from range(len(said))
        return
    places: dict[tuple[str, ...], list[int]] = {}
    for place, which in enumerate(said):
        places.setdefault(which, []).append(place)
    votes = table.column("vote")
    for (trial, *_), same in places.items():
        if len({votes[place] for place in same}) > 1:
            fact = f"there are {len(same)} different votes for one question of trial {trial}"
            yield OtherPlan(where, fact, _FIX)
            continue
        yield same[0]
        if len(same) > 1:
            yield f"the rating of trial {trial} stands there {len(same)} times and counts once"


def _in_order(table: TextTable) -> list[int]:
    """Return the places of rows in the order in which they were given."""
    said = enumerate(map(whole_number, table.column("order")))
    orders = [place if order is None else order for place, order in said]
    return sorted(range(len(orders)), key=orders.__getitem__)


def _plan_of(panel: FrozenPanel, found: Reading, where: str, listener: str) -> Plan:
    """Return the trials of the session whose file it is: by what its rows say, however the file is called."""
    path = Path(where)
    said = Counter(found.table.column("session")).most_common(1)
    session = said[0][0] if said and file_stem(listener) in said[0][0] else path.stem
    return plan_of(panel.key, listener, path.parent, session, root_of(panel, path))


def _told_by(panel: FrozenPanel, row: Row) -> Planned | None:
    """Return the trial that a row's own sealed cell tells; None where it tells none, or another's."""
    planned = unsealed_trial(panel.key, row.get("session", ""), row.get("sealed", ""))
    if planned is None or str(planned.trial.number) != row["trial"]:
        return None
    return planned if _is_code(row["trial_code"], planned.code(panel.key.trial_salt)) else None


def _tells(row: Row) -> bool:
    """Tell whether a row's own cells say which trial it is of and what the vote is worth."""
    return whole_number(row["trial"]) is not None and number(row["score"]) is not None


def _without_plan(
    panel: FrozenPanel, found: Reading, lost: PlanLost
) -> tuple[list[Row], dict[int, int], OtherPlan] | OtherPlan:
    """Return a file's rows when its order is gone, as they say themselves what was heard.

    Returns
    -------
    rows, wanted, error
        The rows, filled in; how many votes each trial has, where that is known; what to say of the order. Or
        only an error, where a row says nothing.
    """
    known = {(one.clip, one.condition, one.sha256) for one in panel.key.stimuli}
    told: list[Row] = []
    wanted: dict[int, int] = {}
    for row in found.rows:
        if row["panel_sha256"] != panel.sha256:
            continue
        if (planned := _told_by(panel, row)) is not None:
            with contextlib.suppress(OtherPlan):
                told.append(unsealed(panel, planned, row))
                wanted[planned.trial.number] = planned.trial.wanted_count
        elif _tells(row) and (row["clip"], row["condition"], row["stimulus_sha256"]) in known:
            told.append(row)
    error = OtherPlan(lost.thing, lost.fact, lost.way_out)
    if found.rows and not any(row["panel_sha256"] == panel.sha256 for row in found.rows):
        fact = f"the rating of trial {found.rows[0]['trial'][:10]!r} {_OTHERS}"
        error = OtherPlan(lost.thing, fact, _MOVE)
    return (told, wanted, error) if told and len(told) == len(found.rows) else error


def judge(panel: FrozenPanel, found: Reading, where: str, listener: str = "") -> Judged:
    """Return what a session's file is worth.

    Parameters
    ----------
    where
        The file, for messages.
    listener
        Whose session it is, where the file has no rows to tell.
    """
    table = found.table
    listener = listener_of(table, listener) or listener
    errors: list[OtherPlan] = []
    notes = list(found.notes)
    planned = Plan(panel.key)
    lost: OtherPlan | None = None
    heard: list[Truth | None] = []
    try:
        planned = _plan_of(panel, found, where, listener) if listener else planned
    except PlanLost as error:
        told = _without_plan(panel, found, error)
        if isinstance(told, OtherPlan):
            return Judged(listener, planned, TextTable(), frozenset(), errors=(told,), notes=found.notes)
        rows, wanted, lost = told
        table, heard = TextTable.of(rows), [None] * len(rows)
        notes.append(f"{error.fact}; what was heard is taken from the file itself")
    else:
        wanted = {number: one.wanted_count for number, one in enumerate(planned.alike, start=1)}
        table, heard = _fitting(panel, planned, table, where, errors)
    if not found.table and not found.damaged and was_emptied(Path(where)):
        errors.append(OtherPlan(where, "its ratings are gone: votes had been saved in it", _PUT_BACK))
    places: list[int] = []
    for one in _once(table, where):
        if isinstance(one, OtherPlan):
            errors.append(one)
        elif isinstance(one, str):
            notes.append(one)
        else:
            places.append(one)
    if found.damaged:
        lines = f"line{'s' if len(found.damaged) > 1 else ''} {', '.join(map(str, found.damaged[:10]))}"
        errors.append(OtherPlan(where, f"{lines} cannot be read", found.mending if found.foreign else _FIX))
    table = table.at(places)
    order = _in_order(table)
    table, truths = table.at(order), tuple([heard[places[at]] for at in order])
    numbers = [int(trial) for trial in table.column("trial")]
    counts = Counter(numbers)
    done = frozenset(number for number, count in counts.items() if count == wanted.get(number, count))
    lacking = sorted(set(counts) - done)
    unfinished = numbers[-1] if numbers else None
    if unfinished not in lacking or errors:
        unfinished = None
    short = [
        f"trial {number} has {counts[number]} of its {counted(wanted[number], 'vote')}"
        for number in lacking
        if number != unfinished and not errors
    ]
    if not errors and len(planned) and counts:
        # Trials are taken one after the other, so none is missing before one that is there.
        gone = [number for number in sorted(set(wanted) - set(counts)) if number < max(counts)]
        if len(gone) == 1:
            short.append(f"trial {gone[0]} has no vote")
        elif gone:
            short.append(f"trials {', '.join(map(str, gone[:10]))} have no votes")
    said = (tuple(errors), tuple(short), tuple(notes))
    return Judged(listener, planned, table, done, unfinished, *said, lost, truths)


def _fitting(
    panel: FrozenPanel, planned: Plan, table: TextTable, where: str, errors: list[OtherPlan]
) -> tuple[TextTable, list[Truth | None]]:
    """Return the rows that are of this plan and what was heard in each; add why others are not."""
    trials = _Trials(panel, planned, where)
    which = zip(*map(table.column, ("trial", "trial_code")), strict=True)
    given = zip(*map(table.column, ("position", "scale", "vote")), strict=True)
    session, of_panel = table.column("session"), table.column("panel_sha256")
    places: list[int] = []
    heard: list[Truth | None] = []
    for place, (said, vote) in enumerate(zip(which, given, strict=True)):
        try:
            trial = trials.of(of_panel[place], said)
            heard.append(truth_of(panel, trial, vote, int(said[0]), session[place]))
            places.append(place)
        except OtherPlan as error:
            errors.append(error)
    return table.at(places), heard


def refuse(judged: Judged, where: str) -> None:
    """Refuse a file over which a session must not go on; nothing in it was changed.

    Raises
    ------
    OtherPlan
        If rows are of another panel or listener, spoilt, contradict each other, or were taken out.
    """
    if judged.lost is not None:
        raise judged.lost
    if judged.errors:
        raise judged.errors[0]
    if judged.short:
        raise OtherPlan(where, f"{judged.short[0]} although later trials are there", _FIX)
