"""Concealers that need something of others: a codec, a model, a program."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.concealers.runner import Runner
from gaplisten.loss.trace import LossTrace, apply_loss
from kit import harness
from kit.plugin_folder import QUICK, bundled, losses
from kit.plugin_speech import quality, speech
from kit.timing import PATIENCE, that_ends

NSNET2 = """
model = "nsnetv2_converted.onnx"
rate = 16000
domain = "stft"
window = 320
hop = 160
call = "always"
[input]
name = "input"
shape = [1, 1, 805]
features = ["log_power", "lost_left", "lost_right", "sin", "cos"]
[output]
name = "output"
features = ["magnitude", "sin", "cos"]
[states]
h01 = "hn1"
h02 = "hn2"
"""


@pytest.fixture
def nsnet2(real_clips: Path) -> Path:
    path = real_clips / "nsnet2_plc_baseline" / "nsnetv2_converted.onnx"
    if not path.is_file():
        pytest.skip("the challenge's baseline model is not there")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    return path


# --- the challenge's baseline


def test_the_baseline_says_which_file_it_wants(tmp_path: Path) -> None:
    module = harness.load("nsnet2_baseline")
    with pytest.raises(ValueError, match=r"no model is set.*microsoft/PLC-Challenge"):
        module.Nsnet2Baseline(16000, 320, 1)
    with pytest.raises(ValueError, match="is not there"):
        module.Nsnet2Baseline(16000, 320, 1, model=tmp_path / "none.onnx")
    (tmp_path / "pointer.onnx").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(ValueError, match=r"Git LFS pointer.*git lfs pull"):
        module.Nsnet2Baseline(16000, 320, 1, model=tmp_path / "pointer.onnx")
    (tmp_path / "noise.onnx").write_bytes(b"not a model at all")
    pytest.importorskip("onnxruntime")
    with pytest.raises(ValueError, match="cannot be read as an ONNX model"):
        module.Nsnet2Baseline(16000, 320, 1, model=tmp_path / "noise.onnx")


def test_the_baseline_changes_only_losses_and_the_10_ms_before_them(nsnet2: Path) -> None:
    module, signal = harness.load("nsnet2_baseline"), speech()[:8000]
    lost = np.zeros(25, bool)
    lost[[6, 14]] = True
    out = harness.conceal(module, signal, lost, 16000, 320, model=nsnet2)
    touched = np.abs(out - signal) > 1e-5
    allowed = np.repeat(lost, 320)
    allowed[:-160] |= allowed[160:].copy()
    assert touched[:1920].sum() > 0
    assert not touched[~allowed].any()


def test_the_baseline_described_as_any_onnx_model_is_the_baseline(nsnet2: Path, tmp_path: Path) -> None:
    shutil.copy(nsnet2, tmp_path)
    (tmp_path / "nsnet2.toml").write_text(NSNET2)
    signal, lost = speech()[:8000], harness.random_loss(25, 0.3, 2)
    one = harness.conceal(harness.load("nsnet2_baseline"), signal, lost, 16000, 320, model=nsnet2)
    two = harness.conceal(
        harness.load("onnx_frames"), signal, lost, 16000, 320, description=tmp_path / "nsnet2.toml"
    )
    np.testing.assert_allclose(one, two, atol=1e-5)


# --- described models


def make_model(folder: Path, units: int, unit: int, beyond: int = 0, **told: object) -> Path:
    """Write a model that repeats the unit before the one to fill, counts its calls, and its description."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from onnx import TensorProto, helper

    start = (units - 2) * unit
    floats = TensorProto.FLOAT
    nodes = [
        helper.make_node("Slice", ["x", "from", "to", "axis"], ["cut"]),
        helper.make_node("Concat", ["cut", "cut"], ["twice"], axis=1),
        helper.make_node("Slice", ["twice", "zero", "long", "axis"], ["longer"]),
        helper.make_node("ReduceMean", ["mask"], ["share"], keepdims=0),
        helper.make_node("Mul", ["longer", "share"], ["scaled"]),
        helper.make_node("Add", ["calls", "one"], ["calls_next"]),
        helper.make_node("Mul", ["scaled", "calls_next"], ["y"]),
    ]
    whole = {"from": start, "to": start + unit, "axis": 1, "zero": 0, "long": unit + beyond}
    constants = [helper.make_tensor(name, TensorProto.INT64, [1], [value]) for name, value in whole.items()]
    constants.append(helper.make_tensor("one", floats, [1], [1.0]))
    graph = helper.make_graph(
        nodes,
        "repeat",
        [
            helper.make_tensor_value_info("x", floats, [1, units * unit]),
            helper.make_tensor_value_info("mask", floats, [units]),
            helper.make_tensor_value_info("calls", floats, [1]),
        ],
        [
            helper.make_tensor_value_info("y", floats, [1, unit + beyond]),
            helper.make_tensor_value_info("calls_next", floats, [1]),
        ],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, folder / "repeat.onnx")
    text = {
        "model": "repeat.onnx",
        "rate": 16000,
        "domain": "packet",
        "input": {"name": "x", "shape": [1, -1], "context": units - 1},
        "mask": {"name": "mask", "shape": [-1]},
        "output": {"name": "y", "start": 0, "stop": unit + beyond},
        "states": {"calls": "calls_next"},
        **told,
    }
    (folder / "repeat.json").write_text(json.dumps(text))
    return folder / "repeat.json"


def test_a_packet_model_gets_context_mask_and_state_only_when_it_is_called(tmp_path: Path) -> None:
    description = make_model(tmp_path, 2, 320)
    signal = np.full(3200, 0.25, np.float32)
    lost = np.zeros(10, bool)
    lost[[3, 6]] = True
    out = harness.conceal(harness.load("onnx_frames"), signal, lost, 16000, 320, description=description)
    packets = out.reshape(10, 320)[:, 0]
    assert packets[3] == pytest.approx(0.25 * 0.5 * 1)  # half of the mask is lost, first call
    assert packets[6] == pytest.approx(0.25 * 0.5 * 2)  # second call: the state was carried
    np.testing.assert_array_equal(np.delete(packets, [3, 6]), np.float32(0.25))


def test_the_polarity_of_the_mask_can_be_turned(tmp_path: Path) -> None:
    description = make_model(tmp_path, 4, 320, lost_value=0)
    lost = np.zeros(10, bool)
    lost[5] = True
    signal = np.full(3200, 0.5, np.float32)
    out = harness.conceal(harness.load("onnx_frames"), signal, lost, 16000, 320, description=description)
    assert out[5 * 320] == pytest.approx(0.5 * 0.75)  # three of four were received


def test_calls_and_replacements_follow_their_policy(tmp_path: Path) -> None:
    lost = np.zeros(10, bool)
    lost[5] = True
    signal = np.full(3200, 0.5, np.float32)
    module = harness.load("onnx_frames")
    always = make_model(tmp_path, 2, 320, call="always")
    out = harness.conceal(module, signal, lost, 16000, 320, description=always)
    assert out[5 * 320] == pytest.approx(0.5 * 0.5 * 6)  # the sixth call, five of them for the state alone
    blind = make_model(tmp_path, 2, 320, call="always", replace="always", lost_value=0)
    out = harness.conceal(module, signal, lost, 16000, 320, description=blind)
    assert out[320] == pytest.approx(
        0.0
    )  # received packets are the model's too: silence came before the first


def test_what_lies_beyond_a_packet_is_blended_into_the_next(tmp_path: Path) -> None:
    description = make_model(tmp_path, 2, 320, beyond=80)
    signal = np.full(3200, 0.5, np.float32)
    lost = np.zeros(10, bool)
    lost[4] = True
    out = harness.conceal(harness.load("onnx_frames"), signal, lost, 16000, 320, description=description)
    blend = out[5 * 320 : 5 * 320 + 80]
    assert blend[0] == pytest.approx(0.25 + 0.25 / 81)
    assert (np.diff(blend) > 0).all()
    assert out[5 * 320 + 80] == 0.5


def test_hops_shorter_than_a_packet_and_hops_ahead_work(tmp_path: Path) -> None:
    told = {"domain": "hop", "hop": 160, "input": {"name": "x", "shape": [1, -1], "context": 2, "ahead": 1}}
    description = make_model(tmp_path, 4, 160, **told)
    module = harness.load("onnx_frames")
    assert module.OnnxFrames(16000, 320, 1, description=description).delay == 160
    lost = np.zeros(10, bool)
    lost[5] = True
    signal = np.full(3200, 0.5, np.float32)
    out = harness.conceal(module, signal, lost, 16000, 320, description=description)
    np.testing.assert_array_equal(out[: 5 * 320], signal[: 5 * 320])
    assert out[5 * 320] != 0.5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rate": "16 kHz"}, "rate is '16 kHz'; it is a whole number from 1000"),
        ({"domain": "hop", "hop": 0}, "hop is 0; it is a whole number from 1"),
        (
            {"input": {"name": "x", "shape": [-1], "ahead": -1}},
            r"\[input\] ahead is -1; it is a whole number",
        ),
        ({"domain": "wavelet"}, "domain is 'wavelet'; it may be packet, hop, stft"),
        ({"colour": 1}, "unknown colour"),
        ({"call": "never"}, "it may be always, lost, lost\\+1"),
        ({"model": "../x.onnx"}, "outside the description's folder"),
        ({"model": "none.onnx"}, "is not there"),
        ({"states": {"wrong": "calls_next"}}, "the model's inputs are"),
        ({"domain": "hop"}, "lacks hop"),
        ({"domain": "hop", "hop": 300}, "not a whole number of hops"),
        ({"output": {"name": "y", "stop": 100}}, "enlarge it"),
        ({"input": {"name": "x"}}, r"\[input\] lacks shape"),
        ({"lost_value": 3}, "lost_value is 3"),
        ({"states": ["calls"]}, r"states is \['calls'\]; it is a table"),
    ],
)
def test_a_wrong_description_is_answered_with_what_is_wrong(tmp_path: Path, change: dict, words: str) -> None:
    description = make_model(tmp_path, 2, 320, **change)
    with pytest.raises(ValueError, match=words):
        harness.load("onnx_frames").OnnxFrames(16000, 320, 1, description=description)


def test_a_clip_at_another_rate_is_brought_to_the_model_s_and_back(tmp_path: Path) -> None:
    description = make_model(tmp_path, 2, 320)
    time = np.arange(9600) / 48000
    sound = Signal.of(0.5 * np.sin(2 * np.pi * 200 * time), 48000)  # four periods in a packet
    lost = np.zeros(10, bool)
    lost[5] = True
    entry = bundled(tmp_path, "onnx_frames")
    with Runner(workers=1) as runner:
        settings = {"description": str(description)}
        made = runner.submit(entry, settings, sound, LossTrace.of_packets(lost, 960, 48000)).result(PATIENCE)
    assert (made.resampled, made.work_rate, made.signal.frames) == (True, 16000, 9600)
    # The model halves what its mask half says was received: away from the edges that is all there is to hear.
    np.testing.assert_allclose(made.signal.samples[4900:5660], sound.samples[4900:5660] / 2, atol=0.01)


def test_no_description_and_a_broken_one_are_told_apart(tmp_path: Path) -> None:
    plugin = harness.load("onnx_frames").OnnxFrames
    with pytest.raises(ValueError, match="no model is described"):
        plugin(16000, 320, 1)
    (tmp_path / "a.json").write_text("[1, 2]")
    with pytest.raises(ValueError, match="holds no table"):
        plugin(16000, 320, 1, description=tmp_path / "a.json")
    (tmp_path / "a.toml").write_text("rate = = 3")
    with pytest.raises(ValueError, match="cannot be read"):
        plugin(16000, 320, 1, description=tmp_path / "a.toml")
    description = make_model(tmp_path, 2, 320)
    (tmp_path / "repeat.onnx").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(ValueError, match="Git LFS pointer"):
        plugin(16000, 320, 1, description=description)


# --- programs


def program(folder: Path, text: str, arguments: str) -> str:
    path = folder / "program with space.py"
    path.write_text(text)
    return f"'{sys.executable}' '{path}' {arguments}"


def run(command: str, frames: int = 3300, **parameters: object) -> np.ndarray:
    lost = np.zeros(11, bool)
    lost[4] = True
    signal = speech()[4000 : 4000 + frames]
    return harness.conceal(
        harness.load("external_command"), signal, lost, 16000, 320, command=command, **parameters
    )


COPY = "import shutil, sys; shutil.copy(sys.argv[1], sys.argv[2])"


@pytest.mark.parametrize("ends", ["{in_wav} {out_wav}", "{in_raw} {out_raw}"])
def test_a_program_that_copies_gives_the_lossy_signal(tmp_path: Path, ends: str) -> None:
    out = run(program(tmp_path, COPY, ends))
    wanted = speech()[4000:7300].copy()
    wanted[1280:1600] = 0
    np.testing.assert_allclose(out, wanted, atol=1 / 65536)


def test_a_program_reads_the_trace_and_the_numbers(tmp_path: Path) -> None:
    text = """
import sys, struct
mask = open(sys.argv[1]).read().split()
values = [mask.index('1'), len(mask), mask.count('1'), *map(int, sys.argv[3:])]
open(sys.argv[2], 'wb').write(struct.pack('<7h', *(v % 32768 for v in values)) + bytes(2 * 3293))
"""
    out = run(program(tmp_path, text, "{mask_txt} {out_raw} {rate} {packet} {channels} {packet_ms}"))
    np.testing.assert_array_equal(np.round(out[:7] * 32768), [4, 11, 1, 16000, 320, 1, 20])


def test_the_trace_comes_in_the_forms_of_itu_tools(tmp_path: Path) -> None:
    text = """
import struct, sys
words, small, received = (open(name, 'rb').read() for name in sys.argv[2:5])
lost = [index for index, word in enumerate(struct.unpack('<11H', words)) if word == 0x6B20]
assert {*struct.unpack('<11H', words)} == {0x6B20, 0x6B21}, words
assert [index for index, byte in enumerate(small) if byte == 0x20] == lost and len(small) == 11
assert [index for index, line in enumerate(received.split()) if line == b'0'] == lost
open(sys.argv[1], 'wb').write(struct.pack('<3300h', *lost, *[0] * (3300 - len(lost))))
"""
    out = run(program(tmp_path, text, "{out_raw} {mask_g192} {mask_byte} {mask_received_txt}"))
    assert np.round(out[0] * 32768) == 4


def test_a_program_has_its_own_rate(tmp_path: Path) -> None:
    signal = Signal(speech()[4000:7200, None], 16000)
    trace = LossTrace.of_packets(np.arange(10) == 4, 320, 16000)
    text = "import sys; print(sys.argv[3]); open(sys.argv[2], 'wb').write(open(sys.argv[1], 'rb').read())"
    values = {
        "command": program(tmp_path, text, "{in_raw} {out_raw} {rate}") + " {packet}",
        "program_rate": 8000,
    }
    with Runner(workers=1) as runner:
        made = runner.submit(bundled(tmp_path, "external_command"), values, signal, trace).result(60)
    assert made.resampled
    assert made.work_rate == 8000
    assert made.signal.frames == 3200


# --- codecs of two programs


# 12 bits a sample; the lost frame is what the bitstream says it is.
G192_ENCODER = """
import sys
import numpy as np
x = np.frombuffer(open(sys.argv[1], 'rb').read(), '<i2').astype(int)
words = []
for frame in x.reshape(-1, int(sys.argv[3])):
    bits = ((frame[:, None] + 32768 >> 4 >> np.arange(12)) & 1).ravel()
    words += [0x6B21, bits.size, *np.where(bits, 0x81, 0x7F)]
data = np.array(words, '<u2')
open(sys.argv[2], 'wb').write((data.byteswap() if len(sys.argv) > 4 else data).tobytes())
"""
G192_DECODER = """
import sys
import numpy as np
words, frame, out = np.frombuffer(open(sys.argv[1], 'rb').read(), '<u2'), int(sys.argv[3]), []
while words.size:
    body, size = words[2:2 + words[1]], words[1]
    assert size == 12 * frame, size
    if words[0] == 0x6B20:
        assert not body.any()
        out.append(np.full(frame, 1000))
    else:
        out.append((((body == 0x81).reshape(frame, 12) << np.arange(12)).sum(1) << 4) - 32768)
    words = words[2 + size:]
data = np.concatenate([np.zeros(5, int), *out])[:-5]
open(sys.argv[2], 'wb').write(data.astype('<i2').tobytes())
"""
PAYLOAD_ENCODER = """
import sys, wave
sound = wave.open(sys.argv[1])
for index in range(int(sys.argv[3])):
    open(f"{sys.argv[2]}/{index:06d}.bin", "wb").write(sound.readframes(int(sys.argv[4])))
"""
PAYLOAD_DECODER = """
import os, sys, wave
out = wave.open(sys.argv[2], "wb")
out.setnchannels(1); out.setsampwidth(2); out.setframerate(16000)
for index in range(int(sys.argv[3])):
    path = f"{sys.argv[1]}/{index:06d}.bin"
    out.writeframes(open(path, "rb").read() if os.path.exists(path) else bytes(2 * int(sys.argv[4])))
"""


SPEECH, NONE_LOST = speech()[:3200], np.zeros(10, bool)


def two_programs(folder: Path, texts: tuple[str, str], ends: tuple[str, str]) -> dict[str, str]:
    commands = {}
    for which, text, end in zip(("encode_command", "decode_command"), texts, ends, strict=True):
        (folder / which).mkdir()
        commands[which] = program(folder / which, text, end)
    return commands


@pytest.mark.parametrize(("frame", "more"), [(0.0, ""), (10.0, ""), (0.0, " swapped")])
def test_a_g192_bitstream_lies_between_two_programs(tmp_path: Path, frame: float, more: str) -> None:
    size = round(16 * frame) or 320
    ends = (f"{{in_raw}} {{g192}} {size}{more}", f"{{g192}} {{out_raw}} {size}")
    commands = two_programs(tmp_path, (G192_ENCODER, G192_DECODER), ends)
    signal, lost = speech()[4000:7200], np.arange(10) == 4
    out = harness.code(
        harness.load("external_codec"), signal, lost, 16000, 320, frame=frame, delay=5, **commands
    )
    np.testing.assert_allclose(out[:1280], signal[:1280], atol=17 / 32768)
    np.testing.assert_allclose(out[1600:], signal[1600:], atol=17 / 32768)
    np.testing.assert_allclose(out[1280:1600] * 32768, 1000)


def test_one_file_a_packet_lies_between_two_programs_and_the_lost_ones_are_absent(tmp_path: Path) -> None:
    ends = ("{in_wav} {payloads} {packets} {packet}", "{payloads} {out_wav} {packets} {packet}")
    values = two_programs(tmp_path, (PAYLOAD_ENCODER, PAYLOAD_DECODER), ends)
    signal = Signal(speech()[4000:7200, None], 16000)
    trace = LossTrace.of_packets(np.arange(10) == 4, 320, 16000)
    with Runner(workers=2) as runner:
        entry = bundled(tmp_path, "external_codec")
        made = runner.submit(entry, values, apply_loss(signal, trace), trace, reference=signal).result(60)
    np.testing.assert_allclose(made.signal.samples, apply_loss(signal, trace).samples, atol=1 / 32768)
    assert made.coding is not None
    assert made.coding.kbit_s == pytest.approx(256.0)
    assert made.coding.dropped == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"encode_command": ""}, r"no command is set in `encode_command`; write one, for example: .*EVS_cod"),
        ({"decode_command": "dec {g192}"}, r"`decode_command` names neither \{out_wav\} nor \{out_raw\}"),
        ({"encode_command": "enc {in_raw} {out}"}, r"`encode_command` names \{g192\} or \{payloads\}"),
        ({"encode_command": "/no/such {in_raw} {g192}"}, "is not there; give the program's full path"),
        ({"frame": 15.0}, "no whole number of frames of 15 ms"),
    ],
)
def test_what_is_wrong_with_two_programs_is_said(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    ends = ("{in_raw} {g192} 320", "{g192} {out_raw} 320")
    values: dict[str, Any] = two_programs(tmp_path, (G192_ENCODER, G192_DECODER), ends)
    with pytest.raises(ValueError, match=words):
        harness.code(harness.load("external_codec"), SPEECH, NONE_LOST, 16000, 320, **{**values, **change})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import sys; open(sys.argv[2], 'wb').write(b'RIFF' * 50)", r"is no G\.192 bitstream \(word 0\)"),
        ("pass", "wrote no bitstream"),
        (
            G192_ENCODER.replace("reshape(-1, int(sys.argv[3]))", "reshape(-1, 320)[:3]"),
            "wrote 3 frames, 10 are",
        ),
    ],
)
def test_a_bitstream_that_does_not_fit_is_refused(tmp_path: Path, text: str, words: str) -> None:
    values = two_programs(tmp_path, (text, G192_DECODER), ("{in_raw} {g192} 320", "{g192} {out_raw} 320"))
    with pytest.raises(ValueError, match=words):
        harness.code(harness.load("external_codec"), SPEECH, NONE_LOST, 16000, 320, **values)


@pytest.mark.parametrize("sizes", [[0], [1], [8], [244], [15, 0, 8], [320, 7]])
def test_bits_come_out_of_payloads_as_they_went_in(sizes: list[int]) -> None:
    module = harness.load("external_codec")
    random = np.random.default_rng(1)
    frames = [random.integers(0, 2, size).astype(np.uint8) for size in sizes]
    found = module.unpack(module.pack(frames), len(sizes))
    assert [each.tolist() for each in found] == [each.tolist() for each in frames]


# --- hops that overlap


def overlapping(folder: Path) -> str:
    """Make a model that gives the last two of its three hops under a Hann window; return its description."""
    pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    make = onnx.helper
    numbers = {"start": [1], "stop": [3], "axis": [1]}
    constants = [make.make_tensor(name, 7, [1], value) for name, value in numbers.items()]
    constants.append(make.make_tensor("window", 1, [1, 2, 160], WINDOW.astype(np.float32)))
    nodes = [
        make.make_node("Slice", ["hops", *numbers], ["piece"]),
        make.make_node("Mul", ["piece", "window"], ["two"]),
    ]
    given = [make.make_tensor_value_info("hops", 1, [1, 3, 160])]
    made = [make.make_tensor_value_info("two", 1, [1, 2, 160])]
    graph = make.make_graph(nodes, "overlap", given, made, constants)
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, folder / "overlap.onnx")
    return (
        'model = "overlap.onnx"\nrate = 16000\ndomain = "hop"\nhop = 160\noverlap_add = true\n'
        '[input]\nname = "hops"\nshape = [1, 3, 160]\ncontext = 1\nahead = 1\n'
        '[output]\nname = "two"\nstop = 320\n'
    )


WINDOW = 0.5 - 0.5 * np.cos(np.pi * np.arange(320) / 160)


@pytest.mark.parametrize("call", ["", 'call = "always"\n'])
def test_answers_of_two_hops_are_added_up(tmp_path: Path, call: str) -> None:
    description = tmp_path / "overlap.toml"
    description.write_text(call + overlapping(tmp_path))
    signal, lost = speech()[4000:7200], np.arange(10) == 4
    out = harness.conceal(harness.load("onnx_frames"), signal, lost, 16000, 320, description=description)
    received = ~np.repeat(lost, 320)
    # Each sample lies under the falling half of one window and the rising half of the next: their sum is 1.
    np.testing.assert_allclose(out[received], signal[received], atol=1e-6)
    np.testing.assert_allclose(out[~received], 0, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('domain = "hop"', 'domain = "packet"'), "overlap_add is for domain hop"),
        (("overlap_add = true", 'overlap_add = true\nreplace = "always"'), "leave them out"),
        (("overlap_add = true", 'overlap_add = true\ncall = "lost+1"'), "leave them out"),
        (("ahead = 1", "ahead = 0"), "set .input. ahead to 1 or more"),
        (("stop = 320", "stop = 160"), "output slice has two hops, 320 frames"),
        (("rate = 16000", 'rate = 16000\nruntime = "torch"'), "runtime is 'torch'; it may be onnx, litert"),
        (('name = "two"', 'name = "three"'), "has no output three; it has two"),
        (('name = "two"\n', ""), ".output. lacks name"),
    ],
)
def test_a_wrong_description_of_overlapping_hops_is_answered(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    text = overlapping(tmp_path)
    assert change[0] in text
    (tmp_path / "hops.toml").write_text(text.replace(*change))
    with pytest.raises(ValueError, match=words):
        harness.load("onnx_frames").OnnxFrames(16000, 320, 1, description=tmp_path / "hops.toml")


@pytest.fixture
def tplcnet_model() -> Path:
    path = Path(os.environ.get("GAPLISTEN_TPLCNET", ""))
    if not path.is_file():
        pytest.skip("GAPLISTEN_TPLCNET does not name tPLCnet's TFLite file")
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")
    return path


def test_tplcnet_and_its_description_are_the_same(tmp_path: Path, tplcnet_model: Path) -> None:
    guide = (harness.PLUGINS.parent / "docs" / "concealers.md").read_text(encoding="utf-8")
    text = next(block for block in guide.split("```toml\n")[1:] if "overlap_add" in block).split("```")[0]
    (tmp_path / "tplcnet.toml").write_text(text)
    shutil.copy(tplcnet_model, tmp_path / "tPLCnet_s.tflite")
    signal, lost = speech(), harness.random_loss(30, 0.2, 1)
    own = harness.conceal(harness.load("tplcnet"), signal, lost, 16000, 320, model=tplcnet_model)
    told = harness.conceal(
        harness.load("onnx_frames"), signal, lost, 16000, 320, description=tmp_path / "tplcnet.toml"
    )
    np.testing.assert_allclose(told, own, atol=1e-5)
    gone = np.repeat(lost, 320)[: len(signal)]
    assert (own[gone] ** 2).mean() > 0.3 * (signal[gone] ** 2).mean()


def test_tplcnet_says_which_model_it_needs(tmp_path: Path) -> None:
    module = harness.load("tplcnet")
    with pytest.raises(ValueError, match=r"no model is set; download tPLCnet_s\.tflite .*breizhn/tPLCnet"):
        module.Tplcnet(16000, 320, 1)
    with pytest.raises(ValueError, match=r"11\.6.* ms is no whole number of tPLCnet's hops"):
        module.Tplcnet(16000, 186, 1)
    (tmp_path / "pointer.tflite").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(ValueError, match="Git LFS pointer"):
        module.Tplcnet(16000, 320, 1, model=tmp_path / "pointer.tflite")
    (tmp_path / "text.tflite").write_text("no model")
    with pytest.raises(ValueError, match=r"cannot be read as a TFLite model|ai-edge-litert is missing"):
        module.Tplcnet(16000, 320, 1, model=tmp_path / "text.tflite")


def test_a_mask_unit_of_10_ms_gives_two_lines_a_packet(tmp_path: Path) -> None:
    text = "import sys; print(open(sys.argv[1]).read(), file=sys.stderr); sys.exit(3)"
    with pytest.raises(ValueError, match="it wrote: ") as caught:
        run(program(tmp_path, text, "{mask_txt} {out_raw}"), mask_unit=10.0)
    lines = str(caught.value).split("it wrote: ")[1].split()
    assert [k for k, line in enumerate(lines) if line == "1"] == [8, 9]
    assert len(lines) == 22


def test_the_programs_delay_is_cut_and_a_frame_may_be_missing(tmp_path: Path) -> None:
    text = """
import sys
data = open(sys.argv[1], 'rb').read()
open(sys.argv[2], 'wb').write(bytes(2 * 80) + data[:-2 * 200])
"""
    out = run(program(tmp_path, text, "{in_raw} {out_raw}"), frames=3520, strip=80)
    np.testing.assert_allclose(out[:1280], speech()[4000:5280], atol=1 / 65536)
    assert not out[-200:].any()
    with pytest.raises(ValueError, match=r"gave 3020 frames.*wanted are 3520.*320 frames"):
        run(program(tmp_path, text, "{in_raw} {out_raw}"), frames=3520, strip=380)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import sys; sys.exit('the codec broke')", "ended with status 1; it wrote: the codec broke"),
        ("pass", "wrote no output to out.wav"),
        ("import sys; open(sys.argv[2], 'w').write('no wav')", "no WAV file that can be read"),
    ],
)
def test_a_program_that_fails_is_quoted(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        run(program(tmp_path, text, "{in_wav} {out_wav}"))


def test_a_program_that_hangs_is_stopped(tmp_path: Path) -> None:
    sleeper = program(tmp_path, "import time; time.sleep(1000)", "{in_wav} {out_wav}")
    with pytest.raises(ValueError, match="took longer than 1 s and was stopped"):
        that_ends(lambda: run(sleeper, timeout=1.0))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", "no command is set"),
        ("prog {in_wav}", "names neither"),
        ("prog {in_wav} {out_wav} {colour}", r"names \{colour\}; known are"),
        ("prog '{in_wav} {out_wav}", "check quotes"),
        ("/no/such/prog {in_wav} {out_wav}", "is not there; give the program's full path"),
    ],
)
def test_a_wrong_command_is_answered_with_what_is_wrong(command: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        run(command)


def test_nothing_of_a_command_reaches_a_shell(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    command = program(tmp_path, COPY, f"{{in_wav}} {{out_wav}} ; touch {mark} $(touch {mark})")
    run(command)
    assert not mark.exists()


def test_the_descriptions_in_the_guide_are_accepted(tmp_path: Path) -> None:
    guide = (harness.PLUGINS.parent / "docs" / "plugins.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in guide.split("```toml\n")[1:]]
    assert len(blocks) == 2
    for block in blocks:
        path = tmp_path / "model.toml"
        path.write_text(block, encoding="utf-8")
        assert harness.load("onnx_frames").read_description(path)["call"] in ("always", "lost")


def test_the_guides_example_of_two_real_coding_programs_does_what_it_says(tmp_path: Path) -> None:
    """It is equal to the bundled plugin of the same codec where nothing is lost, at the same bit rate."""
    for program in ("elc3", "dlc3"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian: liblc3-tools)")
    guide = Path(__file__).resolve().parents[2] / "docs" / "concealers.md"
    (text,) = re.findall(r"```py3\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    script = tmp_path / "lc3_files.py"
    script.write_text(text, encoding="utf-8")
    rest = "{payloads} {packet_ms} {packets}"
    commands = {
        "encode_command": f"{sys.executable} {script} encode {{in_wav}} {rest}",
        "decode_command": f"{sys.executable} {script} decode {{out_wav}} {rest}",
        "program_rate": 16000,
    }
    sound = Signal(speech(16000, 1.0)[:, None], 16000)
    trace = losses(sound, (20, 21, 33))
    with Runner(workers=2, limits=QUICK) as runner:
        made = runner.submit(bundled(tmp_path, "external_codec"), commands, sound, trace, reference=sound)
        heard = made.result(PATIENCE)
        whole = runner.submit(
            bundled(tmp_path, "external_codec"), {**commands, "loss": "none"}, sound, trace, reference=sound
        ).result(PATIENCE)
    assert heard.coding is not None
    assert (heard.coding.kbit_s, heard.coding.dropped) == (pytest.approx(32.0, rel=0.03), 3)
    assert quality(sound.samples, whole.signal.samples) > 8
    gap = slice(20 * 320, 22 * 320)
    assert np.square(heard.signal.samples[gap]).sum() < 0.7 * np.square(whole.signal.samples[gap]).sum()
    assert np.array_equal(heard.signal.samples[: 19 * 320], whole.signal.samples[: 19 * 320])
