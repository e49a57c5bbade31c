"""Keys of panels whose sounds nobody needs, whole series of sessions, and predictors of what comes next."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence

from gaplisten.panel.definition import parse_definition
from gaplisten.panel.design import drawing
from gaplisten.panel.design.filling import Filling
from gaplisten.panel.key import ClipKey, Key, StimulusKey
from gaplisten.panel.planned import Item, Use
from kit.panels import toml


def digest(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def key_of(
    method: str,
    clips: int = 6,
    systems: int = 4,
    strata: int = 1,
    extra: str = "",
    top: str = "",
    *,
    design: int = 2,
    talkers: int = 1,
    secret: str = "s",
) -> Key:
    """Return the key of a panel whose sounds nobody needs."""
    names = tuple(f"s{at}" for at in range(systems))
    definition = parse_definition(toml(method, extra, names, top))
    made = [
        ClipKey(
            name=f"c{at}",
            stratum=f"b{at % strata}",
            rate=8000,
            frames=800,
            channels=1,
            gain=1,
            gain_db=0,
            talker=f"t{at % talkers}",
        )
        for at in range(clips)
    ]
    sounds = list(definition.method.sounds(definition.design))
    stimuli = [
        StimulusKey(
            code=digest(clip.name, name, use)[:16],
            clip=clip.name,
            condition=name,
            use=use,
            sha256=digest(name),
        )
        for clip in made
        for name, use in [*sounds, *((("reference", Use.GOOD),) if "clear_good" in extra else ())]
    ]
    return Key(
        version="test",
        definition=definition,
        clips=made,
        conditions=[],
        stimuli=stimuli,
        design=design,
        secret=secret if design > 1 else "",
    )


def series(key: Key, listeners: int) -> list[list[Item]]:
    """Return the trials of so many listeners who come one after another and all go on to the end."""
    filling, made = Filling(), []
    for at in range(listeners):
        seat = drawing.seat_of(key, f"L{at}", filling)
        _, items = drawing.drawn(key, f"L{at}", seat, filling)
        filling.add(items, seat=seat)
        made.append(items)
    return made


# --- predictors ---------------------------------------------------------------------------------------------

Sequence_ = Sequence[Hashable]  # what came, trial by trial
Predictor = Callable[[Sequence_], Hashable]  # of what came so far, what comes next


def last(count: int, trained: Sequence[Sequence_]) -> Predictor:
    """Return who says what mostly followed the same last outcomes, with other listeners."""
    follows: dict[Hashable, Counter[Hashable]] = defaultdict(Counter)
    overall: Counter[Hashable] = Counter()
    for one in trained:
        for at, outcome in enumerate(one):
            follows[tuple(one[max(0, at - count) : at])][outcome] += 1
            overall[outcome] += 1
    usual = overall.most_common(1)[0][0]

    def predict(past: Sequence_) -> Hashable:
        seen = follows.get(tuple(past[max(0, len(past) - count) :]))
        return seen.most_common(1)[0][0] if seen else usual

    return predict


def rarest(outcomes: Sequence_) -> Predictor:
    """Return who says what came least often so far."""

    def predict(past: Sequence_) -> Hashable:
        seen = Counter(past)
        return min(outcomes, key=lambda one: (seen[one], digest(str(one), str(len(past)))))

    return predict


def not_yet(outcomes: Sequence_, block: int) -> Predictor:
    """Return who names one of those that the block of so many trials still lacks."""

    def predict(past: Sequence_) -> Hashable:
        there = set(past[len(past) // block * block :])
        left = [one for one in outcomes if one not in there] or list(outcomes)
        return min(left, key=lambda one: digest(str(one), str(len(past))))

    return predict


def as_before(block: int) -> Predictor:
    """Return who says what came at the same place of the block before."""
    return lambda past: past[len(past) - block] if len(past) >= block else (past[-1] if past else None)


def share_right(sequences: Sequence[Sequence_], predictor: Predictor) -> float:
    """Return how often a predictor is right, over all trials of all listeners."""
    right = [predictor(one[:at]) == one[at] for one in sequences for at in range(len(one))]
    return sum(right) / len(right)


def predictors(trained: Sequence[Sequence_], block: int) -> dict[str, Predictor]:
    """Return all of them; `trained` are other listeners."""
    outcomes = sorted({outcome for one in trained for outcome in one}, key=str)
    return {
        **{f"last {count}": last(count, trained) for count in (1, 2, 3)},
        "rarest so far": rarest(outcomes),
        "not yet in this block": not_yet(outcomes, block),
        "same place as before": as_before(block),
    }
