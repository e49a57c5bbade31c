"""The examples in docs/concealers.md do what the text around them says."""

from __future__ import annotations

import ctypes.util
import os
import re
from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.concealers.audit import audit
from gaplisten.concealers.cache import Cache
from gaplisten.concealers.request import Concealed
from gaplisten.concealers.runner import Runner
from kit.plugin_folder import bundled, entry_of, losses, noise
from kit.plugin_speech import quality, speech
from kit.timing import PATIENCE

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "concealers.md"
DESCRIPTIONS = re.findall(r"```toml\n(model = .*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


STREAMING, WHOLE_FILE, CODEC, PARAMETERS = EXAMPLES


@pytest.mark.parametrize("number", [0, 1], ids=["streaming", "whole file"])
def test_each_form_has_an_example_of_ten_lines_that_conceals(tmp_path: Path, number: int) -> None:
    text = EXAMPLES[number]
    assert len(text.strip().splitlines()) <= 10
    entry = entry_of(tmp_path, "example", text)
    assert entry.form == ("streaming", "whole_file")[number]
    sound = noise()
    trace = losses(sound)
    with Runner(workers=1) as runner:
        made = runner.submit(entry, {"gain": 0.25}, sound, trace).result(PATIENCE)
    assert made.altered_received == 0.0
    assert np.array_equal(made.signal.samples[960:1280], sound.samples[640:960] * np.float32(0.25))
    assert np.array_equal(made.signal.samples[1280:1600], sound.samples[640:960] * np.float32(0.0625))


def test_the_codec_s_example_is_short_and_loses_payloads_between_its_halves(tmp_path: Path) -> None:
    assert len(CODEC.strip().splitlines()) <= 30
    entry = entry_of(tmp_path, "companded", CODEC)
    assert entry.form == "codec"
    sound = noise()
    trace = losses(sound)
    with Runner(workers=2) as runner:
        made = runner.submit(entry, {"fade": 0.25}, sound, trace, reference=sound).result(30)
        whole = runner.submit(entry, {"loss": "none"}, sound, trace, reference=sound).result(30)
    assert made.coding is not None
    assert (made.coding.kbit_s, made.coding.dropped) == (pytest.approx(128.0), 3)
    heard = made.signal.samples
    np.testing.assert_allclose(heard[960:1280], heard[640:960] * np.float32(0.25), rtol=1e-5)
    np.testing.assert_allclose(heard[1600:2880], sound.samples[1600:2880], atol=0.02)
    np.testing.assert_allclose(whole.signal.samples, sound.samples, atol=0.02)


def test_the_ilbc_example_codes_and_conceals(tmp_path: Path) -> None:
    """With the library named in GAPLISTEN_LIBILBC, else the system's."""
    library = os.environ.get("GAPLISTEN_LIBILBC") or ctypes.util.find_library("ilbc")
    (text,) = re.findall(r"```py\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    entry = entry_of(tmp_path, "ilbc", text)
    assert entry.form == "codec"
    if not library:
        assert "libilbc is missing" in entry.lacks
        pytest.skip("libilbc is not installed: set GAPLISTEN_LIBILBC to one")
    sound = Signal(speech(8000, 1.0)[:, None], 8000)
    energy = (sound.samples[: 40 * 160].reshape(40, 160)[10:] ** 2).sum(axis=1)
    loud = 10 + int(np.argmax(energy[:-1] * energy[1:]))
    trace = losses(sound, (loud,))
    with Runner(workers=2) as runner:
        made, whole = (
            runner.submit(entry, {"library": library, "loss": loss}, sound, trace, reference=sound).result(60)
            for loss in ("trace", "none")
        )
    assert made.coding is not None
    assert made.coding.kbit_s == pytest.approx(15.2)
    # Its filters move low voices by a millisecond against the rest.
    moved = (np.roll(whole.signal.samples, lag) for lag in range(-12, 13))
    assert max(quality(sound.samples[12:-12], each[12:-12]) for each in moved) > 2
    gap = slice(loud * 160, (loud + 1) * 160)
    energies = [float((each[gap] ** 2).sum()) for each in (sound.samples, made.signal.samples)]
    assert 0.2 < energies[1] / energies[0] < 2
    assert not np.array_equal(made.signal.samples[gap], whole.signal.samples[gap])


@pytest.mark.parametrize(
    ("seconds", "places"), [(1.0, 4), pytest.param(None, None, marks=pytest.mark.long)], ids=["short", "full"]
)
def test_every_example_passes_its_audit(tmp_path: Path, seconds: float | None, places: int | None) -> None:
    for number, text in enumerate(EXAMPLES):
        entry = entry_of(tmp_path, f"example{number}", text)
        found = audit(entry, {}, noise(1.0), seconds=seconds, disturbances=places)
        assert found.honest, found.lies
        assert found.finding("look-ahead").measured == 0.0


def test_the_parameters_example_is_described_as_the_text_says(tmp_path: Path) -> None:
    entry = entry_of(tmp_path, "shaped", PARAMETERS)
    told = {
        parameter.name: (parameter.type, parameter.range, parameter.unit) for parameter in entry.parameters
    }
    assert told == {
        "fade": ("float", ">= 0, <= 200", "ms"),
        "order": ("int", "> 0, < 65", ""),
        "window": ("choice", "hann, flat", ""),
        "mute": ("bool", "", ""),
        "model": ("path", "", ""),
    }


def conceal_with_onnx(description: Path, runner: Runner) -> Concealed:
    sound = noise(0.4)
    entry = bundled(description.parent, "onnx_frames")
    return runner.submit(entry, {"description": str(description)}, sound, losses(sound)).result(PATIENCE)


def test_the_baseline_s_description_runs_the_real_model(tmp_path: Path, real_clips: Path) -> None:
    pytest.importorskip("onnxruntime")
    model = real_clips / "nsnet2_plc_baseline" / "nsnetv2_converted.onnx"
    (tmp_path / model.name).symlink_to(model)
    (tmp_path / "nsnet2.toml").write_text(DESCRIPTIONS[0], encoding="utf-8")
    with Runner(workers=1) as runner:
        made = conceal_with_onnx(tmp_path / "nsnet2.toml", runner)
    received = noise(0.4).samples[320 * 11 : 320 * 18]
    assert np.allclose(made.signal.samples[320 * 11 : 320 * 18], received, atol=1e-5)
    assert made.signal.samples[320 * 3 : 320 * 5].any()
    assert made.delay_frames == 160


def test_the_packet_model_s_description_fits_such_a_model(tmp_path: Path) -> None:
    """It repeats the newest 400 frames that it is given where its mask says received."""
    pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    make = onnx.helper
    tensors = [("past", [1, 1, 2560]), ("mask", [1, 8])]
    inputs = [make.make_tensor_value_info(name, 1, shape) for name, shape in tensors]
    numbers = {"start": [1840], "stop": [2240], "axis": [2]}
    nodes = [
        make.make_node("Slice", ["past", *numbers], ["piece"]),
        make.make_node("ReduceMax", ["mask"], ["any"]),
        make.make_node("Mul", ["piece", "any"], ["next"]),
    ]
    outputs = [make.make_tensor_value_info("next", 1, [1, 1, 400])]
    constants = [make.make_tensor(name, 7, [1], value) for name, value in numbers.items()]
    graph = make.make_graph(nodes, "continue", inputs, outputs, constants)
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, tmp_path / "continue.onnx")
    (tmp_path / "c.toml").write_text(DESCRIPTIONS[1], encoding="utf-8")
    with Runner(workers=1, cache=Cache(tmp_path / "kept")) as runner:
        made = conceal_with_onnx(tmp_path / "c.toml", runner)
        assert conceal_with_onnx(tmp_path / "c.toml", runner).cached
        (tmp_path / "continue.onnx").touch()
        assert not conceal_with_onnx(tmp_path / "c.toml", runner).cached
    sound = noise(0.4).samples
    assert np.allclose(made.signal.samples[960:1280], sound[960 - 400 : 960 - 80], atol=1e-6)
    changed = np.flatnonzero((made.signal.samples != sound)[1600 : 320 * 9])
    assert changed.size > 0
    assert changed.max() < 80
