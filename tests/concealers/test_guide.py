"""The examples in docs/concealers.md do what the text around them says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from concealers.plugin_folder import entry_of, losses, noise
from gaplisten.concealers.audit import audit
from gaplisten.concealers.runner import Runner

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "concealers.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("number", [0, 1], ids=["streaming", "whole file"])
def test_each_form_has_an_example_of_ten_lines_that_conceals(tmp_path: Path, number: int) -> None:
    text = EXAMPLES[number]
    assert len(text.strip().splitlines()) <= 10
    entry = entry_of(tmp_path, "example", text)
    assert entry.form == ("streaming", "whole_file")[number]
    sound = noise()
    trace = losses(sound)
    with Runner(workers=1) as runner:
        made = runner.submit(entry, {"gain": 0.25}, sound, trace).result(30)
    assert made.altered_received == 0.0
    assert np.array_equal(made.signal.samples[960:1280], sound.samples[640:960] * np.float32(0.25))
    assert np.array_equal(made.signal.samples[1280:1600], sound.samples[640:960] * np.float32(0.0625))


def test_every_example_passes_its_audit(tmp_path: Path) -> None:
    assert len(EXAMPLES) == 3
    for number, text in enumerate(EXAMPLES):
        found = audit(entry_of(tmp_path, f"example{number}", text), {}, noise(1.0))
        assert found.honest, found.lies
        assert found.finding("look-ahead").measured == 0.0


def test_the_parameters_example_is_described_as_the_text_says(tmp_path: Path) -> None:
    entry = entry_of(tmp_path, "shaped", EXAMPLES[2])
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
