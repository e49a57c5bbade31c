"""What a panel will ask of its listeners, in a sentence, before it is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gaplisten.clips.clip import Clip
from gaplisten.languages import counted
from gaplisten.panel.definition import PanelDefinition
from gaplisten.panel.design.counting import listeners_wanted, minutes
from gaplisten.panel.design.items import share, systems, trial_count
from gaplisten.panel.design.preview import preview
from gaplisten.panel.key import Key
from gaplisten.panel.selection import ChosenClip

NO_CLIP = "No clip is chosen"
_ENOUGH = 40  # clips by which the minutes of more are reckoned


def clips_of(definition: PanelDefinition, clips: Sequence[Clip]) -> list[Clip]:
    """Return about the clips that a definition chooses: which ones of a burst length is not looked up."""
    part = definition.clips
    if part.names is not None:
        return [clip for clip in clips if clip.name in part.names]
    if part.per_stratum is not None:
        wanted = part.per_stratum
        return list(clips)[: wanted.short + wanted.medium + wanted.long + wanted.beyond]
    return list(clips)


@dataclass(frozen=True)
class Size:
    """A panel that is not built: its key, its clips of the test, and a listener's minutes."""

    key: Key
    clips: int
    minutes: float


def sized(definition: PanelDefinition, clips: Sequence[Clip]) -> Size | None:
    """Return how large a panel would be; None where the definition chooses no clip.

    Parameters
    ----------
    clips
        All that there are; those that the definition chooses are counted.
    """
    practice = set(definition.training.clips)
    chosen = clips_of(definition, [clip for clip in clips if clip.name not in practice])
    if not chosen:
        return None
    key = preview(definition, [ChosenClip(clip, "") for clip in chosen])
    return Size(key, len(chosen), _minutes(definition, chosen, trial_count(key)))


def brief(definition: PanelDefinition, size: Size | None) -> tuple[list[str], list[str]]:
    """Return how many trials and minutes a listener gets, and how many votes each cell; and notes on that."""
    if size is None:
        return [NO_CLIP], []
    key = size.key
    checks = definition.checks
    among = checks.clear_good + checks.clear_bad + checks.reference_repeats + checks.null_pairs
    among += len(checks.gold) + len(checks.trap) + checks.spoken_traps
    trials, kinds, each = trial_count(key) + among, len(systems(key)), share(key)
    time = max(1, round(size.minutes))
    said = [f"{counted(trials, 'trial')}, about {counted(time, 'minute')} for each listener"]
    method = definition.method
    if method.series(definition.design) is not None:
        return said, []
    cells = size.clips * kinds
    what = counted(size.clips, "clip")
    what += "" if definition.method.multiple else f" x {kinds}"
    said.append(f"{counted(cells, 'cell')} ({what})")
    votes = each * definition.repeats / size.clips
    people = len(definition.listeners) or listeners_wanted(key)
    if people:
        who = counted(people, "listener gives", "listeners give")
        said.append(f"{who} about {_some(votes * people)} in each cell")
    elif votes >= 1:
        said.append(f"each listener gives {counted(round(votes), 'vote')} in each cell")
    else:
        said.append(f"each listener votes in {100 * votes:.0f} % of the cells")
    notes = method.remarks(definition.design, [clip.rate for clip in key.clips])
    return said, list(notes)


def _minutes(definition: PanelDefinition, chosen: Sequence[Clip], trials: int) -> float:
    """Return about how many minutes so many trials take: those of some clips tell it for all."""
    part = preview(definition, [ChosenClip(clip, "") for clip in chosen[:_ENOUGH]])
    return minutes(part) * trials / trial_count(part)


def _some(votes: float) -> str:
    return f"{votes:.3g} {'vote' if f'{votes:.3g}' == '1' else 'votes'}"
