"""Making a panel folder: every stimulus rendered once, frozen, hashed, and given an opaque name."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gaplisten import __version__
from gaplisten.audio.gain import clip_gain
from gaplisten.audio.signal import Signal
from gaplisten.clips.clip import OpenClip
from gaplisten.clips.consistency import doubts_about
from gaplisten.clips.opening import open_clip
from gaplisten.durable.files import write_whole
from gaplisten.durable.folders import check_new_folder, whole_folder
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.panel.check_trials import check_trials, extra_trials, spoken_traps, step_sounds
from gaplisten.panel.definition import DefinitionError, PanelDefinition
from gaplisten.panel.design.counting import Counts, as_rows, count, simulated
from gaplisten.panel.design.items import trial_count
from gaplisten.panel.design.remarks import remarks
from gaplisten.panel.frozen import KEY, MANIFEST, STIMULI, FrozenPanel, open_panel, stimulus_name
from gaplisten.panel.key import LATEST_DESIGN, ClipKey, ConditionKey, Key, Part, StepSound, StimulusKey
from gaplisten.panel.methods.contract import UnfitError
from gaplisten.panel.order import shuffled
from gaplisten.panel.parts import MOST_TRIALS, REFERENCE, ConditionPart
from gaplisten.panel.plan import plan
from gaplisten.panel.planned import Use
from gaplisten.panel.selection import ChosenClip, Places, choose_clips, over_talkers
from gaplisten.panel.stimuli import ClipSounds, Renderer, clip_sounds

_MOST_FAILURES = 10


class BuildError(GaplistenError):
    """A panel that cannot be built."""


def doubts_in(definition: PanelDefinition, places: Places, job: Job) -> dict[str, tuple[str, ...]]:
    """Return what does not fit together in the panel's clips, by the clips' names; all of them are read.

    Raises
    ------
    DefinitionError, UntrustedPanel
        If the definition asks for what is not there or may not be read.
    """
    found, chosen = {}, choose_clips(definition, places)
    for done, one in enumerate(chosen):
        job.check(done / len(chosen), f"checking {one.clip.name}")
        if doubts := tuple(map(str, doubts_about(open_clip(one.clip)))):
            found[one.clip.name] = doubts
    return found


def wave_bytes(signal: Signal, mark: bytes = b"") -> bytes:
    """Return the bytes of a float WAV file.

    Parameters
    ----------
    mark
        Put into a chunk that players pass over (of even length), so that equal sounds are unequal files: a
        hidden reference has no twin that a digest finds.

    Written here because libsndfile adds a peak chunk with the time of writing to float files: the same panel
    would get another hash each time, and equally long stimuli must be equal in size. Float keeps 16- and
    24-bit samples bit-exact.
    """
    data = signal.samples.astype("<f4").tobytes()
    frame = 4 * signal.channels
    form = struct.pack("<HHIIHHH", 3, signal.channels, signal.rate, signal.rate * frame, frame, 32, 0)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    if mark:
        chunks += b"JUNK" + struct.pack("<I", len(mark)) + mark
    chunks += b"fact" + struct.pack("<II", 4, signal.frames)
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


@dataclass
class Bench:
    """A panel being built: writes stimuli and keeps what the key needs to know.

    Parameters
    ----------
    folder
        Where stimuli wait until all are made (`_deal_out`): whichever was made first tells what it is.
    secret
        What their codes are drawn from.
    null_pairs
        The clips that give a null pair.
    doubts
        What does not fit together in clips, and was accepted: their notes tell.
    """

    folder: Path
    secret: str
    stimuli: list[StimulusKey] = field(default_factory=list)
    clips: list[ClipKey] = field(default_factory=list)
    steps: list[StepSound] = field(default_factory=list)
    null_pairs: frozenset[str] = frozenset()
    doubts: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def freeze(
        self,
        signal: Signal,
        clip: str,
        condition: str,
        use: Use,
        expected: int | None = None,
        within: float = 0,
        answers: Mapping[str, int] | None = None,
    ) -> str:
        """Write one stimulus and return its code, which tells nothing to who does not know the secret."""
        code = hashlib.sha256("\x1f".join((self.secret, clip, condition, use.value)).encode()).hexdigest()[
            :16
        ]
        mark = hashlib.sha256(f"{self.secret}\x1f{code}".encode()).digest()
        data = wave_bytes(signal, mark)
        (self.folder / f"{code}.wav").write_bytes(data)
        sha = hashlib.sha256(data).hexdigest()
        self.stimuli.append(
            StimulusKey(
                code=code,
                clip=clip,
                condition=condition,
                use=use,
                sha256=sha,
                expected=expected,
                within=within,
                answers=dict(answers or {}),
            )
        )
        return code


def _boundaries(opened: OpenClip, frames: int) -> list[int]:
    traces = [trace for trace in (opened.trace, *opened.own_traces.values()) if trace is not None]
    return sorted({edge for trace in traces for gap in trace.gaps(frames) for edge in (gap.start, gap.stop)})


def _clip_key(chosen: ChosenClip, sounds: ClipSounds, opened: OpenClip, target_dbov: float) -> ClipKey:
    reference = opened.reference
    first = next(iter(sounds.of.values()))
    gain = clip_gain(reference, list(sounds.of.values()), target_dbov)
    return ClipKey(
        name=chosen.clip.name,
        stratum=chosen.stratum,
        rate=first.rate,
        frames=first.frames,
        channels=first.channels,
        gain=gain.gain,
        gain_db=gain.gain_db,
        gain_reason=gain.reason,
        part=Part.TRAINING if chosen.training else Part.TEST,
        talker=chosen.talker.name,
        sex=chosen.talker.sex,
        notes=sounds.notes,
        boundaries=_boundaries(opened, first.frames),
    )


def _freeze_clip(bench: Bench, definition: PanelDefinition, chosen: ChosenClip, renderer: Renderer) -> None:
    opened = open_clip(chosen.clip)
    sounds = clip_sounds(definition, opened, renderer)
    key = _clip_key(chosen, sounds, opened, definition.target_dbov)
    doubts = [f"does not fit: {doubt}" for doubt in bench.doubts.get(key.name, ())]
    bench.clips.append(key.model_copy(update={"notes": [*key.notes, *doubts]}))
    for condition, use in definition.method.sounds(definition.design):
        bench.freeze(sounds.of[condition], key.name, condition, use)
    if not chosen.training:
        check_trials(bench, definition, key.name, sounds.of)
        if not bench.steps:
            speech = sounds.of.get(REFERENCE) or next(iter(sounds.of.values()))
            heard = Signal(speech.samples * key.gain, speech.rate)
            step_sounds(bench, definition, heard)
            spoken_traps(bench, definition, heard)


def _source(part: ConditionPart) -> str:
    if part.mnru is not None:
        return f"reference under modulated noise, Q = {part.mnru:g} dB (P.810)"
    return "reference" if part.reference else "lossy file" if part.lossy else f"files {part.files}"


def _describe_conditions(definition: PanelDefinition, renderer: Renderer) -> list[ConditionKey]:
    made = []
    for part in definition.condition:
        if part.concealer is not None:
            made.append(
                renderer.describe(part.concealer, part.parameters).model_copy(update={"name": part.name})
            )
        else:
            made.append(ConditionKey(name=part.name, source=_source(part)))
    return made


def _freeze_all(
    bench: Bench, definition: PanelDefinition, chosen: Sequence[ChosenClip], renderer: Renderer, job: Job
) -> None:
    failures: list[str] = []
    # Written in an order that has nothing to do with the clips' names: directory order tells no tale either.
    for done, one in enumerate(shuffled(chosen, bench.secret)):
        job.check(done / len(chosen), f"freezing {one.clip.name}")
        try:
            _freeze_clip(bench, definition, one, renderer)
        except (DefinitionError, OSError):
            raise
        except GaplistenError as error:
            failures.append(str(error))
        if len(failures) >= _MOST_FAILURES:
            break
    if failures:
        shown = "; ".join(failures)
        raise BuildError(
            definition.title, f"stimuli could not be made: {shown}", "fix these, or name other clips"
        )


def _in_order(bench: Bench, chosen: Sequence[ChosenClip]) -> None:
    place = {one.clip.name: at for at, one in enumerate(chosen)}
    bench.clips.sort(key=lambda clip: (place.get(clip.name, len(place)), clip.name))
    bench.stimuli.sort(key=lambda one: one.code)


def _deal_out(made: Path, part: Path) -> None:
    """Write the stimuli anew in the order of their codes, which is no order: inodes and times tell nothing.

    The old files stay until all are written, so that no new one gets the inode of one that went before.
    """
    (part / STIMULI).mkdir()
    for path in sorted(made.iterdir()):
        target = part / stimulus_name(path.stem)
        shutil.copyfile(path, target)
        os.utime(target, (0, 0))
    shutil.rmtree(made)


def build(
    definition: PanelDefinition,
    out: Path,
    renderer: Renderer,
    *,
    places: Places | None = None,
    job: Job | None = None,
    secret: str | None = None,
    doubts: Mapping[str, Sequence[str]] | None = None,
) -> FrozenPanel:
    """Render and freeze a panel into one folder that can be copied to other machines.

    Parameters
    ----------
    definition
        What to build.
    out
        The folder to make; it must not exist, or be empty. It appears only when everything is done.
    renderer
        Runs concealers.
    places
        Where relative paths start and what else may be read; the current folder by default.
    secret
        What the names of files and the orders are drawn from; a new one by default, so that nobody can work
        them out from what is written in the definition. The same one gives the same panel again.
    doubts
        What does not fit together in clips (`doubts_in`) and was accepted: it is kept with their notes.

    Raises
    ------
    DefinitionError, UntrustedPanel
        If the definition asks for what is not there or may not be read.
    BuildError
        If a stimulus cannot be made; up to ten are named.
    """
    job = job or Job()
    places = places or Places(Path.cwd())
    check_new_folder(out, BuildError)
    chosen = choose_clips(definition, places)
    conditions = _describe_conditions(definition, renderer)
    with whole_folder(out, BuildError) as part:
        made = part / "made"
        made.mkdir()
        secret = secrets.token_hex(16) if secret is None else secret
        bench = Bench(made, secret, doubts=doubts or {})
        bench.null_pairs = over_talkers(chosen, definition.checks.null_pairs, secret)
        _freeze_all(bench, definition, chosen, renderer, job)
        extra_trials(bench, definition, places)
        _in_order(bench, chosen)
        _deal_out(made, part)
        key = Key(
            version=__version__,
            design=LATEST_DESIGN,
            secret=secret,
            definition=definition,
            clips=bench.clips,
            conditions=conditions,
            stimuli=bench.stimuli,
            steps=bench.steps,
        )
        if trial_count(key) > MOST_TRIALS:
            fact = (
                f"each listener would have about {trial_count(key)} trials, at most {MOST_TRIALS} are allowed"
            )
            raise DefinitionError(definition.title, fact, "use fewer clips, or set ratings_per_condition")
        try:
            plan(key, "somebody")  # a panel that cannot be laid out must not be built
        except UnfitError as error:
            raise DefinitionError(definition.title, str(error), "choose other clips") from error
        counts = count(key, simulated(key))
        key = key.model_copy(update={"found": [*as_rows(key, counts), *_said(key, counts)]})
        _write_key(part, key)
    job.check(1.0)
    return open_panel(out)


def _said(key: Key, counts: Counts) -> list[tuple[str, str]]:
    return [("note", said) for said in remarks(key, counts)]


def _write_key(folder: Path, key: Key) -> None:
    manifest = {
        "format": 1,
        "title": key.definition.title,
        "method": key.definition.method.name,
        "language": key.definition.language,
        "version": key.version,
        "stimuli": len(key.stimuli),
        "sha256": key.sha256,
    }
    write_whole(folder / KEY, key.sealed())
    write_whole(folder / MANIFEST, (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode())
