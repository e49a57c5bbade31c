"""The combined score of the INTERSPEECH 2022 Audio Deep PLC Challenge: opinion and word accuracy, half each.

((CMOS + 3) / 3 + WAcc) / 2: the organisers' figures follow from it in all four rows known to us. CMOS is that
of P.808's comparison with the reference, from -3 to 3; a system as good as the reference in both respects has
1. The challenge's word accuracy was another recogniser's: figures are comparable only where the
same one heard all systems.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from gaplisten.batch.heard import Heard
from gaplisten.batch.score import ScoreRow
from gaplisten.metrics.word_accuracy import HOW, WORDS
from gaplisten.statistics import Mean, student_mean, weighted_mean
from gaplisten.tables import Table

FORMULA = "((CMOS + 3) / 3 + WAcc) / 2"
COLUMNS = (
    "condition", "clips_rated", "cmos", "cmos_low", "cmos_high", "clips_heard", "words", "wacc", "wacc_low",
    "wacc_high", "combined", "combined_low", "combined_high", HOW,
)  # fmt: skip


def combined_scores(rows: Iterable[ScoreRow], heard: Iterable[Heard]) -> Table:
    """Return one line for each condition that was compared with the reference and whose words were counted.

    The two halves need not be of the same clips: the challenge's were not. Their intervals (95 %; Student's t
    over clips, and the bootstrap over clips) are joined as those of independent means.

    Parameters
    ----------
    rows
        Of one metric that counts words.
    heard
        Those that are `Heard.cmos` count.
    """
    rated: dict[str, list[float]] = {}
    for one in heard:
        if one.cmos:
            rated.setdefault(one.condition, []).append(one.rating)
    told: dict[str, list[ScoreRow]] = {}
    for row in rows:
        if row.score.value is not None and row.task.version.condition in rated:
            told.setdefault(row.task.version.condition, []).append(row)
    lines = []
    for condition, known in told.items():
        words = [dict(row.score.beside)[WORDS] for row in known]
        cmos = student_mean(rated[condition])
        wacc = weighted_mean([row.score.value for row in known if row.score.value is not None], words)
        whole = ((cmos.mean + 3) / 3 + wacc.mean) / 2
        how = "; ".join(dict.fromkeys(dict(row.score.texts)[HOW] for row in known))
        opinion = (cmos.n, cmos.mean, cmos.low, cmos.high)
        accuracy = (wacc.n, int(sum(words)), wacc.mean, wacc.low, wacc.high)
        lines.append((condition, *opinion, *accuracy, whole, *_interval(whole, cmos, wacc), how))
    return Table(COLUMNS, tuple(lines))


def _interval(whole: float, cmos: Mean, wacc: Mean) -> tuple[float | None, float | None]:
    """Return the ends of the combined score's interval."""
    if cmos.low is None or cmos.high is None or wacc.low is None or wacc.high is None:
        return None, None
    down = math.hypot((cmos.mean - cmos.low) / 3, wacc.mean - wacc.low) / 2
    up = math.hypot((cmos.high - cmos.mean) / 3, wacc.high - wacc.mean) / 2
    return whole - down, whole + up
