"""A panel's results as one HTML file: the verdict, how it was obtained, figures, and every table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from gaplisten import languages
from gaplisten.durable.files import not_written, write_whole
from gaplisten.errors import GaplistenError
from gaplisten.languages import counted
from gaplisten.panel.imported import ImportedVotes, Source
from gaplisten.panel.key import ClipKey, ConditionKey, Part
from gaplisten.panel.results import report as tables
from gaplisten.panel.results.evaluation import Results
from gaplisten.panel.results.verdict import remarks, verdicts
from gaplisten.panel.results.wording import in_words, worded
from gaplisten.panel.scales import Scale
from gaplisten.report.page import html_table, listed, page, picture_of
from gaplisten.report.panel_figure import figures_of
from gaplisten.report.svg import escaped
from gaplisten.tables import Cell, Table

_WIDTH_MM = 181.0
_FILES = 50  # of imported votes that are listed
_SITTINGS, _DEVICES = 10, 10  # that are told one by one
_FIGURES = {
    "summary": "Means with every listener and clip, and comparisons",
    "strata": "By {strata}",
    "votes": "How the votes are spread",
}
_READING = (
    "Intervals and tests of comparisons come from a model in which listeners and clips are both samples "
    "(crossed random effects; with every cell filled, a two-way analysis of variance); degrees of freedom "
    "after Satterthwaite. What each interval speaks about stands beside it as interval over. p (Holm) is "
    "corrected for the number of comparisons; intervals are each comparison's own. What is headed these "
    "clips is over listeners alone, Student's t: they hold for other listeners who hear these very clips. "
    "Formulas, sources and how often each is wrong stand in the program's page on statistics."
)


class ReportError(GaplistenError):
    """A report that cannot be written."""


def write_report(path: Path, panel: Source, results: Results, looks: Sequence[str] = ()) -> None:
    """Write the report; the file is replaced only when all of it is written.

    Raises
    ------
    ReportError
        If the disk refuses.
    """
    try:
        write_whole(path, report_of(panel, results, looks))
    except OSError as error:
        raise ReportError(*not_written(path, error)) from error


def report_of(panel: Source, results: Results, looks: Sequence[str] = ()) -> str:
    """Return the whole page.

    Parameters
    ----------
    looks
        What is to be said of who looked at the results before the end.
    """
    body = [f"<p>{escaped(_sized(results))}</p>", *_verdict(results, looks)]
    body += _how(panel, results)
    language = results.language
    body.append(_head("Figures", language))
    several = len(tables.strata_of(results)) > 1  # of one burst length everything is said already
    for part, figure in figures_of(results, _WIDTH_MM).items():
        if part == "strata" and not several:
            continue
        head = _FIGURES[part].format(strata=tables.parted_by(tables.strata_of(results)))
        seen = worded(f"{head}; numbers: see tables", language)
        body += [_head(head, language, 3), picture_of(figure, seen)]
    body += _numbers(results, several=several)
    body += _listeners(results)
    body += _second_lines(results)
    return page(results.title or worded("Panel results", language), body, plays=False, language=language)


def _head(text: str, language: str, level: int = 2) -> str:
    return f"<h{level}>{escaped(worded(text, language))}</h{level}>"


def _table(table: Table, language: str) -> str:
    return html_table(in_words(table, language), languages.decimal_mark(language))


def _sized(results: Results) -> str:
    votes = sum(one.votes for one in results.listeners)
    count = len(results.listeners) - len(results.excluded)
    said = f"{count} of {counted(len(results.listeners), 'listener')} count"
    said += f"; {counted(votes, 'vote')} of all, checks among them."
    return f"{worded(results.method.title, results.language)}. {worded(said, results.language)}"


def _section(head: str, said: Iterable[str], language: str, of: str = "") -> list[str]:
    """Return sentences under a head in the panel's language; `of` is their own, where it is another."""
    lines = list(said)
    told = f'<div lang="{escaped(of or language)}">{listed(lines)}</div>'
    return [_head(head, language, 3), told] if lines else []


def _verdict(results: Results, looks: Sequence[str]) -> list[str]:
    language = results.language
    said = verdicts(results) or [worded("No comparison can be made of these votes.", language)]
    body = [_head("Verdict", language), f'<div class="verdict">{listed(said)}</div>']
    body += [f"<p>{escaped(one)}</p>" for one in remarks(results)]
    body += _section("With everybody, nobody left out", verdicts(results, results.everybody), language)
    return body + _section("Before the end", looks, language)


# --- how it was obtained ------------------------------------------------------------------------------------


def _how(panel: Source, results: Results) -> list[str]:
    if isinstance(panel, ImportedVotes):
        return _how_imported(panel, results)
    language = results.language
    rows: list[tuple[Cell, ...]] = [
        ("method", results.method.title),
        ("language of the panel", languages.name(results.language)),
        *_material([clip for clip in panel.key.clips if clip.part is Part.TEST]),
        *_asked_beforehand(results),
        *_taken(results),
        ("panel (SHA-256)", panel.sha256),
        ("built by", f"Gaplisten {panel.key.version}"),
    ]
    body = [_head("How it was obtained", language), _table(Table(("what", "fact"), tuple(rows)), language)]
    for name, scale in panel.scales.items():
        body += _scale(name, scale, language)
    body += [_head("Conditions", language, 3), _table(_conditions(panel.key.conditions), language)]
    if panel.key.found:
        found = Table(("what", "fact"), tuple(panel.key.found))
        body += [_head("Orders, counted when it was built", language, 3), _table(found, language)]
    return [*body, *_reading(language)]


def _reading(language: str) -> list[str]:
    return [_head("How to read the numbers", language, 3), f"<p>{escaped(worded(_READING, language))}</p>"]


def _how_imported(panel: ImportedVotes, results: Results) -> list[str]:
    """Return where the votes come from; what the other tool played is not known."""
    files = Table(
        ("file", "SHA-256"), tuple((_no_path(one.name), one.sha256) for one in panel.manifest.files[:_FILES])
    )
    rows: list[tuple[Cell, ...]] = [
        ("method", results.method.title),
        ("taken by", panel.manifest.tool),
        ("could not be checked", panel.manifest.unchecked or None),
        *_asked_beforehand(results),
        ("imported by", f"Gaplisten {panel.manifest.version}"),
        ("files", str(len(panel.manifest.files))),
    ]
    language = results.language
    body = [_head("How it was obtained", language), _table(Table(("what", "fact"), tuple(rows)), language)]
    return [*body, _head("Files", language, 3), _table(files, language), *_reading(language)]


def _material(clips: Sequence[ClipKey]) -> list[tuple[Cell, ...]]:
    rates = sorted({clip.rate for clip in clips})
    strata: dict[str, int] = {}
    for clip in clips:
        strata[clip.stratum] = strata.get(clip.stratum, 0) + 1
    talkers = {clip.talker for clip in clips if clip.talker}
    seconds = sum(clip.frames / clip.rate for clip in clips)
    rows: list[tuple[Cell, ...]] = [
        ("clips", f"{len(clips)}, {seconds / max(len(clips), 1):.1f} s each on average"),
        ("sample rates", ", ".join(f"{rate:,} Hz" for rate in rates)),
        (
            f"clips by {tables.parted_by(strata)}",
            ", ".join(f"{name}: {number}" for name, number in strata.items()),
        ),
    ]
    return [*rows, ("talkers", str(len(talkers)) if talkers else "nobody said who talks")]


def _taken(results: Results) -> list[tuple[Cell, ...]]:
    """Return when, by how many, and with what the panel was listened to."""
    sittings = results.sittings
    if not sittings:
        return []
    broken = [one for one in sittings if one.trials is not None and one.done < one.trials]
    said = f"{len(sittings) - len(broken)} finished, {len(broken)} not"
    if broken:
        far = ", ".join(f"{one.done} of {one.trials} trials" for one in broken[:_SITTINGS])
        said += f" ({far}{', ...' if len(broken) > _SITTINGS else ''}): the votes that were given are used"
    days = sorted(time[:10] for one in sittings for time in (one.began, one.ended) if time)
    devices = Counter(device for one in sittings for device in one.devices)
    rows: list[tuple[Cell, ...]] = [("sessions", said)]
    if days:
        rows.append(("taken", days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]} (UTC)"))
    told = [
        f"{_device(*device)}: {counted(number, 'session')}"
        for device, number in devices.most_common(_DEVICES)
    ]
    if (more := len(devices) - _DEVICES) > 0:
        told.append(f"and {counted(more, 'other')}")
    rows.append(("devices", "; ".join(worded(one, results.language) for one in told)))
    underflows = sum(one.underflows or 0 for one in results.listeners)
    return [*rows, ("underflows of the output", str(underflows))]


def _device(name: str, rate: str) -> str:
    at = f"at {int(rate):,} Hz" if rate.isdecimal() else "at a rate that nobody knows"
    return f"{name or 'not named'}, {at}"


def _asked_beforehand(results: Results) -> list[tuple[Cell, ...]]:
    asked = results.asked
    against = "each condition with each" if asked.against is None else f"each condition with {asked.against}"
    margin = "none was set" if asked.margin is None else f"{asked.margin:g} points"
    by_agreement = "left out" if asked.exclude_by_agreement else "noted, and counted"
    return [
        ("compared, as said beforehand", against),
        ("to hold for", f"other listeners and other {asked.generalise}"),
        ("margin of what does not matter", margin),
        ("listeners who do not agree with the others", by_agreement),
    ]


def _scale(name: str, scale: Scale, language: str) -> list[str]:
    rows: tuple[tuple[Cell, ...], ...] = tuple((str(value), words) for value, words in scale.labels)
    head = f"What listeners were asked: {name}" if name else "What listeners were asked"
    source = f"{scale.source}{f'; {scale.translation}' if scale.translation else ''}"
    told = f'<p lang="{escaped(scale.language)}">{escaped(scale.question)}</p>'
    wording = worded("the panel's own words", language) if scale.own else source
    return [
        _head(head, language, 3),
        told,
        _table(Table(("vote", "words"), rows), language) if rows else "",
        f'<p class="faint">{escaped(wording)}</p>',
    ]


def _conditions(conditions: Sequence[ConditionKey]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for one in conditions:
        settings = ", ".join(f"{key} = {_no_path(value)}" for key, value in one.parameters.items())
        rows.append((one.name, _no_path(one.source), settings or None, one.digest[:16] or None))
    return Table(("condition", "made by", "parameters", "digest"), tuple(rows))


def _no_path(value: object) -> str:
    """Return a value with each path cut to its last name: where somebody's files lie tells who it is."""
    return re.sub(r"(?:[A-Za-z]:)?[^\s=,;:'\"]*[/\\](?=[^\s/\\])", "", str(value))


# --- numbers ------------------------------------------------------------------------------------------------


def _numbers(results: Results, *, several: bool) -> list[str]:
    main = "All votes of each pair" if results.pairs else f"{results.score_name} of each condition"
    every = [(main, tables.main_table(results)), ("By talker", tables.talkers_table(results))]
    if results.contrasts:
        every.insert(0, ("Comparisons", tables.contrasts_table(results)))
    if several:
        of_strata = tables.contrasts_table(results, results.contrast_strata)
        parted = tables.parted_by(tables.strata_of(results))
        every.append((f"Comparisons by {parted}", of_strata))
        every.append((f"{main}, by {parted}", tables.strata_table(results)))
    language = results.language
    body = [_head("Tables", language)]
    for head, table in every:
        if table.rows:
            body += [_head(head, language, 3), _table(table, language)]
    return body


def _listeners(results: Results) -> list[str]:
    language = results.language
    body = [_head("Listeners", language), _table(tables.listeners_table(results), language)]
    left_out = [f"{one.name}: {'; '.join(one.reasons)}" for one in results.excluded]
    body += _section("Left out", left_out, language)
    body += _section("Kept by hand", [f"{one.name}: {'; '.join(one.kept)}" for one in results.kept], language)
    body += _section("Sessions that are open now, and hidden", results.running, language)
    body += _section("Files", (*results.problems, *results.notes), language, languages.ENGLISH)
    own = _table(tables.by_listener_table(results), language)
    return [*body, _head("Each listener's results", language, 3), own]


def _second_lines(results: Results) -> list[str]:
    language = results.language
    body = [_head("Beside the main line", language)] if results.statistics else []
    for one in results.statistics:
        body += [_head(one.title, language, 3), _table(one.table, language)]
        body += [f'<p class="faint">{escaped(worded(note, language))}</p>' for note in one.notes]
    return body
