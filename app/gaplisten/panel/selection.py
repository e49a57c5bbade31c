"""Which clips a panel uses, and that their files lie where the panel may read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath

from gaplisten.audio.channels import ChannelsError, Reading, parse_channels
from gaplisten.audio.headerless import RawError, parse_raw
from gaplisten.clips.clip import Clip, PacketLength
from gaplisten.clips.clip_tables import stratum_of, table_of_clips
from gaplisten.clips.layouts import find_clips
from gaplisten.clips.summary import summarise
from gaplisten.clips.transcripts import keys_of
from gaplisten.errors import GaplistenError
from gaplisten.languages import are, counted
from gaplisten.loss.strata import Stratum
from gaplisten.panel.definition import DefinitionError, PanelDefinition
from gaplisten.panel.order import shuffled
from gaplisten.panel.parts import ClipsPart
from gaplisten.panel.safety import UntrustedPanel, clean_name
from gaplisten.panel.talkers import NOBODY, Talker, by_pattern, by_table

_STRATA = {
    "short": Stratum.SHORT,
    "medium": Stratum.MEDIUM,
    "long": Stratum.LONG,
    "beyond": Stratum.BEYOND,
}


@dataclass(frozen=True)
class ChosenClip:
    """A clip of the panel, its stratum (longest bursts or a table), whether for practice only, who talks."""

    clip: Clip
    stratum: str
    training: bool = False
    talker: Talker = NOBODY


@dataclass(frozen=True)
class Places:
    """Where a definition's relative paths start, and which other folders its maker may read.

    A definition may come from a stranger, so its paths stay in its own folder unless the person who builds
    the panel names another one.
    """

    base: Path
    allowed: tuple[Path, ...] = ()

    def resolve(self, said: str) -> Path:
        """Return the path that a definition names.

        Raises
        ------
        UntrustedPanel
            If it leads out of the definition's folder and of all allowed ones.
        """
        if "\0" in said:
            raise UntrustedPanel(repr(said[:80]), "the path has control characters", "take them out")
        absolute = PurePosixPath(said).is_absolute() or PureWindowsPath(said).is_absolute()
        path = Path(said) if absolute else self.base / said
        self.check(path, said)
        return path

    def check(self, path: Path, said: str = "") -> None:
        """Raise `UntrustedPanel` if `path`, links followed, lies outside."""
        try:
            real = path.resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise UntrustedPanel(str(path), f"the path cannot be followed ({error})", "fix it") from error
        roots = [self.base.resolve(), *(folder.resolve() for folder in self.allowed)]
        if not any(real.is_relative_to(root) for root in roots):
            fact = "it lies outside the folder of the panel's definition"
            folder = real if real.is_dir() else real.parent
            way_out = f"move it there, or allow that folder when building (--allow {folder})"
            raise UntrustedPanel(said or str(path), fact, way_out)


def _check_paths(clip: Clip, places: Places) -> None:
    files = [clip.reference, clip.lossy, clip.trace, *(one.path for one in clip.conditions)]
    for path in files:
        if path is not None:
            places.check(path)


def _stratum(clip: Clip) -> str:
    try:
        found = summarise(clip)
    except GaplistenError as error:
        raise DefinitionError(
            f"clip {clip.name}", str(error), "fix the trace or leave the clip out"
        ) from error
    return found.stratum.value if found else Stratum.NONE.value


def _telling(clips: Sequence[Clip], part: ClipsPart, places: Places) -> Callable[[Clip], str]:
    """Return what tells a clip's stratum: its longest burst, or the definition's table."""
    if part.strata is None:
        return _stratum
    table = table_of_clips(places.resolve(part.strata), [keys_of(clip) for clip in clips])
    if part.strata_column not in table.columns:
        fact = f"the table has no column {part.strata_column!r}"
        way_out = f"there are {', '.join(map(repr, table.columns[:8]))}"
        raise DefinitionError("clips.strata_column", fact, way_out)
    told = {
        clip.name: clean_name(stratum_of(part.strata_column, table.says(keys_of(clip))), "stratum")
        for clip in clips
    }
    return lambda clip: told[clip.name]


def _per_stratum(clips: Sequence[Clip], part: ClipsPart, seed: int) -> list[ChosenClip]:
    assert part.per_stratum is not None
    by_stratum: dict[str, list[Clip]] = {}
    for clip in clips:
        by_stratum.setdefault(_stratum(clip), []).append(clip)
    made: list[ChosenClip] = []
    for key, stratum in _STRATA.items():
        wanted, there = getattr(part.per_stratum, key), by_stratum.get(stratum.value, [])
        if wanted > len(there):
            fact = (
                f"{counted(wanted, 'clip is', 'clips are')} wanted with longest bursts of {stratum.value},"
                f" there {are(len(there))} {len(there)}"
            )
            raise DefinitionError(f"clips.per_stratum.{key}", fact, "ask for fewer, or add clips")
        picked = shuffled(sorted(there, key=lambda clip: clip.name), seed, "stratum", key)[:wanted]
        made += [ChosenClip(clip, stratum.value) for clip in sorted(picked, key=lambda clip: clip.name)]
    if not made:
        raise DefinitionError("clips.per_stratum", "it asks for no clip at all", "give a number")
    return made


def _named(clips: Sequence[Clip], names: Sequence[str], field: str) -> list[Clip]:
    by_name = {clip.name: clip for clip in clips}
    missing = [name for name in names if name not in by_name]
    if missing:
        fact = f"there is no clip {missing[0]!r}"
        raise DefinitionError(field, fact, f"the clips are {', '.join(list(by_name)[:8])} ...")
    if len(set(names)) < len(names):
        raise DefinitionError(field, "a clip is named twice", "name it once and use repeats")
    return [by_name[name] for name in names]


def choose_clips(definition: PanelDefinition, places: Places) -> list[ChosenClip]:
    """Return the panel's clips, those for practice last.

    Raises
    ------
    DefinitionError
        If the definition asks for clips that are not there.
    UntrustedPanel
        If a file lies where the panel may not read.
    """
    part = definition.clips
    folders = [places.resolve(said) for said in part.folders]
    reference = places.resolve(part.reference_folder) if part.reference_folder else None
    try:
        raw = None if part.raw is None else parse_raw(part.raw)
    except RawError as error:
        raise DefinitionError("clips.raw", error.fact, error.way_out) from error
    try:
        channels = None if part.channels is None else parse_channels(part.channels)
    except ChannelsError as error:
        raise DefinitionError("clips.channels", error.fact, error.way_out) from error
    reading = Reading(raw, channels)
    packet = PacketLength(part.packet_ms)
    clips = find_clips(folders, reference_folder=reference, packet=packet, reading=reading).clips
    stratum = _telling(clips, part, places)
    training = _named(clips, definition.training.clips, "training.clips")
    others = [clip for clip in clips if clip not in training]
    if part.per_stratum is not None:
        chosen = _per_stratum(others, part, definition.seed)
    else:
        wanted = others if part.names is None else _named(clips, part.names, "clips.names")
        chosen = [ChosenClip(clip, stratum(clip)) for clip in wanted]
    if not chosen:
        raise DefinitionError("clips", "no clip is left for the test", "add clips, or use fewer for practice")
    both = {one.clip.name for one in chosen} & {clip.name for clip in training}
    if both:
        raise DefinitionError(
            "training.clips", f"{min(both)!r} is also a clip of the test", "use another one"
        )
    everything = chosen + [ChosenClip(clip, stratum(clip), training=True) for clip in training]
    for one in everything:
        clean_name(one.clip.name, "clip name")
        _check_paths(one.clip, places)
    names = [one.clip.name for one in everything]
    talkers: Mapping[str, Talker] = {}
    if part.talkers is not None:
        talkers = by_table(places.resolve(part.talkers), names)
    elif part.talker_names:
        talkers = by_pattern(part.talker_names, names)
    return [replace(one, talker=talkers.get(one.clip.name, NOBODY)) for one in everything]


def over_talkers(chosen: Sequence[ChosenClip], count: int, *seed: object) -> frozenset[str]:
    """Return the names of so many clips of the test, drawn at random from all talkers in turns."""
    turns: list[tuple[int, str]] = []
    seen: Counter[Talker] = Counter()
    for one in shuffled([one for one in chosen if not one.training], *seed, "talkers"):
        turns.append((seen[one.talker], one.clip.name))
        seen[one.talker] += 1
    return frozenset(name for _, name in sorted(turns, key=lambda turn: turn[0])[:count])
