"""Making lossy files and traces from clean speech, in the 2022 challenge's layout."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaplisten.audio.files import SoundInfo, probe, read_all
from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.clips.clip import Clip
from gaplisten.clips.names import trace_beside
from gaplisten.clips.traces import packet_frames_at
from gaplisten.durable.folders import filled_alone
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.loss.formats import write_trace
from gaplisten.loss.models import effective_parameters, make_trace, model_named
from gaplisten.loss.strata import stratum_of
from gaplisten.loss.trace import LossTrace, apply_loss
from gaplisten.tables import Cell, Table, write_csv

_COLUMNS = (
    "clip", "packets", "lost", "loss_rate", "gaps", "longest_ms", "stratum", "packet_ms", "model",
    "parameters", "seed",
)  # fmt: skip
_FOLDERS = ("clean_signals", "lossy_signals")
_LOSSLESS = {"PCM_16", "PCM_24", "PCM_32", "FLOAT"}


class LoseError(GaplistenError):
    """Lossy files cannot be made as asked."""


@dataclass(frozen=True)
class LossRecipe:
    """How to lose packets.

    Parameters
    ----------
    seed
        Each clip draws from its own generator, seeded with this and the clip's name: adding or leaving
        out files changes nothing for the others.
    packet_ms, packet_frames
        Packet length in ms, or in frames at each clip's own rate where these are given.
    """

    model: str
    parameters: Mapping[str, Any]
    seed: int = 0
    packet_ms: float = 20.0
    packet_frames: int | None = None

    def check(self) -> None:
        """Refuse what no clip could be lost with, before anything is written.

        Raises
        ------
        GaplistenError
            If model, parameters, or the trace to replay cannot be used.
        """
        values = effective_parameters(model_named(self.model), self.parameters)
        try_packets, microseconds = 3000, 1_000_000
        size = max(1, round(self.packet_ms * microseconds / 1000))
        make_trace(self.model, try_packets, size, microseconds, self.seed, **values)

    def seed_for(self, name: str) -> int:
        """Return the seed for the clip of that name."""
        # Bytes of names that are no text stand for themselves.
        digest = hashlib.sha256(f"{self.seed}/{name}".encode("utf-8", "surrogateescape")).digest()
        return int.from_bytes(digest[:6], "big")

    def trace_for(self, name: str, signal: Signal) -> LossTrace:
        """Draw the trace for one clip."""
        size = self.packet_frames or packet_frames_at(self.packet_ms, signal.rate, name)
        packets = -(-signal.frames // size)
        return make_trace(self.model, packets, size, signal.rate, self.seed_for(name), **self.parameters)


@dataclass(frozen=True)
class LostClips:
    """What was made: a row per clip, and a sentence for each that failed."""

    table: Table
    failures: tuple[str, ...]


def lose_clips(
    clips: Sequence[Clip], recipe: LossRecipe, out: Path, *, overwrite: bool = False, job: Job | None = None
) -> LostClips:
    """Write ``clean_signals``, ``lossy_signals`` (with ``<name>_is_lost.txt``) and ``meta.csv``.

    Parameters
    ----------
    clips
        Their references are used; the lossy file where there is none.
    out
        Made when missing. Files there are only replaced with `overwrite`.

    Raises
    ------
    GaplistenError
        If the recipe is wrong, files would be replaced unasked, or another run fills the folder.
    """
    recipe.check()
    job = job or Job()
    # Two at once, with two seeds, would leave the sound of one beside the trace of the other.
    with filled_alone(out, LoseError):
        if not overwrite:
            _refuse_existing(clips, out)
        _refuse_inputs(clips, out)
        return _fill(clips, recipe, out, job)


def _fill(clips: Sequence[Clip], recipe: LossRecipe, out: Path, job: Job) -> LostClips:
    rows, failed = [], []
    try:
        for folder in _FOLDERS:
            (out / folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LoseError(str(out), f"cannot be written ({error.strerror})", "choose another folder") from error
    for index, clip in enumerate(clips):
        job.check(index / len(clips), clip.name)
        try:
            rows.append(_lose(clip, recipe, out))
        except GaplistenError as error:
            failed.append(f"{clip.name}: {error}")
    table = Table(_COLUMNS, tuple(rows))
    if rows:
        write_csv(out / "meta.csv", table)
    job.check(1.0)
    return LostClips(table, tuple(failed))


def _flat(name: str) -> str:
    """Return a clip's name as a file name: clips of several splits are named ``train/54``."""
    return name.replace("/", "_").replace("\\", "_")


def _refuse_existing(clips: Sequence[Clip], out: Path) -> None:
    wanted = [out / "meta.csv"]
    for clip in clips:
        wanted += _targets(clip, out)
    found = next((path for path in wanted if path.exists()), None)
    if found:
        raise LoseError(str(found), "is there already", "choose another folder, or allow overwriting")


def _targets(clip: Clip, out: Path) -> list[Path]:
    name = _flat(clip.name)
    sounds = [out / kind / (name + end) for kind in _FOLDERS for end in (".wav", ".flac")]
    return [*sounds, trace_beside(out / "lossy_signals" / f"{name}.wav")]


def _refuse_inputs(clips: Sequence[Clip], out: Path) -> None:
    """Also one that may overwrite never loses its own input: packets once zeroed do not come back."""
    targets = {path.resolve() for clip in clips for path in _targets(clip, out) if path.exists()}
    inputs = {path for clip in clips for path in (clip.sound, clip.lossy, clip.trace) if path is not None}
    found = next((path for path in inputs if path.resolve() in targets), None) if targets else None
    if found:
        raise LoseError(str(found), "is an input itself and would be replaced", "choose another folder")


def _lose(clip: Clip, recipe: LossRecipe, out: Path) -> tuple[Cell, ...]:
    if clip.sound is None:
        raise LoseError(clip.name, "has no sound", "give clean speech")
    info = probe(clip.sound, clip.reading)
    signal = read_all(info)
    trace = recipe.trace_for(clip.name, signal)
    suffix, subtype = _kind(info)
    name = _flat(clip.name)
    lossy = out / "lossy_signals" / f"{name}{suffix}"
    # The longest name first: where it is too long, no sound stands there without its trace.
    write_trace(trace_beside(lossy), trace, "challenge")
    write_signal(out / "clean_signals" / f"{name}{suffix}", signal, subtype)
    write_signal(lossy, apply_loss(signal, trace), subtype)
    return _row(clip.name, recipe, trace)


def _kind(info: SoundInfo) -> tuple[str, str]:
    """Keep the format and the sample width where they lose nothing."""
    suffix = ".flac" if info.format == "FLAC" else ".wav"
    if info.subtype in _LOSSLESS:
        return suffix, info.subtype
    return suffix, "FLOAT" if info.subtype == "DOUBLE" else "PCM_16"


def _row(name: str, recipe: LossRecipe, trace: LossTrace) -> tuple[Cell, ...]:
    values = effective_parameters(model_named(recipe.model), recipe.parameters)
    written = " ".join(f"{key}={value}" for key, value in values.items())
    lost = int(trace.lost.sum())
    shared = (trace.loss_rate, len(trace.gaps()), trace.longest_ms, stratum_of(trace.longest_ms).value)
    return (
        name,
        trace.packets,
        lost,
        *shared,
        trace.packet_ms if recipe.packet_frames else recipe.packet_ms,
        recipe.model,
        written,
        str(recipe.seed_for(name)),
    )
