"""Findings as a ZIP or a folder that somebody without the program can hear, see and read."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Signal
from gaplisten.durable.digests import sha256_of
from gaplisten.durable.files import not_written, utf8, whole_path, write_whole
from gaplisten.durable.folders import check_new_folder, whole_folder
from gaplisten.durable.locks import FileLock, Locked
from gaplisten.durable.places import safe_name
from gaplisten.errors import GaplistenError
from gaplisten.report.finding import Finding, Version, anonymised
from gaplisten.report.layout import lay_out
from gaplisten.report.markdown import command_of, markdown_of
from gaplisten.report.page import KEYS, page, player, table_of
from gaplisten.report.pictures import figure_of, number_of
from gaplisten.report.png import Drawing, draw
from gaplisten.report.svg import escaped
from gaplisten.report.wav import Cut, wav_bytes

_PAUSE_S = 0.5
_NO_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP can say: the same finding gives the same bytes
_PICTURE_DPI = 150
_EFFORT = 1  # of zlib: sound hardly becomes smaller with more


class BundleError(GaplistenError):
    """A bundle that cannot be written."""


@dataclass(frozen=True)
class Bundle:
    """What is handed over.

    Parameters
    ----------
    files
        Content by path within the bundle.
    key
        Which letter stands for which version, by finding: to be kept back; empty where nothing is hidden.
    text
        The first finding's Markdown, and its picture, for a clipboard.
    """

    files: Mapping[str, bytes]
    key: Mapping[str, Mapping[str, str]]
    text: str
    picture: bytes


def bundle_of(
    findings: Iterable[Finding],
    *,
    anonymous: bool = False,
    check: Callable[[str], None] = lambda _name: None,
) -> Bundle:
    """Return the files of a bundle: a folder for each finding.

    Parameters
    ----------
    findings
        At least one; each is let go before the next is asked for.
    anonymous
        Whether versions are called A, B, C.
    check
        Called with each finding's name before it is made; may raise to stop.

    Raises
    ------
    SoundFileError
        If a version's file can no longer be read.
    """
    files: dict[str, bytes] = {}
    key: dict[str, dict[str, str]] = {}
    first: tuple[str, bytes] | None = None
    for finding in findings:
        check(finding.name)
        folder = _free_name(safe_name(finding.name), files)
        if anonymous:
            finding, key[folder] = anonymised(finding)
        made, text = _files_of(finding)
        files.update({f"{folder}/{name}": content for name, content in made.items()})
        first = first or (text, made["gap.png"])
    if first is None:
        raise BundleError("bundle", "no gap was found", "name one with --gap")
    return Bundle(files, key, *first)


def _free_name(name: str, files: Mapping[str, bytes]) -> str:
    taken = {path.partition("/")[0].casefold() for path in files}
    number, free = 2, name
    while free.casefold() in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def _files_of(finding: Finding) -> tuple[dict[str, bytes], str]:
    drawing = draw(lay_out(figure_of(finding)), _PICTURE_DPI)
    with ThreadPoolExecutor(1, thread_name_prefix="picture") as aside:
        # Encoding takes as long as all that follows, and runs beside it: zlib leaves the interpreter alone.
        return _files_beside(finding, drawing, aside.submit(drawing.png))


def _files_beside(finding: Finding, drawing: Drawing, picture: Future[bytes]) -> tuple[dict[str, bytes], str]:
    files: dict[str, bytes] = {}
    told: dict[str, dict[str, str]] = {}
    cuts: list[Cut] = []
    for version in finding.versions:
        snippet, said = finding.snippet(version)
        content = wav_bytes(snippet)
        name = _free_name(f"{number_of(finding, version)}_{safe_name(version.name)}", files) + ".wav"
        files[name] = content
        cuts.append(snippet)
        told[version.name] = {"file": name, "sound": f"{snippet.rate} Hz, {snippet.depth}"} | _origin(
            finding, version
        )
        if said and not finding.anonymous:
            told[version.name]["note"] = said
        told[version.name]["SHA-256"] = sha256_of(content)
    files["all_in_turn.wav"] = wav_bytes(in_turn(cuts, [finding.heard(each) for each in finding.versions]))
    text = markdown_of(finding, told, "gap.png", named=not finding.anonymous)
    listen = utf8(page(finding.title, [KEYS, player(finding, drawing), _below(finding, told)]))
    files["gap.png"] = picture.result()
    files["is_lost.txt"] = utf8(_trace(finding))
    files["gap.md"] = utf8(text)
    files["listen.html"] = listen
    return files, text


def _origin(finding: Finding, version: Version) -> dict[str, str]:
    if version.file is None or finding.anonymous:
        return {}
    return {"from": version.file.name, "SHA-256 of its file": sha256_of(version.file)}


def _below(finding: Finding, told: Mapping[str, Mapping[str, str]]) -> str:
    """Return what the page says below the player: where the sounds come from, and how to go there again."""
    columns = list(dict.fromkeys(key for each in told.values() for key in each))
    rows = [_row(name, [each.get(key, "") for key in columns]) for name, each in told.items()]
    again = (
        "" if finding.anonymous else f"<p>Shown again with <code>{escaped(command_of(finding))}</code></p>"
    )
    notes = "".join(
        f"<li>{escaped(version.name)} {escaped(note)}</li>"
        for version in finding.versions
        for note in version.notes
    )
    return f"{f'<ul>{notes}</ul>' if notes else ''}{table_of(('version', *columns), rows)}{again}"


def _row(name: str, cells: Sequence[str]) -> str:
    return f"<td>{escaped(name)}</td>" + "".join(f"<td><code>{escaped(cell)}</code></td>" for cell in cells)


def _trace(finding: Finding) -> str:
    """Return the losses of the whole clip: 0 or 1 for each packet; off packets, intervals in seconds."""
    trace = finding.trace
    if trace.on_grid:
        return "".join(f"{int(lost)}\n" for lost in trace.fitted(finding.frames).lost)
    rows = (
        f"{gap.start / trace.rate:.6f}\t{gap.stop / trace.rate:.6f}\tlost\n"
        for gap in trace.gaps(finding.frames)
    )
    return "".join(rows)


def in_turn(cuts: Sequence[Cut], heard: Sequence[Signal]) -> Cut:
    """Return all versions one after the other, half a second apart.

    In the depth that holds all of them, if they share a rate; else as they are heard, on the clip's clock.
    """
    rate = heard[0].rate
    if any(each.rate != rate for each in cuts):
        cuts = [Cut.of_floats(each.samples, each.rate) for each in heard]
    floats = any(each.is_float for each in cuts)
    deep = any(each.bits == 64 or (each.bits == 32 and not each.is_float) for each in cuts)
    bits = max(each.bits for each in cuts) if not floats else 64 if deep else 32
    parts = [_deepened(each, bits, floats) for each in cuts]
    channels = max(part.shape[1] for part in parts)
    pause = np.zeros((round(_PAUSE_S * rate), channels), parts[0].dtype)
    rows: list[npt.NDArray[Any]] = []
    for part in parts:
        rows += [np.broadcast_to(part, (len(part), channels)), pause]
    return Cut(np.concatenate(rows[:-1]), rate, bits)


def _deepened(part: Cut, bits: int, floats: bool) -> npt.NDArray[Any]:
    """Return samples in a depth that holds them all: the same values."""
    if not floats:
        return part.samples.astype(np.int32) << (bits - part.bits)
    kind = np.float64 if bits == 64 else np.float32
    if part.is_float:
        return part.samples.astype(kind)
    return np.asarray(part.samples.astype(np.float64) / 2 ** (part.bits - 1), kind)


# -- writing -------------------------------------------------------------------------------------------------


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """Return a ZIP of these files; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, _NO_TIME)
            entry.external_attr = 0o644 << 16
            how = zipfile.ZIP_STORED if path.endswith(".png") else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content, how, _EFFORT)  # an entry of one's own knows no effort of the ZIP
    return buffer.getvalue()


def places_of(out: Path, *, folder: bool) -> tuple[Path, Path]:
    """Return where a bundle lies, a ZIP with its suffix, and where its key does."""
    if not folder and out.suffix.lower() != ".zip":
        out = out.with_name(out.name + ".zip")
    return out, out.with_name(f"{out.name.removesuffix('.zip')}.key.json")


def check_bundle(out: Path, *, folder: bool, anonymous: bool) -> None:
    """Refuse a place where something lies that would be replaced: before the work, and not after it.

    Raises
    ------
    BundleError
        If a ZIP, a key or a folder that is not empty is there.
    """
    place, key = places_of(out, folder=folder)
    if folder:
        check_new_folder(place, BundleError)
    for path in (*(() if folder else (place,)), *((key,) if anonymous else ())):
        if path.exists():
            raise BundleError(str(path), "is there already", "name another, or remove it")


def write_bundle(out: Path, bundle: Bundle, *, folder: bool = False, replace: bool = True) -> list[Path]:
    """Write a bundle, and its key beside it: all of it, or nothing.

    Parameters
    ----------
    out
        The ZIP (its suffix is added where it is missing), or the folder.
    folder
        Whether to write a folder, new or empty, instead of a ZIP.
    replace
        Whether a ZIP that is there is replaced, with its key.

    Returns
    -------
    paths
        What was written: the bundle, and the key where versions are anonymous.

    Raises
    ------
    BundleError
        If something is there that is not to be replaced, another run writes the same, or the disk refuses.
    """
    out, key = places_of(out, folder=folder)
    try:
        # Of two at once, one would leave its ZIP, and the other the key.
        lock = FileLock(out.with_name(f".{out.name[:40]}.lock"), "the bundle", take_over=True)
    except Locked as busy:
        fact = "is being written by another run"
        raise BundleError(str(out), fact, "wait for it, or choose another name") from busy
    except OSError as error:
        raise BundleError(*not_written(out, error)) from error
    try:
        if not replace:
            check_bundle(out, folder=folder, anonymous=bool(bundle.key))
        return _write_both(out, key, bundle, folder)
    except OSError as error:
        raise BundleError(*not_written(out, error)) from error
    finally:
        lock.release()


def _write_both(out: Path, key: Path, bundle: Bundle, folder: bool) -> list[Path]:
    if not bundle.key:
        _write(out, bundle.files, folder)
        return [out]
    # Neither is of use without the other: the key gets its name right after the bundle, and all that
    # could fail has been done by then.
    with whole_path(key) as part:
        part.write_text(json.dumps(bundle.key, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        _write(out, bundle.files, folder)
    return [out, key]


def _write(out: Path, files: Mapping[str, bytes], folder: bool) -> None:
    if folder:
        _write_folder(out, files)
    else:
        write_whole(out, zip_of(files))


def _write_folder(out: Path, files: Mapping[str, bytes]) -> None:
    with whole_folder(out, BundleError) as part:
        for path, content in files.items():
            place = part / path
            place.parent.mkdir(exist_ok=True)
            write_whole(place, content, sync=False)
