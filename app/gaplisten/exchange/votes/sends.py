"""What listeners sent at once: repeats told from second sessions, and whose they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gaplisten.exchange.votes.contract import cleaned
from gaplisten.languages import counted


@dataclass(frozen=True)
class Answered:
    """One line of a file: what was answered about one recording (or pair) of one page.

    Parameters
    ----------
    answers
        To the questions at the end, which are the same in all lines of a session.
    session
        The tool's own number of the session; "" where it writes none.
    values
        What was rated, as text.
    """

    answers: tuple[tuple[str, str], ...]
    session: str
    trial: str
    stimulus: str
    values: tuple[str, ...]
    time: str = ""
    comment: str = ""

    @property
    def content(self) -> tuple[object, ...]:
        """Return what is the same when a session is sent again."""
        return self.trial, self.stimulus, self.values, self.time


@dataclass(frozen=True)
class Session:
    """What one listener sent at once."""

    listener: str
    name: str
    answers: Mapping[str, str]
    lines: tuple[Answered, ...]

    def trials(self) -> dict[str, int]:
        """Return the number of each page, in the order in which they were sent."""
        return {trial: at for at, trial in enumerate(dict.fromkeys(one.trial for one in self.lines), start=1)}


def sessions(lines: Sequence[Answered], listener: str = "") -> tuple[list[Session], list[str]]:
    """Return the sessions, each once, and sentences about what was left out or guessed.

    Parameters
    ----------
    listener
        The question whose answer is the listener's name; by itself one that is called so.
    """
    found = _parted(lines)
    made: list[Session] = []
    notes: list[str] = []
    seen: dict[tuple[object, ...], str] = {}
    again = repeated = nameless = 0
    for at, own in enumerate(found, start=1):
        once = list({one.content: one for one in reversed(own)}.values())[::-1]
        again += len(own) - len(once)
        content = (own[0].answers, frozenset(one.content for one in once))
        if content in seen:
            repeated += 1
            continue
        answers = dict(own[0].answers)
        name = cleaned(answers.get(_column(answers, listener), ""))
        nameless += not name
        name = name or cleaned(own[0].session) or f"session {at}"
        seen[content] = name
        made.append(Session(name, cleaned(own[0].session), answers, tuple(once)))
    if repeated:
        notes.append(
            f"{counted(repeated, 'session')} had been sent again with the same votes; each counts once"
        )
    if again:
        notes.append(f"{counted(again, 'line')} stood there again; each counts once")
    if nameless:
        notes.append(
            f"nobody's name stands beside {counted(nameless, 'session')}: each is a listener of its own"
        )
    several = [name for name, times in Counter(one.listener for one in made).items() if times > 1]
    for name in several[:20]:
        notes.append(f"{name} sent several sessions with different votes: all count as one listener's")
    return made, notes


def _column(answers: Mapping[str, str], said: str) -> str:
    if said:
        return said
    usual = ("listener", "listener_id", "listener id", "participant", "participant_id", "subject", "name")
    known = {name.casefold(): name for name in answers}
    return next((known[one] for one in usual if one in known), "")


def _parted(lines: Sequence[Answered]) -> list[list[Answered]]:
    """Return the lines of each session: by the tool's number, else where a page's recording comes again."""
    made: dict[tuple[object, ...], list[Answered]] = {}
    part: Counter[tuple[object, ...]] = Counter()
    keys: dict[tuple[object, ...], set[tuple[str, str]]] = {}
    for one in lines:
        whose = (one.answers, one.session)
        known = keys.setdefault(whose, set())
        if not one.session and (one.trial, one.stimulus) in known:
            part[whose] += 1
            known.clear()
        known.add((one.trial, one.stimulus))
        made.setdefault((*whose, part[whose]), []).append(one)
    return list(made.values())
