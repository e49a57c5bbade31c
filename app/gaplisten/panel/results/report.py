"""Results as tables: for the terminal, CSV files and the window alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gaplisten.panel.methods import Method
from gaplisten.panel.results.evaluation import ConditionResult, PairResult, Results
from gaplisten.tables import Cell, Table, write_csv


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _condition_row(one: ConditionResult) -> tuple[Cell, ...]:
    mean, spread = one.mean, one.spread
    numbers = (mean.mean, mean.low, mean.high, spread.median, spread.q1, spread.q3)
    return (one.condition, one.stratum, mean.n, one.votes, *(_rounded(value) for value in numbers))


def conditions_table(results: Results, which: Sequence[ConditionResult] | None = None) -> Table:
    """Return one row per condition (and stratum): listeners, votes, mean, interval, median, quartiles."""
    chosen = results.conditions if which is None else which
    name = results.score_name
    columns = (
        "condition", "stratum", "listeners", "votes", name, "95 % low", "95 % high", "median", "q1", "q3"
    )  # fmt: skip
    return Table(columns, tuple(_condition_row(one) for one in chosen))


def pairs_table(results: Results, which: Sequence[PairResult] | None = None) -> Table:
    """Return one row per pair of A/B or ABX (and stratum), with the exact binomial test."""
    chosen = results.pairs if which is None else which
    sided = "two-sided" if results.method is Method.AB else "one-sided"
    what = "preferred first" if results.method is Method.AB else "correct"
    columns = (
        "first", "second", "stratum", what, "trials", "undecided",
        "share", "95 % low", "95 % high", f"p ({sided})",
    )  # fmt: skip
    rows = tuple(
        (
            one.first,
            one.second,
            one.stratum,
            one.outcome.successes,
            one.outcome.trials,
            one.undecided,
            _rounded(one.outcome.share),
            _rounded(one.outcome.low),
            _rounded(one.outcome.high),
            float(f"{one.outcome.p_value:.4g}"),
        )
        for one in chosen
    )
    return Table(columns, rows)


def listeners_table(results: Results) -> Table:
    """Return one row per listener: checks, spread, agreement, and why the votes do not count."""
    columns = (
        "listener",
        "votes",
        "checks passed",
        "checks",
        "variance",
        "agreement r",
        "underflows",
        "left out",
    )
    rows = tuple(
        (
            one.name,
            one.votes,
            one.passed,
            one.checks,
            _rounded(one.spread),
            _rounded(one.agreement),
            one.underflows,
            "; ".join(one.reasons) or None,
        )
        for one in results.listeners
    )
    return Table(columns, rows)


def main_table(results: Results) -> Table:
    """Return the table that answers the panel's question."""
    return pairs_table(results) if results.pairs else conditions_table(results)


def strata_table(results: Results) -> Table:
    """Return the same by burst stratum."""
    return (
        pairs_table(results, results.pair_strata)
        if results.pairs
        else conditions_table(results, results.strata)
    )


def everything_table(results: Results) -> Table:
    """Return the whole and the strata in one tidy table: for a file."""
    main, strata = main_table(results), strata_table(results)
    return Table(main.columns, main.rows + strata.rows)


def summary(results: Results) -> list[str]:
    """Return what must be said beside the tables."""
    said = [f"{len(results.listeners) - len(results.excluded)} of {len(results.listeners)} listeners count"]
    said += [f"left out: {one.name} ({'; '.join(one.reasons)})" for one in results.excluded]
    said += [f"hidden while the session is open: {name}" for name in results.running]
    said += list(results.problems)
    if results.conditions and min(one.mean.n for one in results.conditions) < 3:
        said.append("with fewer than three listeners an interval says little")
    return said


def save_tables(results: Results, path: Path) -> Path:
    """Write conditions and strata (or pairs) to `path` and the listeners beside it; return the latter's path.

    Raises
    ------
    TableError
        If one of them cannot be written.
    """
    listeners = path.with_name(f"{path.stem}-listeners{path.suffix or '.csv'}")
    write_csv(path, everything_table(results))
    write_csv(listeners, listeners_table(results))
    return listeners
