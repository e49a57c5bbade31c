"""A built panel for webMUSHRA and pymushra: one configuration of one kind of page, and its sounds.

Anybody can fetch the configuration, and every file by its name: so conditions, clips and pages have opaque
names, and the key lies outside the folder that is served. Names begin with a letter and hold letters and
digits only: webMUSHRA sends results without encoding them (an ampersand loses all), pymushra makes numbers of
what looks like one. Sounds have 48 kHz and two channels, anchors are our own, and there is one kind of page
only, because the PHP service fails at the first other one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gaplisten import languages
from gaplisten.durable.files import write_whole
from gaplisten.durable.folders import whole_folder
from gaplisten.exchange.outgoing import (
    ExportError,
    Sound,
    key_row,
    left_behind,
    opaque,
    page_row,
    plain,
    sounds_of,
    test_clips,
    write_key,
    write_sounds,
)
from gaplisten.exchange.tools.contract import Request, Tool
from gaplisten.jobs import Job
from gaplisten.languages import counted
from gaplisten.panel.definition import PanelDefinition
from gaplisten.panel.frozen import FrozenPanel, open_panel
from gaplisten.panel.key import ClipKey
from gaplisten.panel.parts import REFERENCE
from gaplisten.tables import Cell

SERVED = "serve"
_LONGEST_S, _MOST = 12.0, 12  # what webMUSHRA's strict check allows in a MUSHRA page
_KINDS = {
    "mushra": "mushra",
    "acr": "likert_single_stimulus",
    "acr_effort": "likert_single_stimulus",
    "acr_annoyance": "likert_single_stimulus",
    "abc_hr": "bs1116",
    "abx": "paired_comparison",
}
_WHY_NOT = {
    "dcr": "no page plays a reference and a recording in turn",
    "ccr": "no page plays two recordings in turn and asks for a comparison",
    "ab": "no page asks which of two is preferred",
    "abx_pair": "no page has an X of another sentence",
    "ranking": "no page ranks",
    "p835": "no page plays a recording three times and asks three questions in turn",
    "p804": "its page with several scales shows them in one form only",
}
_TESTED = "07130f2 of May 2025"

Yaml = str | int | bool | Sequence["Yaml"] | Mapping[str, "Yaml"]


@dataclass(frozen=True)
class Exported:
    """What an export made, and what must be said.

    Parameters
    ----------
    name
        The configuration's, as `?config=NAME.yaml`.
    """

    folder: Path
    name: str
    sounds: int
    notes: tuple[str, ...]


def export_webmushra(panel: FrozenPanel, out: Path, job: Job | None = None) -> Exported:
    """Write a panel for webMUSHRA; the folder appears only when everything is in it.

    Returns
    -------
    exported
        `OUT/serve` goes into webMUSHRA's folder; `OUT/key.csv` stays.

    Raises
    ------
    ExportError
        If webMUSHRA has no page for the panel's method or pairs, or the folder cannot be written.
    """
    kind = _kind(panel)
    name = opaque(panel, "t", panel.sha256)
    pages = [_Page(panel, clip, kind, name) for clip in test_clips(panel)]
    notes = list(_limits(pages, kind))
    with whole_folder(out, ExportError) as part:
        served = part / SERVED
        sounds = {page.clip.name: page.sounds for page in pages}
        gains, quieter = write_sounds(panel, sounds, lambda one: served / _path(name, one), job)
        text = "\n".join(_lines(_configuration(panel, pages, kind, name))) + "\n"
        (served / "configs").mkdir(parents=True)
        write_whole(served / "configs" / f"{name}.yaml", text)
        rows: list[tuple[Cell, ...]] = []
        for page in pages:
            rows.append(page_row(page.name, page.clip))
            rows += [key_row(one, gains[page.clip.name], served, _path(name, one)) for one in page.sounds]
        write_key(part, rows)
    return Exported(out, name, sum(map(len, sounds.values())), (*notes, *quieter, *left_behind(panel)))


def _path(name: str, sound: Sound) -> str:
    return f"stimuli/{name}/{sound.name}.wav"


def _kind(panel: FrozenPanel) -> str:
    method = panel.definition.method
    if method.name not in _KINDS:
        why = _WHY_NOT.get(method.name, "there is no page for it")
        way = "take the panel here (panel run), or build one of another method"
        raise ExportError(f"{method.title} for webMUSHRA", why, way)
    design = panel.definition.design
    if method.name == "abx" and (REFERENCE not in design.conditions or len(design.conditions) < 2):
        fact = "its page asks which of two is the reference, and the reference is no condition of this panel"
        raise ExportError("ABX for webMUSHRA", fact, "add a condition called reference (reference = true)")
    return _KINDS[method.name]


@dataclass(frozen=True)
class _Page:
    """What is asked about one clip."""

    panel: FrozenPanel
    clip: ClipKey
    kind: str
    test: str

    @property
    def name(self) -> str:
        return opaque(self.panel, "p", self.clip.name)

    @property
    def sounds(self) -> list[Sound]:
        return sounds_of(self.panel, self.clip)

    @property
    def rated(self) -> list[Sound]:
        """All that is listed: webMUSHRA puts the hidden reference in by itself."""
        if self.kind == "likert_single_stimulus":
            return self.sounds
        return [one for one in self.sounds if one.condition != REFERENCE]

    @property
    def reference(self) -> Sound:
        return next(one for one in self.sounds if one.condition == REFERENCE)

    @property
    def seconds(self) -> float:
        return self.clip.frames / self.clip.rate

    @property
    def strict(self) -> bool:
        """Whether webMUSHRA's own check of BS.1534 lets it pass."""
        return self.seconds <= _LONGEST_S and len(self.rated) <= _MOST


def _limits(pages: Sequence[_Page], kind: str) -> Iterator[str]:
    if kind == "mushra" and (over := sum(not page.strict for page in pages)):
        yield f"{over} pages are beyond {_LONGEST_S:g} s or {_MOST} signals: their strict check is off"
    if kind == "likert_single_stimulus":
        yield "each recording must be played to its end and rated; each listener has an order of chance"
    if kind == "paired_comparison":
        yield "the page asks which of two is the reference; pairs without the reference are left out"
    yield f"written for webMUSHRA as of {_TESTED}"


# --- the configuration --------------------------------------------------------------------------------------


def _configuration(panel: FrozenPanel, pages: Sequence[_Page], kind: str, name: str) -> dict[str, Yaml]:
    definition = panel.definition
    words = _words(definition)
    if kind == "likert_single_stimulus":
        shown: list[Yaml] = [_categories(panel, pages, name)]
    else:
        shown = [["random", *(_switched(panel, page, kind, name) for page in pages)]]
    questions: list[Yaml] = [{"type": "text", "label": words["listener"], "name": "listener"}]
    shown.append(
        {
            "type": "finish",
            "name": words["thanks"],
            "content": words["send"],
            "popupContent": words["sent"],
            "showResults": False,
            "writeResults": True,
            "questionnaire": questions,
        }
    )
    return {
        "testname": plain(definition.title) or name,
        "testId": name,
        "bufferSize": 16384,  # what smaller ones lose on a busy page was measured
        "stopOnErrors": True,
        "showButtonPreviousPage": False,
        "remoteService": "service/write.php",
        "language": words["webmushra"],
        "pages": shown,
    }


def _words(definition: PanelDefinition) -> dict[str, str]:
    found = languages.words(definition.language, "exported") or languages.words(languages.ENGLISH, "exported")
    return {key: plain(str(text)) for key, text in found.items()}


def _question(panel: FrozenPanel) -> str:
    scale = next(iter(panel.scales.values()))
    return plain(scale.heading) or plain(scale.question)


def _switched(panel: FrozenPanel, page: _Page, kind: str, name: str) -> dict[str, Yaml]:
    made: dict[str, Yaml] = {
        "type": kind,
        "id": page.name,
        "name": _question(panel),
        "content": "",
        "showWaveform": False,
        "enableLooping": True,
        "reference": _path(name, page.reference),
    }
    if kind == "mushra":
        made |= {"strict": page.strict, "createAnchor35": False, "createAnchor70": False}
    return {**made, "stimuli": {one.name: _path(name, one) for one in page.rated}}


def _categories(panel: FrozenPanel, pages: Sequence[_Page], name: str) -> dict[str, Yaml]:
    scale = next(iter(panel.scales.values()))
    # All in one element: webMUSHRA shuffles within an element only.
    return {
        "type": "likert_single_stimulus",
        "id": opaque(panel, "p", "all"),
        "name": _question(panel),
        "content": plain(scale.question),
        "showWaveform": False,
        "mustRate": True,
        "mustPlayback": "ended",
        "stimuli": {one.name: _path(name, one) for page in pages for one in page.rated},
        "response": [{"value": int(value), "label": plain(words)} for value, words in scale.labels],
    }


def _lines(value: Yaml, indent: int = 0) -> Iterator[str]:
    """Yield a value as YAML of the plainest kind: blocks, and texts in double quotes (`plain` ones)."""
    space = " " * indent
    if isinstance(value, Mapping):
        for key, one in value.items():
            if isinstance(one, str | int):
                yield f"{space}{key}: {_scalar(one)}"
            else:
                yield f"{space}{key}:"
                yield from _lines(one, indent + 4)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for one in value:
            if isinstance(one, Mapping):
                first, *others = _lines(one, indent + 2)
                yield f"{space}- {first.lstrip()}"
                yield from others
            elif isinstance(one, str | int):
                yield f"{space}- {_scalar(one)}"
            else:
                yield f"{space}-"
                yield from _lines(one, indent + 4)


def _scalar(value: str | int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else f'"{value}"'


def _export(asked: Request, job: Job | None) -> list[str]:
    made = export_webmushra(open_panel(asked.folder), asked.out, job)
    return [
        f"{asked.out}: {counted(made.sounds, 'sound')}",
        f"copy what is in {asked.out / SERVED} into webMUSHRA's folder;"
        f" listeners open ?config={made.name}.yaml",
        f"{asked.out / 'key.csv'} says what the names stand for: keep it, and give it to panel import --key",
        *made.notes,
    ]


TOOL = Tool(
    "webMUSHRA or pymushra",
    "A configuration and sounds at 48 kHz under names that tell nothing; for MUSHRA, ACR, ABC/HR and which is"
    " the reference.",
    _export,
    place=1,
)
