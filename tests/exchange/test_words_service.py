"""Word accuracy by a service: what is sent, what is understood, and by which rules it is asked."""

from __future__ import annotations

import io
import json
import shutil
import threading
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import soundfile

from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.batch.items import versions_from_paths
from gaplisten.batch.journal import Journal
from gaplisten.exchange.service_batch import score_by_service, score_by_set_up_service
from gaplisten.exchange.service_settings import WORDS, Service, ServiceError, load_service
from gaplisten.exchange.words_service import WordsClient
from gaplisten.metrics.catalogue import built_in, score

TOKEN = "s3cret-token"
SAID = "good morning to all of you"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parts = BytesParser().parsebytes(head + body).get_payload()
        form = {part.get_param("name", header="content-disposition"): part for part in parts}
        sound, rate = soundfile.read(io.BytesIO(form["file"].get_payload(decode=True)))
        fields = {name: part.get_payload() for name, part in form.items() if name != "file"}
        self.server.asked.append((self.path, dict(self.headers), fields, sound, rate))
        script = self.server.script
        status, answer = (script.pop(0) if len(script) > 1 else script[0])(sound)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def heard(sound):
    """Hear a word less for each silent sixth."""
    loud = [np.abs(part).max() > 0.01 for part in np.array_split(sound, 6)]
    return 200, json.dumps(
        {"text": " ".join(w for w, on in zip(SAID.split(), loud, strict=True) if on)}
    ).encode()


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.asked, made.script = [], [heard]
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def service(server, **settings):
    address = f"http://127.0.0.1:{server.server_port}/"
    return Service(address, "", TOKEN, kind=WORDS, model="whisper-1", **settings)


def noise(rate=16000, frames=24000, seed=1):
    return Signal.of(np.random.default_rng(seed).uniform(-0.4, 0.4, frames), rate)


def journal(tmp_path):
    return Journal(tmp_path / "journal")


@pytest.fixture
def clips(tmp_path):
    """Return a folder with two clips, of each of which a concealer left a sixth silent."""
    for folder in ("clean", "out"):
        (tmp_path / "set" / folder).mkdir(parents=True)
    for seed, name in enumerate(("c1", "c2")):
        whole = noise(seed=seed).samples[:, 0].copy()
        write_signal(tmp_path / "set" / "clean" / f"{name}.wav", Signal.of(whole, 16000))
        whole[4000:8000] = 0
        write_signal(tmp_path / "set" / "out" / f"{name}.wav", Signal.of(whole, 16000))
    return tmp_path / "set"


def versions(clips):
    return versions_from_paths([clips / "out"], reference_folder=clips / "clean")


def test_the_request_is_the_usual_one_of_transcription_servers(server):
    assert WordsClient(service(server, language="en")).hear(noise(48000, 72000)) == SAID
    ((path, headers, fields, sound, rate),) = server.asked
    assert path == "/v1/audio/transcriptions"
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert fields == {"model": "whisper-1", "response_format": "json", "temperature": "0", "language": "en"}
    assert (rate, sound.shape) == (16000, (24000,))


def test_what_was_said_is_heard_once_in_the_reference_and_the_same_score_comes_without_asking(
    server, clips, tmp_path
):
    with journal(tmp_path) as kept:
        first = score_by_service(versions(clips), service(server), kept, jobs=1)
        asked = len(server.asked)
        again = score_by_service(versions(clips), service(server), kept)
    assert asked == len(server.asked) == 4, "two references and two versions"
    assert [row.score.value for row in first.rows] == [pytest.approx(5 / 6)] * 2
    found = first.rows[0].score
    assert dict(found.beside) == {"substitutions": 0, "deletions": 1, "insertions": 0, "words": 6}
    texts = dict(found.texts)
    assert (texts["transcript"], texts["recognised"]) == (SAID, "good to all of you")
    assert texts["recogniser"] == "a service, model whisper-1; normaliser Gaplisten 1"
    assert texts["words_of"] == "what it hears in the reference"
    assert (again.reused, [row.score for row in again.rows]) == (2, [row.score for row in first.rows])


def test_a_reference_is_sent_once_also_where_its_versions_are_scored_at_once(server, clips, tmp_path):
    shutil.copytree(clips / "out", clips / "other")
    for seed, name in enumerate(("c1", "c2"), 8):
        write_signal(clips / "other" / f"{name}.wav", noise(seed=seed))
    both = versions_from_paths([clips / "out", clips / "other"], reference_folder=clips / "clean")
    both.sort(key=lambda one: one.clip.name)
    second = threading.Event()

    def slowly(sound):
        if len(server.asked) > 1:
            second.set()
        second.wait(0.2)  # where nobody waits for the first answer the same is asked meanwhile
        return heard(sound)

    server.script = [slowly]
    with journal(tmp_path) as kept:
        found = score_by_service(both, service(server), kept, jobs=2)
    assert all(row.score.value is not None for row in found.rows)
    sent = [sound.tobytes() for *_, sound, _ in server.asked]
    assert len(sent) == len(set(sent))


def test_a_transcript_counts_before_the_reference_which_is_not_sent_then(server, clips, tmp_path):
    (tmp_path / "said.csv").write_text("id,transcription\nc1,Good evening to all of you\nc2,Hello\n")
    told = versions_from_paths(
        [clips / "out"], reference_folder=clips / "clean", transcripts=tmp_path / "said.csv"
    )
    with journal(tmp_path) as kept:
        found = score_by_service(told, service(server), kept)
    assert len(server.asked) == 2
    assert dict(found.rows[0].score.texts)["words_of"] == "a transcript"
    values = {(row.task.version.clip.name, row.task.version.condition): row.score.value for row in found.rows}
    assert values == {("c1", "out"): pytest.approx(5 / 6), ("c2", "out"): -4.0}


def test_another_model_or_language_is_another_score(server, clips, tmp_path):
    with journal(tmp_path) as kept:
        score_by_service(versions(clips), service(server), kept)
        other = score_by_service(versions(clips), service(server, language="de"), kept)
    assert other.reused == 0


def refuse(_sound):
    return 401, f"no such token {TOKEN}".encode()


def test_a_refused_token_is_told_once_without_it_and_the_next_run_asks_again(server, clips, tmp_path):
    server.script = [refuse]
    with journal(tmp_path) as kept:
        failed = score_by_service(versions(clips), service(server), kept, jobs=1)
        assert len(server.asked) == 1
        assert "does not accept the token (status 401)" in failed.rows[0].score.reason
        assert WORDS.token_variable in failed.rows[0].score.reason
        assert TOKEN not in str(failed.rows)
        server.script = [heard]
        found = score_by_service(versions(clips), service(server), kept)
    assert all(row.score.value is not None for row in found.rows)


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"text": 3}', b'{"words": []}', b"[" * 100_000])
def test_what_is_no_text_is_told(server, answer):
    server.script = [lambda _sound: (200, answer)]
    with pytest.raises(ServiceError, match="something else than a text"):
        WordsClient(service(server)).hear(noise())


def test_more_than_could_be_said_is_told_and_not_compared(server):
    server.script = [lambda _sound: (200, json.dumps({"text": "a " * 6000}).encode())]
    with pytest.raises(ServiceError, match="12,000 letters, more than could be said"):
        WordsClient(service(server)).hear(noise())


def test_words_come_printable_and_without_the_token(server):
    server.script = [lambda _sound: (200, json.dumps({"text": f"a\x1b[2J {TOKEN}\nb"}).encode())]
    assert WordsClient(service(server)).hear(noise()) == "a [2J *** b"


def test_a_server_on_this_machine_needs_no_token_and_one_elsewhere_does(server, monkeypatch):
    monkeypatch.delenv(WORDS.token_variable, raising=False)
    WORDS.path.parent.mkdir(parents=True, exist_ok=True)
    address = f"http://127.0.0.1:{server.server_port}/"
    WORDS.path.write_text(f'address = "{address}"\nmodel = "whisper-1"\n')
    WordsClient(load_service(WORDS)).hear(noise())
    assert "Authorization" not in server.asked[0][1]
    WORDS.path.write_text('address = "https://words.example.org/"\nmodel = "whisper-1"\n')
    with pytest.raises(ServiceError, match="there is no token for it"):
        load_service(WORDS)
    WORDS.path.write_text(f'address = "{address}"\nmodel = "m"\ntoken = "{TOKEN}"\n')
    with pytest.raises(ServiceError, match="holds the token"):
        load_service(WORDS)
    WORDS.path.write_text(f'address = "{address}"\n')
    with pytest.raises(ServiceError, match='needs model as text; add a line such as model = "'):
        load_service(WORDS)
    for without in ("", 'address = ""\n', "address = 3\n"):
        WORDS.path.write_text(f'{without}model = "m"\n')
        with pytest.raises(ServiceError, match='needs address as text; add a line such as address = "https:'):
            load_service(WORDS)
    WORDS.path.write_text(f'address = "{address}"\nmodel = "m"\nlanguage = 3\n')
    with pytest.raises(ServiceError, match="needs language as text"):
        load_service(WORDS)


def test_nothing_is_sent_where_no_service_is_set_up(clips, tmp_path):
    WORDS.path.unlink(missing_ok=True)
    with journal(tmp_path) as kept, pytest.raises(ServiceError, match="no service is set up"):
        score_by_set_up_service(versions(clips), kept, ["wacc_service"])
    assert built_in()["wacc_service"].metric.service
    assert "computed by a service" in score("wacc_service", noise(), noise()).reason


@pytest.mark.parametrize("token", ["abc\ndef", "abc\rX-Evil: 1", "ab\u20acc", "abc\0"])
def test_a_token_that_cannot_be_sent_is_told_without_it(token):
    with pytest.raises(ServiceError, match="characters that cannot be sent") as error:
        Service("https://words.example/", "", token, kind=WORDS, model="m")
    assert token not in str(error.value)
    assert repr(token)[1:-1] not in str(error.value)
