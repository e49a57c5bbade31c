"""What a cheat sees of a panel who reads all traffic but no sound: names, sizes, times, headers, order."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.session import Session
from kit.panels import NO_STEPS, make_panel
from kit.served import Answer, Remote, serving


@dataclass(frozen=True)
class Fetched:
    """What can be seen of one sound of a trial, and what it was."""

    condition: str
    listener: int
    marks: tuple[str, ...]


def marks_of(
    place: int, name: str, rank: int, answer: Answer, trial: int, codes: Sequence[str]
) -> tuple[str, ...]:
    """Return what a cheat could hold on to, one string for each thing."""
    headers, body = answer.headers, answer.body
    junk = body[46:78]
    told = [(key, value) for key, value in headers.items() if key != "date"]
    return (
        f"place {place}",
        f"place {place} of trial {trial}",
        f"name {name[0]}",
        f"name {name[-1]}",
        f"rank of name {sorted(codes).index(name)}",
        f"rank of time {rank}",
        f"size {len(body)}",
        f"headers {told}",
        f"head {body[:46].hex()}",
        f"mark {junk[0] >> 5}",
        f"mark {junk.hex()}",
    )


def looked_at(panel: FrozenPanel, listeners: int) -> list[Fetched]:
    """Take the panel with so many listeners; return what could be seen of every sound."""
    seen: list[Fetched] = []
    with serving(panel) as served:
        for listener in range(listeners):
            remote: Remote = served.remote(f"L{listener}")
            remote.open()
            rows: list[list[tuple[int, str, float, Answer]]] = []
            trials: list[int] = []
            while remote.screen["kind"] == "trial":
                fetched = []
                for place, slot in enumerate(remote.screen["slots"]):
                    before = time.perf_counter()
                    answer = remote.sound(slot["name"])
                    fetched.append((place, slot["name"], time.perf_counter() - before, answer))
                rows.append(fetched)
                trials.append(remote.screen["number"])
                remote.send()
            with Session.open(panel, f"L{listener}") as own:
                plan = {one.trial.number: one.conditions for one in own._plan}
            for number, fetched in zip(trials, rows, strict=True):
                ranks = np.argsort(np.argsort([took for _, _, took, _ in fetched]))
                names = [name for _, name, _, _ in fetched]
                seen += [
                    Fetched(
                        plan[number][place],
                        listener,
                        marks_of(place, name, int(ranks[place]), answer, number, names),
                    )
                    for place, name, _, answer in fetched
                    if place or len(plan[number]) == 1 or panel.definition.method.name != "mushra"
                ]
    return seen


@pytest.mark.parametrize(
    ("method", "listeners"),
    [("mushra", 4), *(pytest.param(one, 60, marks=pytest.mark.long) for one in ("mushra", "acr"))],
)
def test_traffic_without_the_sound_tells_no_condition(method: str, listeners: int, tmp_path: Path) -> None:
    extra = NO_STEPS + ('[mushra]\nanchors = ["lossy"]\n' if method == "mushra" else "")
    panel = make_panel(tmp_path, method, extra, clips=4)
    seen = looked_at(panel, listeners)
    learned = [one for one in seen if one.listener % 2 == 0]
    asked = [one for one in seen if one.listener % 2]
    conditions = sorted({one.condition for one in seen})
    assert len(conditions) >= 2
    most = max(Counter(one.condition for one in asked).values()) / len(asked)
    for kind in range(len(seen[0].marks)):
        of_mark: dict[str, Counter[str]] = defaultdict(Counter)
        for one in learned:
            of_mark[one.marks[kind]][one.condition] += 1
        anything = Counter(one.condition for one in learned)
        right = sum(
            (of_mark.get(one.marks[kind]) or anything).most_common(1)[0][0] == one.condition for one in asked
        )
        by_chance = float(binom.sf(right - 1, len(asked), most))
        print(f"{seen[0].marks[kind][:30]!r}: {right} of {len(asked)} (chance {most:.2f}), p {by_chance:.2g}")
        assert by_chance > 1e-5, seen[0].marks[kind]
