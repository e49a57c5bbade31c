"""Playback through a real sound server: exactness, time to a switch, underflows under load, CPU.

python3 run.py bench playback [--quick]
python tests/benchmarks/bench_playback.py --minutes 10     the long variant by itself
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import psutil
from figures import Figure

from gaplisten.audio.level import active_level
from gaplisten.audio.signal import Signal
from gaplisten.playback.player import Player
from gaplisten.playback.process import REST_SECONDS
from kit.burden import all_burdens, busy_cores, busy_window
from kit.proof import prove, slips, unlike_lanes
from kit.pulse import missing, sound_server, wait_for
from kit.stalls import watching

RATE = 48000


def _player(lanes: list[Signal]) -> Player:
    player = Player()
    player.load(lanes)
    wait_for(lambda: player.state.rate, what="the stream")
    time.sleep(0.3)
    return player


def exactness(seconds: float) -> list[Figure]:
    """Switch at random; compare each captured sample outside the fades with the file's."""
    rng, lanes = random.Random(1), unlike_lanes(4, seconds + 5, RATE)
    with sound_server(RATE) as server:
        player = _player(lanes)
        server.forget()
        player.play()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(rng.uniform(0.03, 0.1))
            player.select(rng.randrange(4))
        played = player.state.position - RATE // 4
        player.close()
        proof = prove(server.captured(), lanes, frames=played)
    note = f"{proof.frames} samples, {proof.exact} exact, the rest the fades of {proof.switches} switches"
    return [Figure("captured samples unlike the file outside fades", len(proof.odd), "", 0, "<=", note)]


def switch_latency(count: int, *, busy: bool = False) -> list[Figure]:
    """Measure from the key's command to the first changed sample at the sound server's far end."""
    rng = random.Random(2)
    lanes = [Signal.of(np.full(RATE * 600 // 10, value), RATE) for value in (0.5, 0.25)]
    with ExitStack() as stack:
        server = stack.enter_context(sound_server(RATE))
        player = _player(lanes)
        if busy:  # a held interpreter would hold the key press itself
            stack.enter_context(busy_window())
            stack.enter_context(busy_cores())
            time.sleep(1.0)
        player.set_loop(0, lanes[0].frames)
        player.play()
        wait_for(lambda: player.state.position > RATE)
        server.forget()
        asked = []
        for index in range(count):
            time.sleep(rng.uniform(0.05, 0.09))
            asked.append(time.perf_counter())
            player.select((index + 1) % 2)
        time.sleep(0.4)
        captured = server.captured()[:, 0]
        player.close()
        steady = (captured == 0.5) | (captured == 0.25)
        changed = np.flatnonzero(steady[:-1] & ~steady[1:]) + 1
        when = server.times_of(changed)
    first = np.searchsorted(when, asked)
    delays = (when[np.minimum(first, len(when) - 1)] - np.array(asked)) * 1e3
    where = " with busy window and cores" if busy else ""
    note = f"{count} switches; 11 ms of it wait in the test's FIFO"
    targets = (None, None) if busy else (30, 60)
    return [
        Figure(
            f"key press to changed sample, median{where}",
            float(np.median(delays)),
            "ms",
            targets[0],
            "<=",
            note,
        ),
        Figure(
            f"key press to changed sample, p99{where}", float(np.percentile(delays, 99)), "ms", targets[1]
        ),
    ]


def lost_device(count: int) -> list[Figure]:
    """Measure from the end of the sound server to the moment at which the player says so."""
    delays = []
    for _ in range(count):
        with sound_server(RATE) as server:
            player = _player([Signal.of(np.full(RATE * 20, 0.25), RATE)])
            player.play()
            wait_for(lambda player=player: player.state.position > RATE // 4)
            server.kill()
            began = time.perf_counter()
            wait_for(lambda player=player: player.state.reason)
            delays.append(time.perf_counter() - began)
            player.close()
    return [Figure("device pulled out to the message, worst", max(delays), "s", 2.0, "<=", f"{count} times")]


def underflows(minutes: float) -> list[Figure]:
    """Play and switch for long while everything else is busy; count underflows and what they leave."""
    rng, lanes = random.Random(3), unlike_lanes(3, 10.0, RATE)
    with sound_server(RATE, channels=1) as server:
        player = _player(lanes)
        player.set_loop(0, lanes[0].frames)
        before, loads, risen = player.state.underflows, [], []
        with watching() as stalls, all_burdens():
            server.forget()
            player.play()
            end = time.monotonic() + 60 * minutes
            while time.monotonic() < end:
                time.sleep(rng.uniform(0.1, 0.6))
                player.select(rng.randrange(3))
                loads.append(psutil.getloadavg()[0])
                risen += [time.perf_counter()] * (player.state.underflows - before - len(risen))
            counted, last = player.state.underflows - before, player.state
            player.pause()
        time.sleep(0.3)
        player.close()
        captured = server.captured()[:, 0]
        heard = np.flatnonzero(captured)
        slipped = slips(captured[heard[0] : heard[-1]], lanes)
    note = f"{minutes:g} minutes of window, cores, held interpreter and garbage on {psutil.cpu_count()} cores"
    note += f"; load {np.median(loads):.1f} in the middle"
    own = sum(not stalls.explain(moment, 2.0) for moment in risen)
    still = f"{len(stalls.when)} times a real-time process that only sleeps was held up for over 20 ms"
    if last.restarts:
        note += f"; restarts: {last.restarts}"
    return [
        Figure("underflows under all burdens", counted, "", 0, "<=", note),
        Figure("of these, not while the machine itself stood still", own, "", 0, "<=", still),
        Figure("slips of the captured position under all burdens", slipped, "", 0, "<="),
    ]


def _share_of_a_core(process: psutil.Process, seconds: float, meanwhile: Callable[[], None]) -> float:
    before, began = process.cpu_times(), time.perf_counter()
    while time.perf_counter() < began + seconds:
        time.sleep(0.25)
        meanwhile()
    used, passed = process.cpu_times(), time.perf_counter() - began
    return 100 * (used.user + used.system - before.user - before.system) / passed


def cpu(seconds: float) -> list[Figure]:
    """Measure the audio process while it plays 8 stereo lanes at 48 kHz, and while it is paused for long."""
    lanes = unlike_lanes(8, 10.0, RATE, channels=2)
    with sound_server(RATE):
        player = _player(lanes)
        player.set_loop(0, lanes[0].frames)
        player.play()
        time.sleep(1.0)
        process = psutil.Process(player._host.link.pid)
        playing = _share_of_a_core(process, seconds, lambda: player.select(int(time.monotonic() * 4) % 8))
        player.pause()
        time.sleep(REST_SECONDS + 0.5)
        paused = _share_of_a_core(process, seconds / 2, lambda: None)
        player.close()
    note = f"load {psutil.getloadavg()[0]:.1f}: other work on the machine makes each wake-up dearer"
    return [
        Figure("CPU of the audio process, 8 lanes, 48 kHz stereo", playing, "%", 3, "<=", note),
        Figure("CPU of the audio process, paused", paused, "%"),
    ]


def levels() -> list[Figure]:
    """Compare the active level with that of the ITU's voltmeter: levels, pauses, noise."""
    from kit.voltmeter import VALUES, spoken

    worst = max(abs(active_level(spoken(*made), made[0]).dbov - dbov) for *made, dbov in VALUES)
    note = f"{len(VALUES)} signals; values from the arithmetic of the Software Tool Library's voltmeter"
    return [Figure("P.56 active level against the ITU's voltmeter", worst, "dB", 0.1, "<=", note)]


def measure(quick: bool = False, minutes: float | None = None) -> list[Figure]:
    """Return all figures; quick ones take half a minute, the others minutes."""
    figures = levels()
    if missing():
        print(f"the sound path is left out: {missing()}", file=sys.stderr)
        return figures
    figures += exactness(5 if quick else 20)
    figures += switch_latency(60 if quick else 300)
    figures += switch_latency(40 if quick else 100, busy=True)
    figures += lost_device(2 if quick else 10)
    figures += cpu(3 if quick else 20)
    return figures + underflows(minutes or (0.1 if quick else 10))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10.0)
    for figure in underflows(parser.parse_args().minutes):
        print(f"{figure.name:60} {figure.value:10.4g} {figure.unit} {figure.note}")
