"""What an audit says of time: what the plugin's process tells, held against clocks that it cannot turn.

A busy machine must neither make an honest plugin doubtful nor hide what a dishonest one does. So waiting for
a processor does not count, a plugin that does nothing is asked the same right after some of the packets, and
what is left is judged by medians and how surely they are known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gaplisten.concealers.entries import Entry
from gaplisten.concealers.findings import CHALLENGE_LIMIT_MS, Finding, Verdict
from gaplisten.concealers.request import Concealed
from gaplisten.loss.trace import LossTrace

_HIDDEN_SECONDS, _HIDDEN_SHARE = 0.25, 1.0
_OUTSIDE_SECONDS, _OUTSIDE_TIMES = 0.5, 2.0
_UNTOLD, _UNTOLD_LEAST_MS = 0.15, 2.0  # share of a packet
_BY_CHANCE = 0.001
_ONE_THREAD, _TICKS_SECONDS = 1.1, 0.1

Numbers = npt.NDArray[np.float64]


def times(
    entry: Entry, runs: Sequence[Concealed], one_by_one: Sequence[Concealed], seconds: float, trace: LossTrace
) -> tuple[Finding, ...]:
    """Judge time, by the plugin's process and by the host's clock.

    Parameters
    ----------
    runs
        With losses, each of `seconds` of sound.
    one_by_one
        With the packets of `trace` handed over one at a time, and a plugin that does nothing beside it.
    """
    told = min(run.seconds for run in runs)
    # The least of many runs: a busy machine makes single ones slow.
    wall = min(wall_of(run) for run in runs)
    cpu = min(_cpu_of(run) for run in runs)
    hidden = min(max(wall_of(run) - run.seconds, _cpu_of(run) - 2 * run.seconds) for run in runs)
    doubts = []
    if hidden > _HIDDEN_SECONDS + _HIDDEN_SHARE * told:
        doubts.append(
            f"by the host's clocks a run takes {wall:.3g} s ({cpu:.3g} s of processor time); "
            f"its calls account for {told:.3g} s"
        )
    if any(run.left_behind for run in runs):
        doubts.append("something goes on after it has answered")
    around: tuple[Finding, ...] = ()
    if one_by_one:
        doubts += untold(one_by_one, trace)[0]
        calls = min(float(run.packet_seconds.sum()) for run in one_by_one)
        outside = max(
            min(
                *(_around(run) for run in one_by_one),
                min(run.seconds - float(run.packet_seconds.sum()) for run in runs),
            ),
            0.0,
        )
        if outside > _OUTSIDE_SECONDS and outside > _OUTSIDE_TIMES * calls:
            doubts.append(f"{outside:.3g} s of its work are done outside of packet(), {calls:.3g} s inside")
        over = Verdict.OVER if outside > 10 * trace.packet_ms / 1000 else Verdict.OK
        around = (Finding("construction and flush", None, 1000 * outside, "ms", over, 10 * trace.packet_ms),)
    doubt = "; ".join(doubts)
    factor = max(min(map(_least, runs)), cpu, wall) / seconds
    over = Verdict.OVER if factor > 1 else Verdict.OK
    speed = Finding("real-time factor", None, factor, "", over, 1.0, "one core; the host's clock")
    return (*_per_packet(entry, runs, one_by_one, trace, doubt), *around, speed)


def untold(runs: Sequence[Concealed], trace: LossTrace) -> tuple[list[str], bool]:
    """Compare what each packet took by the host's clock with what the plugin's process told.

    What the same took of a plugin that does nothing, right after it, is taken off.

    Parameters
    ----------
    runs
        Of the same packets, handed over one at a time.

    Returns
    -------
    doubts
        In words.
    settled
        Whether more runs would not change that.
    """
    limit = max(_UNTOLD * trace.packet_ms, _UNTOLD_LEAST_MS)
    packets = [1000.0 * (_walls(run) - run.packet_seconds - _beside(run)) for run in runs]
    doubts, settled = [], True
    for what, which in (("lost", trace.lost), ("received", ~trace.lost)):
        more = np.concatenate([each[which & np.isfinite(each)] for each in packets])
        if not more.size:
            continue
        low, middle, high = _median(more)
        settled &= not low <= limit < high
        if middle > limit:
            doubts.append(f"by the host's clock a {what} packet takes {middle:.3g} ms longer than is told")
    return doubts, settled


def _median(values: Numbers) -> tuple[float, float, float]:
    """Return the median between bounds that it passes by chance once in a thousand times (sign test)."""
    from scipy.stats import binom  # takes long to load, and is seldom asked

    ordered = np.sort(values)
    outside = max(int(binom.ppf(_BY_CHANCE, ordered.size, 0.5)), 1)
    return float(ordered[outside - 1]), float(np.median(ordered)), float(ordered[-outside])


def _walls(run: Concealed) -> Numbers:
    """Return what each packet took that was handed over alone, in s."""
    return np.array([spent.wall for spent in run.spent[1:-1]])


def _beside(run: Concealed) -> Numbers:
    """Return what the same took right after it where nothing was done, in s; NaN where that was not asked."""
    return np.array([np.nan if spent is None else spent.wall for spent in run.beside[1:-1]])


def _around(run: Concealed) -> float:
    """Return what making the plugin's object and its flush took, in s, handed over alone."""
    return sum(spent.wall for spent in (run.spent[0], run.spent[-1]))


def wall_of(run: Concealed) -> float:
    """Return the time of a run by the host's clock, in s."""
    return sum(spent.wall for spent in run.spent)


def _cpu_of(run: Concealed) -> float:
    return sum(spent.cpu for spent in run.spent)


def _alone(run: Concealed) -> bool:
    """Whether the host's clock can be relied on: one with several threads at work may make itself wait."""
    return _cpu_of(run) <= _ONE_THREAD * wall_of(run) + _TICKS_SECONDS


def _least(run: Concealed) -> float:
    """Return the time of a run in s: what is told, in which waiting for a processor counts, or less."""
    return min(run.seconds, wall_of(run)) if _alone(run) else run.seconds


def _per_packet(
    entry: Entry, runs: Sequence[Concealed], one_by_one: Sequence[Concealed], trace: LossTrace, doubt: str
) -> tuple[Finding, ...]:
    limit = trace.packet_ms
    live = entry.causal is True or entry.form == "streaming"

    def judged(name: str, value: float, note: str = "", *, usual: bool = False) -> Finding:
        over = Verdict.LATE if usual and live else Verdict.OVER
        verdict = Verdict.DOUBT if doubt else over if value > limit else Verdict.OK
        return Finding(name, None, value, "ms", verdict, limit, "; ".join(filter(None, (note, doubt))))

    if entry.form == "whole_file":
        spent = min(map(_least, runs))
        note = f"whole file at once: {1000 * spent:.3g} ms for {trace.packets} packets"
        mean = 1000.0 * spent / max(trace.packets, 1)
        return (judged("time per packet, mean", mean, note, usual=True),)
    # Each the least of many runs: a busy machine makes single packets slow in each of them.
    each = [run.packet_seconds for run in runs]
    # Handed over alone, a packet is that of all channels.
    calls = one_by_one[0].signal.channels if one_by_one and entry.channels == 1 else 1
    each += [_walls(run) / calls for run in one_by_one if _alone(run)]
    p50, p90, p99, most = (
        1000.0 * min(float(np.quantile(packets, q)) for packets in each) for q in (0.5, 0.9, 0.99, 1.0)
    )
    return (
        judged("time per packet, p50", p50, usual=True),
        # Single slow packets (code that is compiled when first used) do not make it fall behind.
        judged("time per packet, p99", p99, usual=p90 > limit),
        judged("time per packet, max", most),
    )


def latency(ahead: Finding, delay_ms: float, spent: tuple[Finding, ...]) -> Finding:
    """Add up what the challenge limits."""
    name = "delay and time per packet"
    each = {finding.measure: finding.measured for finding in spent}
    of_packet = each.get("time per packet, p99", each.get("time per packet, mean"))
    known = ahead.measured if isinstance(ahead.measured, float) else 0.0
    total = max(known, delay_ms) + float(of_packet or 0.0)
    note = "the larger of declared delay and look-ahead, plus p99 (mean); challenge limit"
    over = Verdict.OVER if total > CHALLENGE_LIMIT_MS else Verdict.OK
    return Finding(name, delay_ms, total, "ms", over, CHALLENGE_LIMIT_MS, note)
