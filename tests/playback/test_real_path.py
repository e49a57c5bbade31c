"""What reaches the sound server through PortAudio, bit by bit, whatever goes on above."""

import random
import subprocess
import time
from contextlib import nullcontext
from functools import wraps
from pathlib import Path

import numpy as np
import psutil
import pytest

from gaplisten.audio.filemap import ArraySource
from gaplisten.audio.signal import Signal
from gaplisten.playback.player import Player
from gaplisten.playback.programme import fade_frames
from kit.burden import BURDENS
from kit.player import audio_processes_with
from kit.proof import Proof, largest_excess, prove, unlike_lanes
from kit.pulse import SoundServer, null_server, sound_server, wait_for, wait_for_sound
from kit.timing import PATIENCE

pytestmark = [
    pytest.mark.sound,
    pytest.mark.alone,
    pytest.mark.xdist_group("real path"),
    pytest.mark.usefixtures("plugins_known"),
]
RATE = 48000


@pytest.fixture(scope="module")
def server():
    with sound_server(RATE) as running:
        yield running


@pytest.fixture
def player(server):
    opened = Player()
    yield opened
    opened.close()


def steadily(test):
    """Repeat a test, up to three times in all, if the machine ran dry meanwhile *and* that was counted.

    A small machine may starve the sound server itself. A slip that nobody counted fails at once.
    """

    @wraps(test)
    def run(player: Player, server: SoundServer) -> None:
        for _ in range(2):
            before = player.state.underflows
            try:
                return test(player, server)
            except AssertionError:
                time.sleep(0.7)  # by then it is known
                if player.state.underflows == before:
                    raise
                player.stop()
                time.sleep(0.2)
        return test(player, server)

    return run


def started(player: Player, server: SoundServer, lanes: list[Signal], **options) -> None:
    player.load(lanes, **{"position": 0, **options})
    wait_for(lambda: player.state.rate, what="the stream")
    time.sleep(0.1)
    server.forget()
    player.play()


def to_the_end(player: Player) -> None:
    wait_for(lambda: player.state.ended, what=lambda: f"the end of the clip, at {player.state}")


@steadily
def test_a_clip_reaches_the_sound_server_bit_by_bit(player, server):
    lanes = unlike_lanes(1, 1.0, RATE, channels=2)
    started(player, server, lanes)
    to_the_end(player)
    time.sleep(0.2)
    captured, fade = server.captured(), fade_frames(RATE, 5)
    at = int(np.flatnonzero(captured[:, 0])[0])
    heard = captured[at : at + RATE]
    assert np.array_equal(heard[fade:-fade], lanes[0].samples[fade:-fade])
    assert not captured[:at].any()
    assert not captured[at + RATE :].any()
    assert player.state.position == RATE


@steadily
def test_lanes_fetched_by_the_block_reach_the_sound_server_bit_by_bit_also_after_a_seek(player, server):
    lanes = unlike_lanes(3, 30.0, RATE)
    started(player, server, [ArraySource(lane.samples, RATE) for lane in lanes])
    for lane in (1, 2, 0):
        wait_for_sound(
            player, lambda before=player.state.position: player.state.position > before + RATE // 5
        )
        player.select(lane)
    wait_for_sound(player, lambda: player.state.position > RATE)
    proof = prove(server.captured(), lanes, frames=RATE // 2)
    assert not proof.odd
    assert proof.switches >= 2
    assert player._host.ready.stream is not None
    server.forget()
    player.seek(25 * RATE)
    wait_for_sound(player, lambda: player.state.position > 25 * RATE + RATE // 2)
    player.pause()
    time.sleep(0.2)
    captured, sought = server.captured()[:, 0], lanes[0].samples[25 * RATE :, 0]
    at = int(np.flatnonzero(captured == sought[1000])[0]) - 1000
    assert np.array_equal(captured[at + 240 : at + RATE // 4], sought[240 : RATE // 4])


@steadily
def test_the_one_gain_is_applied_in_float32_and_shown_by_the_meter(player, server):
    lanes = unlike_lanes(1, 0.6, RATE)
    started(player, server, lanes, gain=0.7)
    wait_for(lambda: player.state.peak_hold[0] > 0.2, what="the meter")
    to_the_end(player)
    time.sleep(0.2)
    proof = prove(server.captured(), lanes, gain=0.7, frames=RATE // 2)
    assert not proof.odd
    assert 0.2 < player.state.peak_hold[1] <= 0.28
    assert not player.state.clipped


def test_a_sample_beyond_full_scale_lights_the_clip_light_until_it_is_reset(player, server):
    started(player, server, [Signal.of(np.full(RATE // 2, 0.9), RATE)], gain=1.2)
    wait_for(lambda: player.state.clipped)
    to_the_end(player)
    assert player.state.clipped
    player.reset_meter()
    wait_for(lambda: not player.state.clipped)


@steadily
def test_five_hundred_switches_leave_no_step_and_never_move_the_position(player, server):
    """Switches come while a fade is on its way as well; still no sample is a lane's at a wrong place."""
    rng = random.Random(1)
    lanes = unlike_lanes(4, 8.0, RATE)
    started(player, server, lanes)
    wait_for_sound(player, lambda: player.state.position > 1000)
    for count in range(500):
        player.select(rng.randrange(4))
        time.sleep(rng.uniform(0.012, 0.02) if count % 6 == 0 else rng.uniform(0.001, 0.005))
    last = player.state.lane
    time.sleep(0.4)
    player.pause()
    played = player.state.position - RATE // 10
    time.sleep(0.2)
    captured = server.captured()
    proof = prove(captured, lanes, frames=played)
    # A switch begun during another's fade is not one of the plain kind, but as short and as soft.
    assert all(length <= 200 * fade_frames(RATE, 5) for _, length in proof.odd)
    assert proof.switches > 5
    at = proof.started + proof.frames
    assert np.array_equal(
        captured[at - 500 : at, 0], lanes[last].samples[proof.frames - 500 : proof.frames, 0]
    )


@steadily
def test_no_switch_leaves_a_step_where_the_lanes_have_none(player, server):
    """Constant lanes far apart: every step in the capture is the ramp's."""
    rng = random.Random(2)
    lanes = [Signal.of(np.full(RATE * 5, value), RATE) for value in (0.8, -0.8, 0.1)]
    started(player, server, lanes)
    for _ in range(100):
        player.select(rng.randrange(3))
        time.sleep(rng.uniform(0.001, 0.02))
    player.seek(RATE)
    time.sleep(0.1)
    player.pause()
    time.sleep(0.2)
    captured = server.captured()[:, 0]
    assert np.abs(captured).max() == np.float32(0.8)
    assert largest_excess(captured, lanes) <= 0


def capture_under(burden: str | None, player: Player, server: SoundServer) -> Proof:
    """Play and switch for a second with the burden on, and explain what was captured."""
    rng, lanes = random.Random(3), unlike_lanes(3, 8.0, RATE)
    with BURDENS[burden]() if burden else nullcontext():
        time.sleep(0.5 if burden == "window" else 0.0)
        player.stop()
        started(player, server, lanes, position=0)
        end, asked = time.monotonic() + 0.6, 0
        while time.monotonic() < end or asked < 3:  # a held interpreter may use up the time by itself
            time.sleep(rng.uniform(0.03, 0.08))
            player.select(rng.randrange(3))
            asked += 1
        time.sleep(0.3)  # so that these lie in the part that is explained
        played = player.state.position - RATE // 4
        player.pause()
    time.sleep(0.7)
    return prove(server.captured(), lanes, frames=played)


@pytest.mark.parametrize(
    "burden",
    [None, *(pytest.param(each, marks=[pytest.mark.long] * (each != "window")) for each in BURDENS)],
)
def test_every_sample_is_accounted_for_while_the_machine_is_busy(server, burden):
    """One clean capture of three is asked for, and that the others' slips were counted."""
    for _ in range(3):
        player = Player()
        try:
            proof = capture_under(burden, player, server)
            counted = player.state.underflows
        finally:
            player.close()
        if not proof.odd:
            break
        assert counted
    assert not proof.odd
    assert proof.frames > RATE // 5
    assert proof.switches >= 1


def test_the_audio_process_knows_neither_qt_nor_scipy(player, server):
    started(player, server, unlike_lanes(1, 0.2, RATE))
    maps = Path(f"/proc/{player._host.link.pid}/maps").read_text()
    assert "libportaudio" in maps
    assert "Qt6" not in maps
    assert "shiboken" not in maps
    assert "site-packages/scipy/" not in maps


def test_lanes_at_another_rate_than_the_device_are_resampled_once_and_marked(server, monkeypatch):
    """PulseAudio takes any rate; here the audio process is told that the device does not."""
    player = Player()
    try:
        wait_for(lambda: not player.state.starting)
        player._host.facts.rates[16000] = RATE
        tone = Signal.of(0.5 * np.sin(2 * np.pi * 1000 * np.arange(8000) / 16000), 16000)
        started(player, server, [tone])
        to_the_end(player)
        assert player.state.resampled
        assert player.state.rate == RATE
        assert player.state.position == 8000
        time.sleep(0.2)
        captured = server.captured()[:, 0]
        at = int(np.flatnonzero(captured)[0])
        expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(24000) / RATE)
        assert np.abs(captured[at + 2000 : at + 22000] - expected[2000:22000]).max() < 1e-4
    finally:
        player.close()


@steadily
def test_half_speed_lets_the_pitch_fall_by_an_octave_and_keeps_the_clock(player, server):
    tone = Signal.of(0.5 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE), RATE)
    player.set_speed(0.5)
    started(player, server, [tone])
    wait_for_sound(player, lambda: player.state.position > RATE // 2)
    captured = server.captured()[:, 0]
    at = int(np.flatnonzero(captured)[0])
    part = captured[at + 4800 : at + 4800 + 24000]
    assert np.argmax(np.abs(np.fft.rfft(part))) * 2 == 500
    before, taken = player.state.position, len(server.captured())
    wait_for_sound(player, lambda: player.state.position > before + RATE // 10)
    moved, played = player.state.position - before, len(server.captured()) - taken
    assert moved == pytest.approx(played / 2, abs=RATE // 25)


@steadily
def test_only_what_was_lost_is_heard_on_request(player, server):
    lanes = unlike_lanes(1, 1.0, RATE)
    player.load(lanes)
    player.set_audible([(10000, 20000), (30000, 31000)])
    wait_for(lambda: player.state.rate)
    time.sleep(0.3)
    server.forget()
    player.play()
    to_the_end(player)
    time.sleep(0.2)
    captured, fade = server.captured()[:, 0], fade_frames(RATE, 5)
    at = int(np.flatnonzero(captured)[0]) - (10000 - fade)
    lane = lanes[0].samples[:, 0]
    assert np.array_equal(captured[at + 10000 : at + 20000], lane[10000:20000])
    assert np.array_equal(captured[at + 30000 : at + 31000], lane[30000:31000])
    assert not captured[at + 20000 + fade : at + 30000 - fade].any()


@steadily
def test_exchanging_a_lane_while_it_plays_changes_the_sound_without_a_stop(player, server):
    old, new = unlike_lanes(2, 3.0, RATE)
    started(player, server, [old])
    wait_for_sound(player, lambda: player.state.position > RATE // 2)
    player.replace(0, new)
    wait_for_sound(player, lambda: player.state.position > RATE + RATE // 2)
    played = player.state.position - RATE // 5
    proof = prove(server.captured(), [old, new], frames=played)
    assert not proof.odd
    assert proof.switches == 1


def test_a_stream_that_rests_costs_nothing_and_starts_again_at_once_and_softly(server, monkeypatch):
    audio_processes_with(monkeypatch, REST_SECONDS=0.5)
    player = Player()
    try:
        rests_and_goes_on(player, server)
    finally:
        player.close()


@steadily
def rests_and_goes_on(player, server):
    started(player, server, [Signal.of(np.full(RATE * 2, 0.5), RATE)])
    wait_for_sound(player, lambda: player.state.position > 1000)
    player.pause()
    asked = player._host.status

    def rests() -> bool:
        before = asked()["callbacks"]
        time.sleep(0.2)
        return asked()["callbacks"] == before

    def delay() -> float:
        server.forget()
        began = time.perf_counter()
        player.play()
        time.sleep(0.2)
        captured = server.captured()[:, 0]
        player.pause()
        assert np.abs(np.diff(captured)).max() < 0.5 * np.pi / 2 / fade_frames(RATE, 5) * 1.01
        return server.times_of([np.flatnonzero(captured)[0]])[0] - began

    def at_once() -> bool:
        wait_for(rests, what="the stream to rest")
        rested, *others = delay(), delay(), delay()
        return rested < 0.1 + min(others)

    assert any(at_once() for _ in range(3))  # a moment in which the machine stands still is forgiven


def test_the_shown_position_is_the_one_being_heard(player, server):
    """At any moment: what the card took last lies at the position shown, give or take the FIFO's 11 ms."""
    lanes = unlike_lanes(1, 2.0, RATE)
    started(player, server, lanes)
    wait_for_sound(player, lambda: player.state.position > RATE // 2)
    errors = []
    for _ in range(20):
        time.sleep(0.03)
        shown, taken = player.state.position, server.captured()[-1, 0]
        errors.append((shown - int(np.flatnonzero(lanes[0].samples[:, 0] == taken)[0])) / RATE)
    assert abs(float(np.median(errors))) < 0.04


def test_the_test_tone_sounds_on_its_side_only(player, server):
    wait_for(lambda: not player.state.starting)
    server.forget()
    player.test_tone("right")
    wait_for(lambda: np.abs(server.captured()).max(initial=0) > 0.05, what="the tone")
    time.sleep(0.3)
    captured = server.captured()
    assert not captured[:, 0].any()
    assert np.abs(captured[:, 1]).max() == pytest.approx(0.1, abs=0.001)


def test_devices_are_listed_and_remembered_by_name_and_host_api(player, server, home):
    wait_for(player.devices, what="devices")
    device = next(found for found in player.devices() if found.name == "default")
    assert device.host_api == "ALSA"
    player.choose(device)
    saved = (home / "config" / "sound.json").read_text()
    assert saved == '{"name": "default", "host_api": "ALSA"}'
    wait_for(lambda: player.state.device == "default (ALSA)")


def test_the_command_plays_files_and_switches(server, tmp_path, python):
    import soundfile

    lanes = unlike_lanes(2, 1.0, RATE)
    for index, lane in enumerate(lanes):
        soundfile.write(tmp_path / f"{index}.wav", lane.samples, RATE, subtype="FLOAT")
    server.forget()
    files = [str(tmp_path / "0.wav"), str(tmp_path / "1.wav")]
    done = subprocess.run(
        [python, "-m", "gaplisten", "play", *files, "--switch-every", "0.3", "--level", "off"],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    time.sleep(0.1)
    proof = prove(server.captured(), lanes, frames=RATE - fade_frames(RATE, 5))
    assert not proof.odd
    assert proof.switches in (2, 3)


def test_keys_in_the_terminal_switch_versions_and_end_the_command(server, tmp_path, python):
    import os
    import pty
    import select

    import soundfile

    lanes = unlike_lanes(2, 120.0, RATE)  # longer than the test takes, however busy the machine
    for index, lane in enumerate(lanes):
        soundfile.write(tmp_path / f"{index}.wav", lane.samples, RATE, subtype="FLOAT")
    terminal, inner = pty.openpty()
    server.forget()
    files = [str(tmp_path / f"{index}.wav") for index in range(2)]
    words = [python, "-m", "gaplisten", "play", *files, "--level", "off"]
    # As a shell does it: the terminal is the command's own.
    code = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
    code += "; os.execv(sys.argv[1], sys.argv[1:])"
    command = subprocess.Popen(
        [python, "-c", code, *words], stdin=inner, stdout=inner, stderr=inner, start_new_session=True
    )
    os.close(inner)
    shown = b""

    def see(text: bytes) -> None:
        nonlocal shown
        end = time.monotonic() + PATIENCE
        while text not in shown:
            assert time.monotonic() < end, shown[-300:]
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    shown += os.read(terminal, 4096)
                except OSError as error:  # the command has ended
                    raise AssertionError(shown[-300:]) from error

    try:
        see("0 0.wav   2 ⚠ 1.wav".encode())  # the two are noise of their own each
        see(b" s  0 0.wav")
        os.write(terminal, b"2")
        see(" s  2 ⚠ 1.wav".encode())
        time.sleep(0.5)  # the screen shows what is chosen, which is heard a moment later
        os.write(terminal, b" ")
        see(b"paused")
        os.write(terminal, b" 0")
        shown = b""
        see(b" s  0 0.wav")
        os.write(terminal, b"q")
        assert command.wait(PATIENCE) == 0
    finally:
        command.kill()
        os.close(terminal)
    heard = server.captured()[:, 0]
    for lane in lanes:
        assert np.isin(heard, lane.samples[:, 0]).sum() > RATE // 50


def test_a_server_without_a_card_that_is_slow_to_begin_is_waited_for():
    """PulseAudio's null sink plays up to two seconds of what it had rendered ahead, then goes on as usual."""
    with null_server(RATE):
        player = Player()
        try:
            player.load(unlike_lanes(1, 10.0, RATE))
            player.play()
            wait_for_sound(player, lambda: player.state.position > RATE, "a second of sound")
            assert player.state.playing
            assert not player.state.reason
        finally:
            player.close()


def test_nothing_is_left_behind(server):
    player = Player()
    player.load(unlike_lanes(2, 0.2, RATE))
    wait_for(lambda: player._host.ready)
    pid, blocks = (
        player._host.link.pid,
        {player._host._control.name, *(lane.block.name for lane in player._host.ready.lanes)},
    )
    player.close()
    assert not psutil.pid_exists(pid)
    assert not blocks & {path.name for path in Path("/dev/shm").iterdir()}
