"""A panel, or its votes, for another tool; with the sentences that say what to do with what was made."""

from __future__ import annotations

from pathlib import Path

from gaplisten.exchange.p808_answers import ANSWERS, SETTINGS, export_answers
from gaplisten.exchange.p808_input import UPLOAD, export_input
from gaplisten.exchange.webmushra import SERVED, export_webmushra
from gaplisten.jobs import Job
from gaplisten.languages import counted
from gaplisten.panel.frozen import open_panel
from gaplisten.panel.imported import open_source


def export_to(
    tool: str,
    folder: Path,
    out: Path,
    *,
    url: str = "",
    ratings: Path | None = None,
    job: Job | None = None,
) -> list[str]:
    """Write what a tool takes into a new folder; return what must be said, one sentence after another.

    Parameters
    ----------
    tool
        "webmushra", "p808" (clips and lists) or "p808_answers" (votes).
    folder
        A built panel; of votes imported ones, too.
    url
        Where the toolkit's clips will be fetched from: an https address.
    ratings
        Where the votes are, when not in the panel's folder.

    Raises
    ------
    GaplistenError
        If the panel cannot be used, the tool cannot take it, or the folder cannot be made.
    """
    if tool == "webmushra":
        return _webmushra(folder, out, job)
    return _input(folder, out, url, job) if tool == "p808" else _answers(folder, out, ratings)


def _webmushra(folder: Path, out: Path, job: Job | None) -> list[str]:
    made = export_webmushra(open_panel(folder), out, job)
    return [
        f"{out}: {counted(made.sounds, 'sound')}",
        f"copy what is in {out / SERVED} into webMUSHRA's folder; listeners open ?config={made.name}.yaml",
        f"{out / 'key.csv'} says what the names stand for: keep it, and give it to panel import --key",
        *made.notes,
    ]


def _input(folder: Path, out: Path, url: str, job: Job | None) -> list[str]:
    made = export_input(open_panel(folder), out, url, job)
    lists = " ".join(f"--{option} {file}" for option, file in made.lists.items())
    return [
        f"{out}: {counted(made.sounds, 'sound')}; upload what is in {out / UPLOAD} to {url}",
        f"in {out}: python master_script.py --project NAME --cfg master.cfg --method {made.method} {lists}",
        f"{out / 'key.csv'} says what the names stand for: keep it, and give it to panel import --key",
        *made.notes,
    ]


def _answers(folder: Path, out: Path, ratings: Path | None) -> list[str]:
    made = export_answers(open_source(folder), out, ratings)
    words = f"--cfg {SETTINGS} --method {made.method} --answers {ANSWERS} --quantity_bonus all"
    return [
        f"{out}: {counted(made.votes, 'vote')} in {counted(made.sessions, 'session')}",
        f"in {out}: python result_parser.py {words}",
        f"{out / 'key.csv'} says what the names stand for; condition_num is the number behind _c",
        *made.notes,
    ]
