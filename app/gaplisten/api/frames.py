"""Results as tables of pandas, which is asked for only here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gaplisten.api.arrays import checked
from gaplisten.errors import GaplistenError
from gaplisten.loss.measures import GapTable
from gaplisten.loss.trace import Gap, LossTrace
from gaplisten.tables import Table

if TYPE_CHECKING:
    import pandas as pd


class PandasMissing(GaplistenError, ImportError):  # noqa: N818 - named after what happened
    """Tables are asked for where pandas is not installed."""


def frame_of(table: Table) -> pd.DataFrame:
    """Return a table, with missing values as NaN or None.

    Raises
    ------
    PandasMissing
        If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        way_out = "install it: pip install pandas, or gaplisten[notebook]"
        raise PandasMissing(
            "tables in notebooks", "are pandas' DataFrames, and pandas is missing", way_out
        ) from error
    return pd.DataFrame([list(row) for row in table.rows], columns=list(table.columns)).infer_objects()


def gaps_frame(trace: LossTrace | None, frames: int) -> pd.DataFrame:
    """Return one row for each gap; `first_packet` and `packets` are missing off the packets."""
    columns = ("gap", "start", "stop", "start_s", "length_ms", "first_packet", "packets")
    gaps = () if trace is None else trace.gaps(frames)
    rate = 0 if trace is None else trace.rate
    rows = [
        (
            number, gap.start, gap.stop, gap.start / rate, 1000 * gap.frames / rate,
            gap.first_packet, gap.packets,
        )
        for number, gap in enumerate(gaps, 1)
    ]  # fmt: skip
    return frame_of(Table(columns, tuple(rows)))


def measures_frame(tables: Sequence[GapTable], thresholds: Mapping[str, float] | None) -> pd.DataFrame:
    """Return one row for each gap and version, the gap's place in frames included."""
    rows: list[tuple[object, ...]] = []
    columns: tuple[str, ...] = ()
    limits = checked(thresholds)
    for found in tables or [GapTable((), (), {})]:  # of nothing: the columns are those of others
        table = found.table(limits)
        places = {facts.index: facts.gap for facts in found.gaps}
        columns = (table.columns[0], "start", "stop", *table.columns[1:])
        rows += [_placed(row, places) for row in table.rows]
    return frame_of(Table(columns, tuple(rows)))  # type: ignore[arg-type]


def _placed(row: Sequence[object], places: Mapping[int, Gap]) -> tuple[object, ...]:
    gap = places[row[0]]  # type: ignore[index]
    return (row[0], gap.start, gap.stop, *row[1:])
