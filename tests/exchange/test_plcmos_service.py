"""The PLC-MOS service: what is sent, what is understood, and what is said when it goes wrong."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.batch.items import Version, versions_from_paths
from gaplisten.batch.score import score_journal
from gaplisten.exchange.plcmos_service import PlcmosClient
from gaplisten.exchange.service_batch import score_by_service
from gaplisten.exchange.service_settings import (
    PLCMOS,
    Service,
    ServiceError,
    load_service,
    save_service,
)
from gaplisten.jobs import Job, JobCancelled
from kit.timing import PATIENCE, that_ends

TOKEN = "s3cret-tok\u00e9n"


class Server(ThreadingHTTPServer):
    """Answers from a script of (status, headers, body), the last one for ever."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = [(200, {}, b'{"model_version": 1, "plc_mos": 3.25}')]
        self.health = (200, {}, b"OK")
        self.asked: list[tuple[str, dict[str, str], dict | None]] = []
        self.hold = threading.Event()
        self.hold.set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers), None))
        self.answer(self.server.health)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, dict(self.headers), body))
        self.server.hold.wait(PATIENCE)
        script = self.server.script
        self.answer(script.pop(0) if len(script) > 1 else script[0])

    def answer(self, reply):
        status, headers, body = reply
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # the client has gone, as the time-out test wants

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.hold.set()
    server.shutdown()
    server.server_close()
    thread.join()


class Clock:
    """Sleeps at once and remembers for how long."""

    def __init__(self) -> None:
        self.slept = 0.0

    def __call__(self, seconds: float) -> None:
        self.slept += seconds


def client(server: Server, sleep=None, **settings) -> PlcmosClient:
    return PlcmosClient(Service(server.address, "team-7", TOKEN, **settings), sleep or Clock())


def ramp(rate: int = 16000, frames: int = 32000) -> Signal:
    return Signal.of(np.linspace(-0.5, 0.5, frames), rate)


def test_the_request_is_the_one_of_the_challenges_notebook(server: Server):
    degraded, reference = ramp(), Signal.of(np.linspace(0, 0.25, 32000), 16000)
    found = client(server).score(degraded, reference, "/home/me/clips/40.wav")
    assert (found.plcmos, found.model_version) == (3.25, "1")
    path, headers, body = server.asked[0]
    assert path == "/score-plc"
    assert headers["Content-Type"] == "application/json"
    account = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode()
    assert account == f"team-7:{TOKEN}"
    assert sorted(body) == ["degraded", "filename", "reference"]
    assert body["filename"] == "40.wav"
    np.testing.assert_array_equal(np.float32(body["degraded"]), degraded.samples[:, 0])
    np.testing.assert_array_equal(np.float32(body["reference"]), reference.samples[:, 0])


def test_sound_at_another_rate_is_sent_at_16_khz(server: Server):
    client(server).score(ramp(48000, 96000), ramp(), "a.wav")
    assert len(server.asked[0][2]["degraded"]) == 32000


def test_health_is_asked_without_the_account(server: Server):
    assert client(server).health() == "OK"
    path, headers, _ = server.asked[0]
    assert path == "/health"
    assert "Authorization" not in headers


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "does not accept the account team-7"),
        (403, "does not accept the account team-7"),
        (404, "refuses the request (status 404)"),
    ],
)
def test_a_refusal_is_told_at_once(server: Server, status: int, sentence: str):
    server.script = [(status, {}, b"")]
    with pytest.raises(ServiceError, match="status") as raised:
        client(server).score(ramp(), ramp(), "a.wav")
    assert sentence in str(raised.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_service_is_asked_again_with_growing_pauses(server: Server, status: int):
    good = server.script[0]
    server.script = [(status, {}, b""), (status, {}, b""), (status, {}, b""), good]
    clock = Clock()
    assert client(server, clock).score(ramp(), ramp(), "a.wav").plcmos == 3.25
    assert len(server.asked) == 4
    assert clock.slept == 1 + 2 + 4


def test_the_service_says_when_to_come_back(server: Server):
    server.script = [(429, {"Retry-After": "7"}, b""), server.script[0]]
    clock = Clock()
    client(server, clock).score(ramp(), ramp(), "a.wav")
    assert clock.slept == 7


def test_a_date_to_come_back_at_is_understood(server: Server):
    long_gone = {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}
    server.script = [(503, long_gone, b""), server.script[0]]
    clock = Clock()
    client(server, clock).score(ramp(), ramp(), "a.wav")
    assert clock.slept == 0


def test_a_service_that_stays_busy_is_named(server: Server):
    server.script = [(429, {"Retry-After": "1"}, b"")]
    with pytest.raises(ServiceError, match="asked too often"):
        client(server, retries=2).score(ramp(), ramp(), "a.wav")
    assert len(server.asked) == 3


def test_stopping_ends_the_waiting(server: Server):
    server.script = [(503, {"Retry-After": "3600"}, b"")]
    job = Job()
    with pytest.raises(JobCancelled):
        client(server, lambda seconds: job.cancel()).score(ramp(), ramp(), "a.wav", job)


def test_a_service_that_does_not_answer_is_given_up(server: Server):
    server.hold.clear()
    with pytest.raises(ServiceError, match=r"does not answer within 0\.2 s"):
        client(server, seconds=0.2, retries=0).score(ramp(), ramp(), "a.wav")


def test_nobody_there_is_told(server: Server):
    absent = Service("http://127.0.0.1:9/", "u", TOKEN, retries=0)
    with pytest.raises(ServiceError, match="cannot be reached"):
        PlcmosClient(absent, Clock()).score(ramp(), ramp(), "a.wav")


def test_a_redirection_is_not_followed_with_the_token(server: Server):
    server.script = [(302, {"Location": server.address + "elsewhere"}, b"")]
    with pytest.raises(ServiceError, match="redirects"):
        client(server).score(ramp(), ramp(), "a.wav")
    assert [path for path, *_ in server.asked] == ["/score-plc"]


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"<html>hello</html>",
        b"[]",
        b"3",
        b"null",
        b"{}",
        b'{"plc_mos": "x"}',
        b'{"plc_mos": null}',
        b"\xff",
    ],
)
def test_rubbish_is_not_a_score(server: Server, rubbish: bytes):
    server.script = [(200, {}, rubbish)]
    with pytest.raises(ServiceError, match="something else than a score"):
        client(server).score(ramp(), ramp(), "a.wav")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "0.5", "17"])
def test_an_impossible_score_is_refused(server: Server, value: str):
    server.script = [(200, {}, b'{"plc_mos": %s}' % value.encode())]
    with pytest.raises(ServiceError, match="cannot be"):
        client(server).score(ramp(), ramp(), "a.wav")


def test_an_endless_answer_is_cut_off(server: Server):
    server.script = [(200, {}, b"x" * (1 << 20) + b"xx")]
    with pytest.raises(ServiceError, match="far too much"):
        client(server).score(ramp(), ramp(), "a.wav")


def test_sound_beyond_full_scale_is_not_sent(server: Server):
    with pytest.raises(ServiceError, match="full scale"):
        client(server).score(Signal.of([2.0] * 100, 16000), ramp(), "a.wav")
    assert server.asked == []


def test_the_token_shows_up_nowhere(server: Server, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    server.script = [(401, {}, b"")]
    service = Service(server.address, "u", TOKEN)
    with pytest.raises(ServiceError) as raised:
        PlcmosClient(service, Clock()).score(ramp(), ramp(), "a.wav")
    encoded = base64.b64encode(f"u:{TOKEN}".encode()).decode()
    for text in (repr(service), str(raised.value), repr(raised.value), caplog.text):
        assert TOKEN not in text
        assert encoded not in text


def test_settings_hold_address_and_user_and_the_environment_the_token(monkeypatch: pytest.MonkeyPatch):
    save_service("https://plcmos.example.org/", "team-7")
    assert "team-7" in PLCMOS.path.read_text()
    monkeypatch.setenv(PLCMOS.token_variable, TOKEN)
    service = load_service()
    assert (service.address, service.user, service.token) == ("https://plcmos.example.org/", "team-7", TOKEN)
    assert service.url("score-plc") == "https://plcmos.example.org/score-plc"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "needs address as text"),
        ('address = 3\nuser = "u"', "needs address as text"),
        ('address = "https://a/"', "needs user as text"),
        ('address = "https://a/"\nuser = "u:p"', "needs user as text without a colon"),
        ("not toml", "cannot be read"),
        ('address = "https://a/"\nuser = "u"\ntoken = "x"', "holds the token"),
        ('address = "ftp://a/"\nuser = "u"', "not an http"),
        ('address = "http://a.example/"\nuser = "u"', "unencrypted"),
        ('address = "https://u:p@a/"\nuser = "u"', "holds a password"),
        ('address = "https://a/"\nuser = "u"\nseconds = "x"', "must be numbers"),
    ],
)
def test_settings_that_cannot_be_used_are_told(monkeypatch: pytest.MonkeyPatch, text: str, sentence: str):
    monkeypatch.setenv(PLCMOS.token_variable, TOKEN)
    PLCMOS.path.parent.mkdir(parents=True)
    PLCMOS.path.write_text(text)
    with pytest.raises(ServiceError, match=sentence) as raised:
        load_service()
    assert ":p@" not in str(raised.value)


def test_missing_settings_or_token_say_how_to_give_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(PLCMOS.token_variable, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    with pytest.raises(ServiceError, match="no service is set up"):
        load_service()
    save_service("http://localhost:8000/", "team-7")
    with pytest.raises(ServiceError, match=PLCMOS.token_variable):
        load_service()


def test_the_keyring_gives_the_token(monkeypatch: pytest.MonkeyPatch):
    keyring = pytest.importorskip("keyring")
    monkeypatch.delenv(PLCMOS.token_variable, raising=False)
    monkeypatch.setattr(keyring, "get_password", lambda service, user: f"{service}/{user}")
    save_service("https://plcmos.example.org/", "team-7")
    assert load_service().token == "gaplisten-plcmos/team-7"


def test_a_folder_is_scored_by_the_service_and_not_asked_twice(server: Server, tmp_path: Path):
    for folder, gain in [("clean", 1.0), ("mine", 0.5)]:
        (tmp_path / folder).mkdir()
        for index in range(3):
            tone = gain * np.sin(np.arange(32000) / (5 + index))
            write_signal(tmp_path / folder / f"c{index}.wav", Signal.of(0.5 * tone, 16000))
    versions = versions_from_paths([tmp_path / "mine"], reference_folder=tmp_path / "clean")
    service = Service(server.address, "u", TOKEN)
    for _ in range(2):
        with score_journal() as journal:
            batch = score_by_service(versions, service, journal)
        assert [row.score.value for row in batch.rows] == [3.25] * 3
        assert batch.rows[0].score.marks == ("model version 1",)
    posts = [body["filename"] for path, _, body in server.asked if path == "/score-plc"]
    assert sorted(posts) == ["c0.wav", "c1.wav", "c2.wav"]
    assert TOKEN not in journal.path.read_text()


def _tones(folder: Path, count: int) -> list[Version]:
    for name, gain in [("clean", 1.0), ("mine", 0.5)]:
        (folder / name).mkdir()
        for index in range(count):
            tone = gain * np.sin(np.arange(16000) / (5 + index))
            write_signal(folder / name / f"c{index}.wav", Signal.of(0.5 * tone, 16000))
    return versions_from_paths([folder / "mine"], reference_folder=folder / "clean")


@pytest.mark.parametrize(("status", "asked"), [(401, 1), (404, 3), (503, 3)])
def test_a_hopeless_service_is_not_asked_for_every_file(
    server: Server, tmp_path: Path, status: int, asked: int
):
    versions = _tones(tmp_path, 8)
    server.script = [(status, {}, b"")]
    service = Service(server.address, "u", TOKEN, retries=0)
    with score_journal() as journal:
        batch = score_by_service(versions, service, journal, jobs=1)
    assert sum(path == "/score-plc" for path, *_ in server.asked) == asked
    assert [row.score.reason.startswith("not asked any more") for row in batch.rows] == [
        index >= asked for index in range(8)
    ]
    assert all(f"status {status}" in row.score.reason for row in batch.rows)
    server.script = [(200, {}, b'{"model_version": 1, "plc_mos": 2}')]
    with score_journal() as journal:  # what was not asked is asked by the next run
        again = score_by_service(versions, service, journal, jobs=1)
    assert [row.score.value for row in again.rows] == [2.0] * 8


def test_a_service_that_fails_now_and_then_is_asked_for_every_file(server: Server, tmp_path: Path):
    versions = _tones(tmp_path, 8)
    good = (200, {}, b'{"model_version": 1, "plc_mos": 2}')
    server.script = [(404, {}, b""), (404, {}, b""), good] * 3
    with score_journal() as journal:
        service = Service(server.address, "u", TOKEN, retries=0)
        batch = score_by_service(versions, service, journal, jobs=1)
    assert [row.score.value for row in batch.rows] == [None, None, 2.0, None, None, 2.0, None, None]
    assert sum(path == "/score-plc" for path, *_ in server.asked) == 8


def test_a_server_that_sends_the_token_back_does_not_get_it_shown(server: Server):
    account = base64.b64encode(f"team-7:{TOKEN}".encode()).decode()
    rubbish = f"<html>\x1b[31mBasic {account} {TOKEN}</html>".encode()
    for body in (rubbish, json.dumps({"plc_mos": "x", "model_version": TOKEN}, ensure_ascii=False).encode()):
        server.script = [(200, {}, body)]
        with pytest.raises(ServiceError) as error:
            client(server).score(ramp(), ramp(), "a.wav")
        assert TOKEN not in str(error.value)
        assert account not in str(error.value)
        assert "\x1b" not in str(error.value)
    server.script = [(200, {}, json.dumps({"plc_mos": 3, "model_version": account}).encode())]
    assert client(server).score(ramp(), ramp(), "a.wav").model_version == "***"
    server.script = [(200, {}, b"[" * 100_000)]
    with pytest.raises(ServiceError, match="something else than a score"):
        client(server).score(ramp(), ramp(), "a.wav")


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
DRIPS = {
    "a status line": (b"", b"H"),
    "a header": (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-Slow: x\r\n"),
    "a chunk's size": (CHUNKED, b"0"),
    "chunks": (CHUNKED, b"1\r\n \r\n"),
    "a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b" "),
    "what comes before the answer": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "an encrypted line": (b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb\x03\x03", b"\0"),
    "a proxy's answer": (b"", b"H"),
}


@pytest.mark.parametrize("what", DRIPS)
def test_an_answer_of_which_anything_drips_is_given_up_in_time(what: str, monkeypatch: pytest.MonkeyPatch):
    begin, drop = DRIPS[what]
    gone = threading.Event()

    def serve(listening: socket.socket) -> None:
        with listening.accept()[0] as taken, contextlib.suppress(OSError):
            taken.sendall(begin)
            while not gone.wait(0.05):
                taken.sendall(drop)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        scheme = "https" if "encrypted" in what else "http"
        address = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
        if "proxy" in what:
            monkeypatch.setenv("https_proxy", address)
            address = "https://plcmos.example/"
        service = Service(address, "u", "t", seconds=0.5, retries=0)
        try:
            with pytest.raises(ServiceError, match=r"within 0\.5 s"):
                that_ends(lambda: PlcmosClient(service).score(ramp(), ramp(), "a.wav"))
        finally:
            gone.set()
        thread.join()


@pytest.mark.parametrize("value", ["true", '"3.0"', "[3.0]", "null", "NaN", "1e999"])
def test_only_a_number_is_a_score(server: Server, value: str):
    server.script = [(200, {}, f'{{"plc_mos": {value}}}'.encode())]
    with pytest.raises(ServiceError, match=r"something else than a score|cannot be"):
        client(server).score(ramp(), ramp(), "a.wav")


@pytest.mark.parametrize(
    "address",
    [
        "https://[x",
        "https://h:port/",
        "https://h/?q",
        "https://h/#f",
        "https://h /",
        "https://h/\n",
        "https://",
    ],
)
def test_an_address_that_cannot_be_asked_is_refused_when_it_is_set(address: str):
    with pytest.raises(ServiceError, match=r"not an http|query or a fragment"):
        save_service(address, "team-7")
    assert not PLCMOS.path.exists()


def test_saving_address_and_user_keeps_what_else_the_settings_say() -> None:
    PLCMOS.path.parent.mkdir(parents=True, exist_ok=True)
    text = 'address = "https://old.example.org/"\nuser = "team-1"\nseconds = 300  # slow\nretries = 1\n'
    PLCMOS.path.write_text(text)
    save_service("https://new.example.org/", "team-7")
    found = PLCMOS.path.read_text()
    assert found.splitlines() == [
        'address = "https://new.example.org/"',
        'user = "team-7"',
        "seconds = 300  # slow",
        "retries = 1",
    ]


@pytest.mark.parametrize("before", ['token = "abc"\npassword = "abc"\n', "no TOML at all ["])
def test_saving_leaves_no_secret_and_replaces_what_cannot_be_read(before: str) -> None:
    PLCMOS.path.parent.mkdir(parents=True, exist_ok=True)
    PLCMOS.path.write_text(before)
    save_service("https://plcmos.example.org/", "team-7")
    assert PLCMOS.path.read_text() == 'address = "https://plcmos.example.org/"\nuser = "team-7"\n'
