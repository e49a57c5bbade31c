"""What an audit says of time: how long packets take, and what the challenge limits."""

from __future__ import annotations

import pytest

from gaplisten.concealers.audit_times import latency
from gaplisten.concealers.findings import CHALLENGE_LIMIT_MS, Finding, Verdict


def measured(name: str, value: float | str | None) -> Finding:
    return Finding(name, None, value, "ms", Verdict.OK, None, "")


@pytest.mark.parametrize(
    ("ahead", "delay", "spent", "total", "verdict"),
    [
        (0.0, 15.0, {"time per packet, p99": 5.0}, CHALLENGE_LIMIT_MS, Verdict.OK),
        (0.0, 15.0, {"time per packet, p99": 5.001}, 20.001, Verdict.OVER),
        (12.0, 10.0, {"time per packet, p99": 2.0, "time per packet, max": 50.0}, 14.0, Verdict.OK),
        (10.0, 12.0, {"time per packet, mean": 3.0}, 15.0, Verdict.OK),
        (25.0, 0.0, {"time per packet, p99": 1.0}, 26.0, Verdict.OVER),
        ("all of it", 4.0, {"time per packet, p99": 1.0}, 5.0, Verdict.OK),
        (0.0, 20.0, {}, 20.0, Verdict.OK),
    ],
)
def test_the_larger_of_delay_and_look_ahead_and_the_time_of_a_packet_are_held_against_the_limit(
    ahead: float | str, delay: float, spent: dict[str, float], total: float, verdict: Verdict
) -> None:
    taken = tuple(measured(name, value) for name, value in spent.items())
    found = latency(measured("look-ahead", ahead), delay, taken)
    assert found.measured == pytest.approx(total)
    assert (found.verdict, found.limit) == (verdict, CHALLENGE_LIMIT_MS)
