"""Guessing which part each loose file plays, with a reason, so that the user can correct it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.audio.files import SOUNDING_SUFFIXES, read_start
from gaplisten.clips.clip import Clip, ConditionFile, PacketLength
from gaplisten.clips.names import Role, clip_key, clip_name, numbered, role_in_name, trace_key
from gaplisten.clips.scanning import TABLE_SUFFIXES, TRACE_SUFFIXES
from gaplisten.errors import GaplistenError
from gaplisten.loss.detect import detect_losses
from gaplisten.loss.formats import AmbiguousTrace, meaning_of, read_trace

__all__ = ["Role", "RoleGuess", "clip_from_roles", "guess_roles", "zero_packets"]


_LOOK_AT_SECONDS = 60.0
USUAL = PacketLength()


@dataclass(frozen=True)
class RoleGuess:
    """A file's presumed role.

    Parameters
    ----------
    condition
        Name of the condition; also kept for other roles, in case the user makes it one.
    why
        The reason, in words for the user.
    """

    path: Path
    role: Role
    condition: str
    why: str


def guess_roles(
    paths: Sequence[Path], packet: PacketLength = USUAL, reading: Reading = AS_TOLD
) -> list[RoleGuess]:
    """Guess the role of each file of one clip, from its name, else from its content.

    Parameters
    ----------
    paths
        Sound and trace files. Each is opened only when its name tells nothing.
    reading
        How files are read that do not tell, or have more channels than are wanted.
    """
    guesses = [
        _by_itself(path, names, packet, reading) for path, names in zip(paths, _names(paths), strict=True)
    ]
    return _settled(guesses)


def clip_from_roles(
    guesses: Iterable[RoleGuess],
    name: str | None = None,
    packet: PacketLength = USUAL,
    reading: Reading = AS_TOLD,
) -> Clip:
    """Make one clip of files whose roles are settled; the first of each single role counts."""
    listed = list(guesses)
    first = {role: next((g.path for g in listed if g.role is role), None) for role in Role}
    conditions = _distinct([ConditionFile(g.condition, g.path) for g in listed if g.role is Role.CONDITION])
    sound = first[Role.REFERENCE] or first[Role.LOSSY] or (conditions[0].path if conditions else None)
    return Clip(
        name=name or (clip_name(sound.stem) if sound else "clip"),
        reference=first[Role.REFERENCE],
        lossy=first[Role.LOSSY],
        trace=first[Role.TRACE],
        conditions=conditions,
        packet_ms=packet.ms,
        packet_frames=packet.frames,
        folder=sound.parent if sound else Path(),
        reading=reading,
    )


def zero_packets(
    path: Path,
    packet: PacketLength = USUAL,
    reference: Path | None = None,
    reading: Reading = AS_TOLD,
) -> tuple[int, str]:
    """Return how much of a file's first minute is exactly zero between sounding parts.

    Parameters
    ----------
    reference
        Where it is known: what is quiet there and made zero by a noise gate does not count.
    reading
        How files are read that do not tell, or have more channels than are wanted.

    Returns
    -------
    count, words
        The number of packets, or of stretches where these lie on no such packets; and that in words.
    """
    try:
        signal = read_start(path, _LOOK_AT_SECONDS, reading)
        clean = None if reference is None else read_start(reference, _LOOK_AT_SECONDS, reading)
    except GaplistenError:
        return 0, ""
    size = packet.frames or max(1, round(packet.ms * signal.rate / 1000))
    found = detect_losses(signal, size, clean)
    if found.trace.grid is None or found.trace.grid.length != size:
        heard, spans = np.flatnonzero(signal.samples.any(axis=1)), found.trace.spans
        inner = (spans[:, 0] > heard[0]) & (spans[:, 1] <= heard[-1]) if heard.size else []
        count = int(np.count_nonzero(inner))
        return count, f"{count} stretches of it are exactly zero"
    lost = found.trace.lost
    sounding = np.flatnonzero(~lost)
    # Silence before the first and after the last sound is common in any file.
    count = int(np.count_nonzero(lost[sounding[0] : sounding[-1]])) if sounding.size else 0
    length = f"{packet.frames}-frame" if packet.frames else f"{packet.ms:g} ms"
    return count, f"{count} of its {length} packets are exactly zero"


def _names(paths: Sequence[Path]) -> list[str]:
    """Name conditions by the stem without the clip's name, or the folder where stems are equal."""
    stems = [path.stem for path in paths]
    folders = len({path.parent for path in paths}) > 1
    clip = min((clip_key(stem) for stem in stems), key=len, default="")
    names = []
    for path in paths:
        by_folder = folders and stems.count(path.stem) > 1 and path.parent.name
        named = path.stem.lower().startswith(clip + "_") and clip
        names.append(path.parent.name if by_folder else path.stem[len(clip) + 1 :] if named else path.stem)
    return names


def _by_itself(path: Path, name: str, packet: PacketLength, reading: Reading) -> RoleGuess:
    suffix = path.suffix.lower()
    if suffix in SOUNDING_SUFFIXES:
        return _sound(path, name, packet, reading)
    if suffix in TRACE_SUFFIXES or suffix in TABLE_SUFFIXES or trace_key(path.stem)[1]:
        return _trace(path, name)
    return RoleGuess(
        path, Role.UNUSED, name, f"{suffix or 'a name without suffix'} is neither sound nor trace"
    )


def _trace(path: Path, name: str) -> RoleGuess:
    if trace_key(path.stem)[1]:
        return RoleGuess(path, Role.TRACE, name, "its name says so")
    try:
        found = read_trace(path)
    except AmbiguousTrace as question:
        return RoleGuess(path, Role.TRACE, name, f"it could be a trace: it {question.fact}")
    except GaplistenError as error:
        return RoleGuess(path, Role.UNUSED, name, f"it is no trace: {error.fact}")
    return RoleGuess(
        path, Role.TRACE, name, f"it says: {meaning_of(found.lost, found.intervals)} ({found.format})"
    )


def _sound(path: Path, name: str, packet: PacketLength, reading: Reading) -> RoleGuess:
    for text, where in ((path.stem, "its name"), (path.parent.name, "its folder's name")):
        role = role_in_name(text)
        if role in (Role.REFERENCE, Role.LOSSY):
            return RoleGuess(path, role, name, f"{where} says so ({text})")
    zeros, words = zero_packets(path, packet, reading=reading)
    if zeros:
        return RoleGuess(path, Role.LOSSY, name, words)
    return RoleGuess(path, Role.CONDITION, name, "nothing marks it as reference or lossy")


def _settled(guesses: list[RoleGuess]) -> list[RoleGuess]:
    """Leave one reference, one lossy file and one trace; find a role for a lone sound."""
    seen: set[Role] = set()
    settled = []
    for guess in guesses:
        if guess.role in seen and guess.role in (Role.REFERENCE, Role.LOSSY):
            guess = replace(guess, role=Role.CONDITION, why=f"there is a {guess.role} already")
        elif guess.role in seen and guess.role is Role.TRACE:
            guess = replace(guess, role=Role.UNUSED, why="there is a trace already")
        seen.add(guess.role)
        settled.append(guess)
    sounds = [g for g in settled if g.role in (Role.REFERENCE, Role.LOSSY, Role.CONDITION)]
    if len(sounds) == 1 and sounds[0].role is Role.CONDITION:
        role, why = (
            (Role.LOSSY, "it is the only sound, and there is a trace")
            if Role.TRACE in seen
            else (Role.REFERENCE, "it is the only sound, and none of its packets is missing")
        )
        settled[settled.index(sounds[0])] = replace(sounds[0], role=role, why=why)
    return settled


def _distinct(conditions: list[ConditionFile]) -> tuple[ConditionFile, ...]:
    taken: set[str] = set()
    distinct = []
    for condition in conditions:
        name = numbered(condition.name, taken)
        taken.add(name)
        distinct.append(replace(condition, name=name))
    return tuple(distinct)


def group_by_clip(paths: Sequence[Path], reading: Reading = AS_TOLD) -> list[list[Path]]:
    """Sort loose files into clips by what their names have in common.

    Files whose names hold nothing but a role (``clean.wav``) belong to one clip with all the others, and
    ``54_net.wav`` belongs to ``54_clean.wav``.
    """
    keys = {clip_key(path.stem) for path in paths}
    keyed: dict[str, list[Path]] = {}
    for path in paths:
        keyed.setdefault(_base(clip_key(path.stem), keys), []).append(path)
    sounds = [path for path in paths if path.suffix.lower() in SOUNDING_SUFFIXES]
    alone = all(len(group) == 1 for group in keyed.values())
    if "" in keyed or len(sounds) <= 1 or (alone and _one_length(sounds, reading)):
        return [list(paths)]
    return list(keyed.values())


def _base(key: str, keys: set[str]) -> str:
    """Return the shortest of the keys that `key` begins with, word by word."""
    words = key.split("_")
    shorter = ("_".join(words[:count]) for count in range(1, len(words)))
    return next((start for start in shorter if start in keys), key)


def _one_length(sounds: Sequence[Path], reading: Reading) -> bool:
    from gaplisten.audio.files import probe

    try:
        seconds = [probe(path, reading).seconds for path in sounds]
    except GaplistenError:
        return False
    return max(seconds) - min(seconds) < 1e-3
