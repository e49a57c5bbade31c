"""Exports taken in webMUSHRA's real page; what pymushra makes of the answers is imported: the same means.

Both are others' work and no part of this project: `GAPLISTEN_WEBMUSHRA` and `GAPLISTEN_PYMUSHRA` name
copies.
"""

from __future__ import annotations

import functools
import http.server
import json
import os
import sys
import threading
import time
import types
import urllib.parse
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from gaplisten.exchange.tools.webmushra import SERVED, export_webmushra
from gaplisten.exchange.votes import import_votes
from gaplisten.exchange.votes.contract import Options, read_key
from kit.chrome import Browser, chrome
from kit.panels import NO_STEPS, SHORT, make_panel

_PAGE, _SERVICE = "GAPLISTEN_WEBMUSHRA", "GAPLISTEN_PYMUSHRA"
_READY = (
    "return typeof pageManager !== 'undefined' && pageManager !== null"
    " && pageManager.getCurrentPage() != null && $('#page_content').children().length > 0"
)
_ACTS = {
    "MushraPage": "$('.scales').each((at, one) => { $('#buttonConditions' + at).click(); "
    "$(one).val(20 + 13 * at + {step}).slider('refresh').change(); });",
    "BS1116Page": "for (const one of ['Reference', 'Conditions0', 'Conditions1']) $('#button' + one).click();"
    " $('#rating0').val('3.75').slider('refresh').change();"
    " $('#rating1').val('4.9').slider('refresh').change();",
    "LikertSingleStimulusPage": "$('input[type=radio]').eq({step} % 5).prop('checked', true)"
    ".checkboxradio('refresh').change();",
    "PairedComparisonPage": "for (const one of ['Reference', 'Conditions0', 'Conditions1']) "
    "$('#button' + one).click(); "
    "$('#radio-choice-a').prop('checked', true).checkboxradio('refresh').change(); "
    "pageManager.getCurrentPage().choice = 'a';",
}
_SEND = (
    "$('#listener').val('L1').trigger('input').trigger('keyup').change();"
    "setTimeout(() => $('#send_results').prop('disabled', false).click(), 300)"
)


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Serve a folder as a web server does; what is posted is kept."""
    posted: list[dict[str, Any]] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            posted.append(json.loads(urllib.parse.parse_qs(text)["sessionJSON"][0]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", posted
        server.shutdown()


def put_together(page: Path, export: Path, folder: Path) -> None:
    """Copy an export's files into webMUSHRA's folder: into one that links to all that is there."""
    folder.mkdir()
    own = {path.name for path in export.iterdir()}
    for path in page.iterdir():
        if path.name not in own:
            (folder / path.name).symlink_to(path)
    for path in export.rglob("*"):
        if path.is_file():
            place = folder / path.relative_to(export)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())


def take(browser: Browser, posted: list[dict[str, Any]]) -> dict[str, Any]:
    """Take all pages and send them."""
    browser.wait(lambda: browser.run(_READY), "the first page")
    assert browser.run("return errorHandler.getErrors()") == []
    for step in range(100):
        kind = browser.run("return pageManager.getCurrentPage().constructor.name")
        if kind == "FinishPage":
            browser.run(_SEND)
            browser.wait(lambda: posted, "it was sent")
            return posted[0]
        time.sleep(0.2)
        browser.run(_ACTS[kind].replace("{step}", str(step)))
        browser.run("pageManager.nextPage()")
        time.sleep(0.2)
    pytest.fail("there is no end")


def as_pymushra_writes(sent: dict[str, Any], package: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Return the CSV that pymushra gives out for a session."""
    shell = types.ModuleType("pymushra")
    shell.__path__ = [str(package / "pymushra")]
    monkeypatch.setitem(sys.modules, "pymushra", shell)
    from pymushra import casting, utils  # type: ignore[import-not-found]

    session = {"config": "configs/x.yaml", **sent}
    table = types.SimpleNamespace(all=lambda: casting.json_to_dict(casting.cast_recursively(session)))
    frame = casting.collection_to_df(table)
    frame.columns = utils.flatten_columns(frame.columns.values)
    return bytes(casting.escape_objects(frame).to_csv(sep=";", index=False).encode())


def means(votes: Mapping[str, list[float]]) -> dict[str, float]:
    return {name: fmean(own) for name, own in votes.items()}


@pytest.mark.long
@pytest.mark.parametrize("method", ["mushra", "acr", "abc_hr"])
def test_an_export_is_taken_in_the_real_page_and_its_votes_come_back(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (os.environ.get(_PAGE) and os.environ.get(_SERVICE)):
        pytest.skip(f"{_PAGE} and {_SERVICE} name no copies of webMUSHRA and pymushra")
    panel = make_panel(tmp_path, method, NO_STEPS + SHORT.get(method, ""), clips=2, frames=8000)
    made = export_webmushra(panel, tmp_path / "out")
    put_together(Path(os.environ[_PAGE]), tmp_path / "out" / SERVED, tmp_path / "site")
    with served(tmp_path / "site") as (address, posted), chrome(tmp_path / "profile") as browser:
        browser.go(f"{address}/?config={made.name}.yaml")
        sent = take(browser, posted)
    key = read_key("key.csv", (tmp_path / "out" / "key.csv").read_bytes())
    wanted: dict[str, list[float]] = defaultdict(list)
    for trial in sent["trials"]:
        for one in trial["responses"]:
            name = one.get("stimulus") or one["nonReference"]
            condition = key[name].condition if name in key else name
            score = {"mushra": "score", "acr": "stimulusRating", "abc_hr": "nonReferenceScore"}[method]
            value = one[score]
            wanted[condition].append(float(value[0] if isinstance(value, list) else value))
    text = as_pymushra_writes(sent, Path(os.environ[_SERVICE]), monkeypatch)
    found = import_votes({f"{method}.csv": text}, Options(key=key))
    got: dict[str, list[float]] = defaultdict(list)
    for vote in found.votes:
        if vote.score is not None and not (method == "abc_hr" and vote.role == "reference"):
            got[vote.condition].append(vote.score)
    assert len(wanted) > 1
    assert means(got) == pytest.approx(means(wanted), abs=1e-9)
