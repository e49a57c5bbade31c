"""Votes as an answers file that the P.808 Toolkit's `result_parser.py` takes, and the configuration to it.

That parser was written for what its own pages send, so an answers file needs more than votes: a trap and gold
clips that were answered rightly, every clip played, and in each session equally many questions. Shorter
sessions are filled with the trap, which the parser skips wherever it finds its address. Nothing of its own
screening is left to be done: who counts was decided before, and what would drop votes by rules of its own
(variance, agreement between raters, outliers) is off in the configuration.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gaplisten.durable.files import write_whole
from gaplisten.durable.folders import whole_folder
from gaplisten.exchange.outgoing import ExportError, opaque, write_key
from gaplisten.exchange.tools.contract import Request, Tool
from gaplisten.exchange.votes.p808 import METHODS, SCALES
from gaplisten.jobs import Job
from gaplisten.languages import are, counted
from gaplisten.panel.imported import Source, open_source
from gaplisten.panel.ratings import Rating, grouped
from gaplisten.panel.results.evaluation import evaluate
from gaplisten.panel.results.votes import collect, pseudonyms, read_files, tests
from gaplisten.tables import Cell, Table, write_csv

ANSWERS, SETTINGS = "answers.csv", "result_parser.cfg"
_PLACE = "https://gaplisten.invalid/"  # a name that no server can have: nothing is fetched from there
_TRAP, _GOLD = _PLACE + "trap.wav", _PLACE + "gold.wav"
_GOLD_2 = _PLACE + "second_gold.wav"
_BEST = 5
# The parser's order of P.804's questions, by its own words.
_P804 = ("noise", "col", "loud", "disc", "reverb", "sig", "ovrl")
_NAMES = {**{name: name for name in METHODS.values()}, "p835": "p835", "p804": "p804"}
_NAMES |= {"acr_effort": "acr", "acr_annoyance": "acr"}


@dataclass(frozen=True)
class Answers:
    """What an export of votes made.

    Parameters
    ----------
    method
        As `result_parser.py --method` calls it.
    """

    folder: Path
    method: str
    votes: int
    sessions: int
    notes: tuple[str, ...]


@dataclass
class _Page:
    """One recording that was rated once: its score on each scale."""

    name: str
    scores: dict[str, int] = field(default_factory=dict)


def export_answers(panel: Source, out: Path, ratings: Path | None = None) -> Answers:
    """Write the votes that results count, for the toolkit's parser; the folder appears only when whole.

    Listeners have the pseudonyms of `panel results --pseudonyms`, recordings opaque names.

    Raises
    ------
    ExportError
        If the toolkit has no such method, cannot read such votes, or the folder cannot be written.
    """
    method = panel.definition.method
    if method.name not in _NAMES:
        known = ", ".join(dict.fromkeys(_NAMES.values()))
        fact = f"its parser reads votes of {known} only"
        raise ExportError(
            f"{method.title} for the P.808 Toolkit", fact, "use panel votes: a table for any other tool"
        )
    files = read_files(panel, ratings)
    collected = collect(panel, ratings, files)
    results = evaluate(panel, ratings, resample=False, files=files)
    left_out = {one.name for one in results.excluded}
    votes = [one for one in tests(collected.votes) if one.listener not in left_out]
    if broken := next((one for one in votes if not one.score.is_integer()), None):
        fact = f"its parser cuts scores to whole numbers, and there is one of {broken.score:g}"
        raise ExportError("votes for the P.808 Toolkit", fact, "use panel votes")
    names = _named(panel, votes)
    suffixes = _suffixes(method.name)
    called = pseudonyms(panel, sorted({*collected.listeners, *collected.running}))
    sessions, partly = _sessions(votes, called, names, suffixes)
    if len(sessions) < 2:
        fact = f"its parser needs two sessions with votes, there {are(len(sessions))} {len(sessions)}"
        raise ExportError("votes for the P.808 Toolkit", fact, "collect more votes first")
    form = _Form(_NAMES[method.name], suffixes, max(len(pages) for _, pages in sessions))
    rows = [form.row(at, worker, pages) for at, (worker, pages) in enumerate(sessions, start=1)]
    heads = tuple(rows[0])
    with whole_folder(out, ExportError) as part:
        write_csv(part / ANSWERS, Table(heads, tuple(tuple(row[name] for name in heads) for row in rows)))
        write_whole(part / SETTINGS, form.settings())
        write_key(part, list(_key(panel, votes, names)))
    written = sum(len(page.scores) for _, pages in sessions for page in pages)
    notes = _notes(len(results.excluded), len(collected.running), partly)
    return Answers(out, form.method, written, len(sessions), (*notes, *collected.problems))


def _notes(left_out: int, running: int, partly: int) -> list[str]:
    said = [
        "the toolkit's 95 % intervals are over votes: they are too narrow for a statement about listeners"
    ]
    if left_out:
        said.append(f"{counted(left_out, 'listener')} that results leave out: not in the file")
    if running:
        said.append(f"{counted(running, 'listener')} with an open session: not in the file")
    if partly:
        lacking = counted(partly, "recording")
        said.append(f"{lacking} not answered on every scale: not in the file, its parser would stop there")
    return said


def _named(panel: Source, votes: Sequence[Rating]) -> dict[tuple[str, str], str]:
    """Return the name of each recording; it ends in the number of its condition, as the parser wants it."""
    there = dict.fromkeys(one.condition for one in votes)
    order = [one.name for one in panel.definition.condition if one.name in there]
    numbers = {name: at for at, name in enumerate(dict.fromkeys((*order, *sorted(there))), start=1)}
    return {
        (one.clip, one.condition): (
            f"{opaque(panel, 's', 'answered', one.clip, one.condition)}_c{numbers[one.condition]:03d}"
        )
        for one in votes
    }


def _suffixes(method: str) -> dict[str, str]:
    """Return what the parser appends to a question's name, by our name of the scale."""
    scales = SCALES.get(method)
    if scales is None:
        return {"": ""}
    return {ours: f"_{theirs.removeprefix('MOS_').lower()}" for theirs, ours in scales.items()}


def _sessions(
    votes: Sequence[Rating],
    called: Mapping[str, str],
    names: Mapping[tuple[str, str], str],
    suffixes: Mapping[str, str],
) -> tuple[list[tuple[str, list[_Page]]], int]:
    """Return each listener's pages under a pseudonym, and how many pages lack a scale and are left out."""
    made: list[tuple[str, list[_Page]]] = []
    partly = 0
    for listener, own in grouped(votes, lambda one: one.listener).items():
        pages = list(_pages(own, names))
        whole = [page for page in pages if len(page.scores) == len(suffixes)]
        partly += len(pages) - len(whole)
        if whole:
            made.append((called[listener], whole))
    made.sort(key=lambda one: one[0])
    if len(made) == 1 and len(made[0][1]) > 1:
        # The parser gives no result of a single session: one listener gets two.
        ((worker, pages),) = made
        half = len(pages) // 2
        made = [(worker, pages[:half]), (worker, pages[half:])]
    return made, partly


def _pages(votes: Sequence[Rating], names: Mapping[tuple[str, str], str]) -> Iterator[_Page]:
    known: dict[tuple[int, str, str], _Page] = {}
    for one in sorted(votes, key=lambda vote: vote.trial):
        what = (one.trial, one.clip, one.condition)
        page = known.get(what)
        if page is None or one.scale in page.scores:
            if page is not None:
                yield known.pop(what)
            page = known[what] = _Page(names[one.clip, one.condition])
        page.scores[one.scale] = int(one.score)
    yield from known.values()


def _key(
    panel: Source, votes: Sequence[Rating], names: Mapping[tuple[str, str], str]
) -> Iterator[tuple[Cell, ...]]:
    for one in {(vote.clip, vote.condition): vote for vote in votes}.values():
        name = names[one.clip, one.condition]
        yield (
            name,
            one.clip,
            one.condition,
            one.role,
            one.stratum,
            *panel.talker(one.clip),
            None,
            f"{name}.wav",
            "",
        )


@dataclass(frozen=True)
class _Form:
    """What the parser wants to find in a line, by its method.

    Parameters
    ----------
    suffixes
        What it appends to a question's name, by our name of the scale.
    rated
        How many recordings the longest session has.
    """

    method: str
    suffixes: Mapping[str, str]
    rated: int

    @property
    def _golds(self) -> tuple[str, ...]:
        return {"dcr": (), "ccr": (), "p804": (_GOLD, _GOLD_2)}.get(self.method, (_GOLD,))

    @property
    def questions(self) -> int:
        """How many questions each session has: recordings, gold clips, and at least one trap."""
        return self.rated + len(self._golds) + 1

    def row(self, at: int, worker: str, pages: Sequence[_Page]) -> dict[str, Cell]:
        """Return a session's line."""
        made: dict[str, Cell] = {
            "HITId": "gaplisten",
            "WorkerId": worker,
            "AssignmentId": f"a{at:05d}",
            "AssignmentStatus": "Submitted",
            "Input.TP": _TRAP,
            "Input.TP_ANS": _BEST,
            **self._expected(),
        }
        for number, (address, scores) in enumerate(self._asked(pages), start=1):
            made[f"Answer.Q{number}_URL"] = address
            made |= {f"Answer.q{number}{suffix}": scores[ours] for ours, suffix in self.suffixes.items()}
            made |= {f"Answer.audio_n_finish_{end}": 1 for end in self._played(number)}
        # Asked in sections that were not shown; the parser looks for the columns.
        first = "Answer.t1_ovrl" if self.method in SCALES else "Answer.t1"
        made |= dict.fromkeys(("Answer.2_birth_year", "Answer.Math", first), "")
        return made | ({"Answer.p835_order": "sig_bak"} if self.method == "p835" else {})

    def _asked(self, pages: Sequence[_Page]) -> Iterator[tuple[str, Mapping[str, int]]]:
        for page in pages:
            yield f"{_PLACE}{page.name}.wav", page.scores
        for gold in self._golds:
            yield gold, dict.fromkeys(self.suffixes, _BEST)
        right = 0 if self.method == "ccr" else _BEST
        for _ in range(self.questions - len(pages) - len(self._golds)):
            yield _TRAP, dict.fromkeys(self.suffixes, right)

    def _expected(self) -> dict[str, Cell]:
        if self.method != "p804":
            # Pairs have no gold clips, but the parser asks for the column.
            return {
                "Input.gold_clips": self._golds[0] if self._golds else "none",
                "Input.gold_clips_ans": _BEST,
            }
        made: dict[str, Cell] = {}
        for address, end in ((_GOLD, ""), (_GOLD_2, "_2")):
            coded = base64.b64encode(f"{address}_{_BEST}".encode()).decode()
            made[f"Input.gold_url{end}"] = address
            made |= {f"Input.gold_{item}_ans{end}": coded for item in _P804}
        return made

    def _played(self, number: int) -> tuple[str, ...]:
        """Return what the parser calls the players of a question."""
        return {
            "dcr": (f"q_a{number}", f"q_b{number}"),
            "ccr": (f"q_{number}",),
            "p835": (f"q{number}_ovrl_audio",),
            "p804": (f"q{number}_audio",),
        }.get(self.method, (f"q{number}",))

    def settings(self) -> str:
        """Return the parser's configuration."""
        gold = ["url_found_in: input.gold_clips", "ans_found_in: input.gold_clips_ans"]
        if self.method == "p804":
            answers = ", ".join(f"input.gold_{item}_ans" for item in _P804)
            gold = ["url_found_in: input.gold_url", "url2_found_in: input.gold_url_2"]
            gold.append(f"ans_found_in: {answers}")
        sections = {
            "general": [
                f"number_of_questions_in_rating: {self.questions}",
                "expected_votes_per_file: 1",
                r"condition_pattern: .*_c(?P<condition_num>\d{3})\.wav",
                "condition_keys: condition_num",
            ],
            "trapping": ["url_found_in: input.tp", "ans_found_in: input.tp_ans"],
            "gold_question": [*gold, "variance: 1"],
            "acceptance_criteria": [
                "all_audio_played_equal: 1",
                "correct_math_bigger_equal: 0",
                "correct_tps_bigger_equal: 1",
                "allowedMaxHITsInProject: 1000000",
                "rejection_feedback: -",
            ],
            "accept_and_use": [
                "variance_bigger_equal: -1",
                f"gold_standard_bigger_equal: {len(self._golds)}",
                "correct_cmp_bigger_equal: 0",
            ],
            "bonus": [
                "quantity_hits_more_than: 1000000",
                "quantity_bonus: 0",
                "quality_top_percentage: 0",
                "quality_bonus: 0",
                "quality_min_pcc: 1",
            ],
        }
        return "\n".join(f"[{name}]\n" + "\n".join(lines) + "\n" for name, lines in sections.items())


def _export(asked: Request, job: Job | None) -> list[str]:
    made = export_answers(open_source(asked.folder), asked.out, asked.ratings)
    words = f"--cfg {SETTINGS} --method {made.method} --answers {ANSWERS} --quantity_bonus all"
    return [
        f"{asked.out}: {counted(made.votes, 'vote')} in {counted(made.sessions, 'session')}",
        f"in {asked.out}: python result_parser.py {words}",
        f"{asked.out / 'key.csv'} says what the names stand for; condition_num is the number behind _c",
        *made.notes,
    ]


TOOL = Tool(
    "P.808 Toolkit: votes",
    "The votes of a panel, or imported ones, as result_parser.py takes them.",
    _export,
    place=3,
    reads_votes=True,
)
