"""The panel over HTTP: what is saved, what is refused, and what nobody is told."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from gaplisten.audio.resample import resample
from gaplisten.panel import methods
from gaplisten.panel.session import Session
from gaplisten.panel.web_sounds import WEB_RATE
from gaplisten.web.guard import Bucket, Rate
from gaplisten.web.links import LINKS
from kit.disk import full
from kit.panels import NO_STEPS, SHORT, make_panel, saved_rows, take
from kit.pulse import wait_for
from kit.served import Remote, serving, whole_trial


@pytest.mark.parametrize("method", methods.names())
def test_every_method_is_taken_to_its_end(method: str, tmp_path: Path) -> None:
    panel = make_panel(tmp_path, method, NO_STEPS + SHORT.get(method, ""), clips=2)
    with serving(panel) as served:
        ann = served.remote()
        ann.open()
        trials = ann.take()
        assert ann.screen == {
            "kind": "end",
            "text": "Thank you. All ratings are saved.",
            "url": "",
            "code": "",
        }
    rows = saved_rows(panel)
    assert len({row["trial"] for row in rows}) == trials > 0
    assert {row["device"] for row in rows} == {"browser (base latency 10.0 ms): script"}
    assert {(row["device_rate"], row["latency_ms"], row["underflows"]) for row in rows} == {
        ("48000", "30.0", "")
    }


def test_sounds_are_those_of_the_trial_at_48_khz_and_equal_in_size(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "mushra", NO_STEPS + SHORT["mushra"], clips=1)
    with serving(panel) as served, Session.open(panel, "Ben") as own:
        ann = served.remote()
        slots = ann.open()["slots"]
        got = [ann.sound(slot["name"]) for slot in slots]
        again = [ann.sound(slot["name"]) for slot in slots]
        assert {one.status for one in got} == {200}
        assert len({len(one.body) for one in got}) == 1
        assert {one.headers["content-length"] for one in got} == {str(len(got[0].body))}
        assert len({one.body for one in (*got, *again)}) == 2 * len(slots)  # no twins, not even of itself
        heard = {soundfile.read(io.BytesIO(one.body), dtype="float32")[0].tobytes() for one in got}
        gain = np.float32(own.gain)
        wanted = {(resample(sound, WEB_RATE).samples[:, 0] * gain).tobytes() for sound in own.sounds()}
        assert heard == wanted
        for one in got:
            assert one.headers["cache-control"] == "no-store, no-transform"
            assert not {"etag", "last-modified", "content-encoding", "content-disposition"} & set(one.headers)
        assert ann.sound("00" * 16).status == 404
        ann.send()
        assert ann.sound(slots[0]["name"]).status == 404  # names are gone with their trial


@pytest.mark.parametrize("method", ["ab", "mushra"])
def test_a_check_is_told_by_nothing_beside_its_sound(method: str, tmp_path: Path) -> None:
    checks = "[checks]\nlevel = false\nspoken_traps = 2\n" + SHORT.get(method, "")
    panel = make_panel(tmp_path, method, checks, clips=4, frames=8000 * 4)
    with serving(panel) as served:
        ann, told = served.remote(), dict[int, dict[str, object]]()
        ann.open()
        while ann.screen["kind"] == "trial":
            screen = ann.screen
            lengths = sorted({len(ann.sound(slot["name"]).body) for slot in screen["slots"]})
            known = {**screen, "slots": [{**slot, "name": ""} for slot in screen["slots"]], "bytes": lengths}
            told[screen["number"]] = known
            ann.open()
            while ann.screen["kind"] == "message":  # where it goes on
                ann.post("on", {})
            assert ann.screen["edges"] == screen["edges"]
            assert ann.send().status == 200
    with Session.open(panel, "Ann") as own:
        checks_at = {one.trial.number for one in own._plan if one.kind == "trap"}
    assert 0 < len(checks_at) < len(told)
    assert {len(one["edges"]) for one in told.values()} == {2}
    own_to_each = ("number", "place", "ticket", "edges")
    assert (
        len({json.dumps({k: v for k, v in one.items() if k not in own_to_each}) for one in told.values()})
        == 1
    )


def test_nothing_that_is_sent_names_a_condition_a_clip_or_a_code(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "mushra", NO_STEPS + SHORT["mushra"], clips=2, systems=("alpha", "beta"))
    told: list[str] = []
    with serving(panel) as served:
        for name in ("Ann", "Ben"):
            remote = served.remote(name)
            real = remote.ask

            def ask(*given: Any, real: Any = real, **more: Any) -> Any:
                answer = real(*given, **more)
                told.append(json.dumps(dict(answer.headers)) + answer.body.decode("latin-1"))
                return answer

            remote.ask = ask  # type: ignore[method-assign]
            remote.ask("GET", f"/s/{remote.token}/")
            remote.open()
            while remote.screen["kind"] == "trial":
                for slot in remote.screen["slots"]:
                    remote.sound(slot["name"])
                remote.send()
    key = panel.key
    secret = [one.code for one in key.stimuli] + [one.sha256 for one in key.stimuli]
    secret += ["alpha", "beta", "anchor", "c0", "c1", key.secret, key.sha256, str(panel.folder)]
    secret += [row["trial_code"] for row in saved_rows(panel)]
    text = "\n".join(re.sub(r"\b[0-9a-f]{32}\b", "", one) for one in told if "RIFF" not in one)
    assert len(text) > 10_000
    assert [one for one in secret if one in text] == []
    names = re.findall(r'"name": ?"([0-9a-f]{32})"', "\n".join(told))
    assert len(names) == len(set(names)) > 10  # none is ever used again


def test_the_same_trial_again_is_answered_and_saved_once(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with serving(panel) as served:
        ann = served.remote()
        sent = whole_trial(ann.open())
        assert ann.post("trial", sent).told["receipt"] == "saved"
        assert ann.post("trial", {**sent, "late": 90.0}).told["receipt"] == "known"
        assert ann.screen["number"] == 2
        other = [*sent["events"][:-1], ["rate", 1 if sent["events"][-1][1] != 1 else 2, -1, ""]]
        answer = ann.post("trial", {**sent, "events": other})
        assert (answer.status, answer.told["other"]) == (409, True)
    assert len(saved_rows(panel)) == 1
    assert len(list((panel.ratings / "other").glob("*.csv"))) == 1


def test_a_trial_that_lacks_something_is_refused_in_words_and_stays(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", top='language = "de"')
    with serving(panel) as served:
        ann = served.remote()
        sent = whole_trial(ann.open())
        answer = ann.post("trial", {**sent, "events": [["rate", 3, -1, ""]]})
        assert answer.status == 422
        assert answer.told == {
            "refusal": "refused_not_heard",
            "text": "Hören Sie die Aufnahme zuerst an.",
            "votes": [],
        }
        assert ann.post("trial", sent).status == 200


def test_the_newest_page_counts_and_the_older_one_is_told(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with serving(panel) as served:
        first = served.remote()
        first.open()
        second = Remote(served.port, first.token)
        second.open()
        answer = first.send()
        assert (answer.status, answer.told["elsewhere"]) == (409, True)
        assert second.send().status == 200
        assert "at trial 2 of 8" in first.open()["text"]
    assert len(saved_rows(panel)) == 1


def test_who_has_begun_at_a_desk_goes_on_in_a_browser_and_the_other_way_round(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with serving(panel) as served:
        with Session.open(panel, "Ann") as session:
            take(session, 2)
            ann = served.remote()
            answer = ann.post("open", {})
            assert answer.status == 423
            assert "another window" in answer.told["text"]
        assert ann.open()["kind"] == "message"  # welcome back
        ann.post("on", {})
        assert ann.screen["number"] == 3
        ann.send()
        ((seat, _),) = served.server._seats.values()
        seat.close()
        with Session.open(panel, "Ann") as session:
            take(session, 1)
        ann.open()
        ann.take()
    assert len(saved_rows(panel)) == 8


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are looked up in /proc")
def test_each_answer_comes_after_its_rows_were_forced_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = make_panel(tmp_path, "acr")
    forced: list[tuple[str, int]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if path.suffix == ".csv" and path.parent.name == "ratings":
            forced.append((path.name, path.stat().st_size))

    with serving(panel) as served:
        ann = served.remote()
        ann.open()
        monkeypatch.setattr(os, "fsync", fsync)
        while ann.screen["kind"] == "trial":
            forced.clear()
            assert ann.send().status == 200
            (path,) = panel.ratings.glob("*.csv")
            assert forced[-1] == (path.name, path.stat().st_size)


def test_a_full_disk_is_told_and_the_same_trial_is_saved_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    panel = make_panel(tmp_path, "acr")

    with serving(panel) as served:
        ann = served.remote("Annabelle")
        sent = whole_trial(ann.open())
        with monkeypatch.context() as broken:
            broken.setattr("gaplisten.panel.journal.write_all", full)
            for _ in range(2):
                answer = ann.post("trial", sent)
                assert answer.status == 503
                assert "kept here and sent again" in answer.told["text"]
        assert ann.post("trial", sent).told["receipt"] == "saved"
        said = capfd.readouterr().err
        assert said.count("the disk is full") == 1
        assert "nnabelle" not in said.casefold()
        assert ann.token not in said
    assert len(saved_rows(panel)) == 1


def test_what_is_no_message_of_the_page_is_refused(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with serving(panel) as served:
        ann = served.remote()
        sent = whole_trial(ann.open())
        path = f"/s/{ann.token}/trial"
        json_type = {"Content-Type": "application/json", "X-Tab": ann.tab}
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert ann.ask("POST", path, b"{}", form).status == 415
        assert ann.ask("POST", path, b" " * (257 * 1024), json_type).status == 413
        for wrong in (
            b"",
            b"[]",
            b"{",
            b"\xff",
            json.dumps({**sent, "more": 1}).encode(),
            json.dumps({**sent, "seconds": -1}).encode(),
            json.dumps({**sent, "events": [["heard", 0, 0]]}).encode(),
            json.dumps({**sent, "events": [["explode", 0]]}).encode(),
            json.dumps({**sent, "events": [["started", 0]] * 30_000}).encode()[: 250 * 1024],
        ):
            assert ann.ask("POST", path, wrong, json_type).status == 400, wrong[:50]
        stranger = Remote(served.port, "A" * 22)
        assert stranger.ask("GET", f"/s/{'A' * 22}/").status == 404
        assert stranger.post("open", {}).status == 404
        assert stranger.sound(sent["ticket"]).status == 404
        for hidden in ("/key.bin", "/../panel.json", "/stimuli/", "/s/", "/docs"):
            assert stranger.ask("GET", hidden).status in (404, 405), hidden
        assert stranger.ask("GET", f"/s/{ann.token}").headers["location"] == f"{ann.token}/"
        ann.tab = ""
        assert ann.post("trial", sent).status == 409
    assert saved_rows(panel) == []


def test_who_asks_too_often_waits_and_nobody_else_does() -> None:
    now = [0.0]
    bucket = Bucket(Rate(at_once=3, a_second=1), lambda: now[0])
    assert [bucket.takes("a") for _ in range(5)] == [True, True, True, False, False]
    assert bucket.takes("b")
    now[0] = 2.0
    assert [bucket.takes("a") for _ in range(3)] == [True, True, False]


def test_a_session_that_stands_still_is_closed_and_goes_on_by_itself(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with serving(panel, idle_seconds=0.2) as served:
        ann = served.remote()
        ann.open()
        assert ann.send().status == 200
        assert len(list(panel.ratings.glob("*-*.lock"))) == 1
        wait_for(lambda: not list(panel.ratings.glob("*-*.lock")), what="the session is closed")
        assert ann.send().status == 200  # the page that stood open knows nothing of it
    assert len(saved_rows(panel)) == 2


def test_sessions_are_closed_also_after_the_links_could_not_be_read_for_a_while(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with serving(panel, idle_seconds=0.4) as served:
        ann = served.remote()
        ann.open()
        links = panel.ratings / LINKS
        before = links.read_bytes()
        links.write_text("no links")
        wait_for(lambda: not list(panel.ratings.glob("*-*.lock")), what="the session is closed")
        links.write_bytes(before)
        assert ann.send().status == 200


def test_a_page_goes_on_when_the_server_was_started_anew_and_sets_no_level_again(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", "[checks]\nlevel = true\n")
    with serving(panel) as served:
        ann = served.remote()
        screen = ann.open()
        heard = [[0, 0, screen["sounds"][0]["frames"]]]
        level = {"step": "level", "number": 1, "attempt": 1, "heard": heard, "answers": {}}
        assert ann.post("step", level).status == 200
        assert ann.send().status == 200
        port = served.port
    ann.hang_up()
    with serving(panel, port=port):
        assert ann.send().status == 200
        assert ann.screen["kind"] == "trial"
        assert ann.open()["kind"] == "message"
        ann.post("on", {})
        assert ann.screen["step"] == "level"  # another page is another sitting
    assert len(saved_rows(panel)) == 2


def test_platforms_name_their_listeners_and_get_them_back(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    with serving(panel, done=("https://app.prolific.com/submissions/complete?cc=ABC",)) as served:
        visitor = Remote(served.port, "")
        path = f"/join/{served.links.study}?PROLIFIC_PID=p17&STUDY_ID=s4&evil=1"
        first, second = visitor.ask("GET", path), visitor.ask("GET", path)
        assert (first.status, first.headers["location"]) == (303, second.headers["location"])
        token = first.headers["location"].split("/")[-2]
        visitor = Remote(served.port, token)
        visitor.open()
        visitor.take()
        assert visitor.screen["url"].endswith("cc=ABC")
        anybody = {visitor.ask("GET", f"/join/{served.links.study}").headers["location"] for _ in range(2)}
        assert len(anybody) == 2
        assert visitor.ask("GET", "/join/" + "A" * 22).status == 404
        preview = f"/join/{served.links.study}?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE&workerId=w"
        assert "preview" in visitor.ask("GET", preview).body.decode()
    assert {row["listener"] for row in saved_rows(panel)} == {"p17"}
    (answers,) = (panel.ratings / "answers").glob("*.csv")
    text = answers.read_text()
    assert "url_prolific_pid,p17" in text
    assert "url_study_id,s4" in text
    assert "evil" not in text


def test_a_long_panel_is_taken_in_sections_each_by_its_own_link_and_in_their_order(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", "[checks]\nlevel = true\n", clips=5)
    with serving(panel, done=("CODE-1", "CODE-2", "CODE-3")) as served:
        served.links.cut(3)
        links = served.links.add(["Ann"])
        parts = [Remote(served.port, link.token) for link in links]
        assert [link.section for link in links] == [1, 2, 3]
        assert "finish the parts before it" in parts[1].open()["text"]
        taken = []
        for number, part in enumerate(parts, start=1):
            part.open()
            if part.screen["kind"] == "message":
                part.post("on", {})
            assert part.screen["step"] == "level"  # another day, another machine perhaps
            heard = [[0, 0, part.screen["sounds"][0]["frames"]]]
            level = {"step": "level", "number": 1, "attempt": part.screen["attempt"], "heard": heard}
            assert part.post("step", {**level, "answers": {}}).status == 200
            assert (part.screen["place"], part.screen["total"]) == (1, (3, 4, 3)[number - 1])
            taken.append(part.take())
            assert part.screen["code"] == f"CODE-{number}"
            assert part.open()["code"] == f"CODE-{number}"  # the link leads there again
        assert taken == [3, 4, 3]
        assert "part 2 of 3" in parts[1].open()["text"]
    assert [row["trial"] for row in saved_rows(panel)] == [str(number) for number in range(1, 11)]
    (answers,) = (panel.ratings / "answers").glob("*.csv")
    assert "section,2 of 3" in answers.read_text()


def test_a_trial_of_another_section_is_not_taken(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=2)
    with serving(panel) as served:
        served.links.cut(2)
        first, second = (Remote(served.port, link.token) for link in served.links.add(["Ann"]))
        sent = whole_trial(first.open())
        second.open()
        assert second.post("trial", sent).status == 409
        first.open()
        assert first.post("trial", sent).status == 200
        first.take()
        assert second.open()["kind"] == "message"  # at once: the first page keeps nothing
    assert len(saved_rows(panel)) == 2


def test_visitors_of_a_study_get_the_section_that_its_address_names(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=2)
    with serving(panel) as served:
        served.links.cut(2)
        visitor = Remote(served.port, "")

        def place(path: str) -> str:
            return visitor.ask("GET", f"/join/{served.links.study}{path}?PROLIFIC_PID=p1").headers["location"]

        first, second = served.links.add(["p1"])
        assert place("") == f"../s/{first.token}/"
        assert place("/1") == f"../../s/{first.token}/"
        assert place("/2") == f"../../s/{second.token}/"
        assert visitor.ask("GET", f"/join/{served.links.study}/3").status == 404


@pytest.mark.parametrize("passes", [True, False])
def test_who_failed_the_checks_in_the_panel_gets_another_code(passes: bool, tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", NO_STEPS + "clear_good = 2\nclear_bad = 2\n", clips=2)
    with serving(panel, done=("DONE",), failed="FAILED") as served:
        ann = served.remote()
        ann.open()
        served.server._seats[ann.token][0].close()
        with Session.open(panel, "Ann") as own:  # what is expected of which trial only the key tells
            expected = {one.trial.number: one.kind for one in own._plan}
        assert {"clear_good", "clear_bad"} < set(expected.values())

        def choose(screen: Any, slot: int) -> int:
            good, bad = (5, 1) if passes else (1, 5)
            return {"clear_good": good, "clear_bad": bad}.get(expected[screen["number"]], 3)

        ann.take(choose)
        assert ann.screen["code"] == ("DONE" if passes else "FAILED")
        assert "checks" not in json.dumps(ann.screen)


def test_in_a_platforms_frame_the_end_is_told_to_the_platform_and_to_nobody_else(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    site = "https://workersandbox.mturk.com"
    with serving(panel, frames=(site,), done=("CODE",)) as served:

        def at_the_end(**said: str) -> Any:
            words = "&".join(f"{name}={value}" for name, value in said.items())
            visitor = Remote(served.port, "")
            answer = visitor.ask("GET", f"/join/{served.links.study}?{words}")
            policy = answer.headers["content-security-policy"]
            assert f"frame-ancestors {site}" in policy
            assert f"form-action {site}" in policy
            visitor = Remote(served.port, answer.headers["location"].split("/")[-2])
            visitor.open()
            visitor.take()
            return visitor.screen.get("form")

        form = at_the_end(workerId="w1", assignmentId="a1", hitId="h1", turkSubmitTo=site)
        action = f"{site}/mturk/externalSubmit"
        assert form == {"action": action, "fields": {"assignmentId": "a1", "gaplisten": "CODE"}}
        # The task was given back and taken again: the platform knows it by the new number only.
        form = at_the_end(workerId="w1", assignmentId="a2", hitId="h1", turkSubmitTo=site)
        assert form["fields"]["assignmentId"] == "a2"
        assert at_the_end(workerId="w2", assignmentId="a3", turkSubmitTo="https://evil.example") is None
        assert at_the_end(workerId="w3", turkSubmitTo=site) is None
    with serving(panel) as served:
        policy = served.remote().ask("GET", "/panel.js").headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'none'" in policy


def test_whoever_tries_links_is_held_up_and_who_has_one_is_not(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    with serving(panel, rate=Rate(at_once=5, a_second=0)) as served:
        ann = served.remote()
        ann.open()
        stranger = Remote(served.port, "")
        tried = [stranger.ask("GET", f"/s/{number:022d}/").status for number in range(8)]
        assert tried == [404] * 5 + [429] * 3
        assert ann.send().status == 200


def test_what_a_proxy_says_of_others_is_believed_only_where_it_was_named(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    for proxies in ((), ("127.0.0.1",)):
        with serving(panel, proxies=proxies, rate=Rate(at_once=2, a_second=0)) as served:
            visitor = Remote(served.port, "")
            got = [
                visitor.ask("GET", "/nothing", headers={"X-Forwarded-For": f"10.0.0.{who}"}).status
                for who in (1, 1, 1, 2)
            ]
            assert got == [404, 404, 429, 404 if proxies else 429]


def test_the_supervisor_sees_who_is_how_far_and_nothing_else(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", systems=("alpha", "beta"))
    with serving(panel) as served:
        ann = served.remote("Ann")
        served.links.add(["Ben <b>"])
        ann.open()
        ann.send()
        page = ann.ask("GET", f"/supervisor/{served.links.supervisor}/").body.decode()
        assert "<td>Ann</td><td>1 / 8</td><td>open</td>" in page
        assert "<td>Ben &lt;b&gt;</td><td></td><td>has a link</td>" in page
        assert "alpha" not in page
        assert "MOS" not in page
        assert ann.ask("GET", f"/supervisor/{ann.token}/").status == 404


def test_steps_are_played_asked_and_answered(tmp_path: Path) -> None:
    extra = "[checks]\nlevel = true\nheadphones = true\nrequired = true\nattempts = 1\n"
    panel = make_panel(tmp_path, "acr", extra, top='consent = "Will you?"')
    with serving(panel, screened_out="OUT-7") as served:
        ann = served.remote()
        assert (ann.open()["step"], ann.screen["text"]) == ("consent", "Will you?")

        def answer(heard: bool = True, **answers: str) -> int:
            screen = ann.screen
            spans = [[at, 0, one["frames"]] for at, one in enumerate(screen["sounds"])] if heard else []
            said = {name: screen[name] for name in ("step", "number", "attempt")}
            return ann.post("step", {**said, "heard": spans, "answers": answers}).status

        assert answer() == 422  # nothing was chosen
        assert answer(consent="yes") == 200
        assert ann.screen["step"] == "level"
        assert answer(heard=False) == 422
        assert answer() == 200
        while ann.screen["kind"] == "step":  # whatever is not the softest is wrong
            bodies = [ann.sound(one["name"]).body for one in ann.screen["sounds"]]
            assert len({len(body) for body in bodies}) == 1
            softest = int(np.argmin([soundfile.read(io.BytesIO(body))[0].std() for body in bodies]))
            assert answer(headphones=str(1 + (softest + 1) % 3)) == 200
    assert ann.screen["kind"] == "end"
    assert ann.screen["code"] == "OUT-7"


def test_listed_listeners_only(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", top='listeners = ["Ann", "Ben"]')
    with serving(panel) as served:
        stranger = served.remote("Carl")
        answer = stranger.post("open", {})
        assert (answer.status, "not on the list" in answer.told["text"]) == (503, True)
        assert served.remote("Ann").open()["kind"] == "trial"


def test_ratings_may_lie_elsewhere(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    with serving(panel, tmp_path / "else") as served:
        ann = served.remote()
        ann.open()
        ann.take()
    assert len(saved_rows(panel, tmp_path / "else")) == 2
    assert not panel.ratings.exists()


def test_a_message_in_pieces_is_refused_whatever_length_it_claims(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    with serving(panel) as served:
        ann = served.remote()
        ann.open()
        for more in ({}, {"Content-Length": "2"}):
            headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked", **more}
            answer = ann.ask("POST", f"/s/{ann.token}/open", b"2\r\n{}\r\n0\r\n\r\n", headers)
            assert answer.status == 411
            ann.hang_up()
        assert ann.send().status == 200
