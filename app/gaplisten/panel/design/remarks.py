"""What a standard's author would say about a panel: said when it is built, never a refusal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gaplisten.languages import are, counted
from gaplisten.panel.design.cells import grid_of
from gaplisten.panel.design.counting import Counts, listeners_wanted, minutes
from gaplisten.panel.key import Key, Part

_LONGEST_SESSION = 45  # minutes, P.800
_MUSHRA_SECONDS, _MUSHRA_ITEMS = 12.0, 5


def _practice(key: Key) -> Iterator[str]:
    training = key.definition.training
    own = any(clip.part is Part.TRAINING for clip in key.clips)
    if training.trials and not own:
        yield (
            "practice uses the test's own clips: P.800 wants sentences that listeners have not heard"
            " (name others under training.clips)"
        )
    if key.definition.method.practice_needed and not training.trials:
        yield "there is no practice, which BS.1534-3 makes mandatory (set training.trials)"


def _excerpts(key: Key) -> Iterator[str]:
    if not key.definition.method.practice_needed:
        return
    tests = [clip for clip in key.clips if clip.part is Part.TEST]
    long = [clip for clip in tests if clip.frames / clip.rate > _MUSHRA_SECONDS]
    if long:
        worst = max(long, key=lambda clip: clip.frames / clip.rate)
        yield (
            f"{len(long)} of {counted(len(tests), 'clip')} {are(len(long))} longer than 12 s ({worst.name}: "
            f"{worst.frames / worst.rate:.1f} s); BS.1534-3 wants about 10 s, and longer ones justified"
        )
    if len(tests) < _MUSHRA_ITEMS:
        there = f"there {are(len(tests))} {len(tests)}"
        yield f"BS.1534-3 wants 5 items at least, about 1.5 for each system; {there}"


def _talkers(key: Key) -> Iterator[str]:
    tests = [clip for clip in key.clips if clip.part is Part.TEST]
    if not any(clip.talker or clip.sex for clip in tests):
        yield "nothing says who talks, and so results cannot: clips.talkers or clips.talker_names"
        return
    sexes = Counter(clip.sex for clip in tests)
    if len(sexes) > 1 and max(sexes.values()) - min(sexes.values()) > 1:
        said = ", ".join(f"{count} {sex or 'of neither'}" for sex, count in sorted(sexes.items()))
        yield f"clips are not balanced over the talkers' sex ({said}); P.800 wants them balanced"


def _references(key: Key) -> Iterator[str]:
    """Say what P.800 wants beside the systems under test."""
    definition = key.definition
    if not definition.method.reference_conditions:
        return
    if not any(one.mnru is not None for one in definition.condition):
        yield "P.800 wants MNRU reference conditions in every experiment; there are none (mnru = 15)"
    talkers = {clip.talker for clip in key.clips if clip.part is Part.TEST}
    nulls = any(one.reference for one in definition.condition) or definition.checks.null_pairs >= len(talkers)
    if "null_pairs" in definition.method.checks and not nulls:
        yield "P.800 wants a null pair of each talker (checks.null_pairs, or a condition reference = true)"


def _wanted_votes(key: Key) -> str:
    return counted(key.definition.votes_per_clip or 0, "vote")


def _votes(key: Key, counts: Counts) -> Iterator[str]:
    wanted, listed = listeners_wanted(key), len(key.definition.listeners)
    if wanted is None:
        return
    if listed and listed < wanted:
        fewest, most = counts.votes
        votes = counted(most, "vote") if fewest == most else f"{fewest} to {counted(most, 'vote')}"
        yield (
            f"{counted(listed, 'listener is', 'listeners are')} listed, which gives {votes} in a cell;"
            f" {wanted} {are(wanted)} needed for"
            f" {_wanted_votes(key)} in every cell"
        )
    elif key.definition.ratings_per_condition is not None:
        who = counted(wanted, "listener is", "listeners are")
        yield f"{who} needed for {_wanted_votes(key)} in every cell"
    if grid_of(key).share < len(grid_of(key).clips):
        yield (
            "who begins takes the cells with the fewest votes in this folder; copies of the folder on other"
            " machines are not seen from here (list the listeners, or share the ratings folder)"
        )


def remarks(key: Key, counts: Counts) -> list[str]:
    """Return what should be known before anybody listens, as sentences."""
    method, design = key.definition.method, key.definition.design
    rates = [clip.rate for clip in key.clips if clip.part is Part.TEST]
    said = [
        *method.remarks(design, rates),
        *_practice(key),
        *_excerpts(key),
        *_talkers(key),
        *_references(key),
        *_votes(key, counts),
    ]
    if method.fixed_sides(design):
        said.append(
            "sides are fixed: fit for learning a difference; a preference for a side cannot be told from one"
            " for a condition"
        )
    if (long := minutes(key)) > _LONGEST_SESSION:
        said.append(f"a session takes about {long:.0f} minutes; P.800 allows 45, and wants 20 (use a part)")
    return said
