"""An installed wheel works from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kit.timing import PATIENCE

pytestmark = pytest.mark.xdist_group("wheel")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the back end that is installed, so that no network is needed."""
    pytest.importorskip("hatchling", reason="hatchling builds the wheel; it is not installed")
    out = tmp_path_factory.mktemp("wheel")
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", build, str(out)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the wheel into a folder of its own; a wheel is installed by unpacking it."""
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def in_wheel(site: Path, code: str, folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_carries_plugins_demo_and_scales(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "gaplisten/_bundled/plugins/zero_fill.py" in names
    assert "gaplisten/_bundled/resources/demo/clean/demo1.flac" in names
    assert any(name.startswith("gaplisten/_bundled/resources/languages/") for name in names)
    assert "gaplisten/py.typed" in names


def test_the_wheel_finds_its_own_plugins_and_resources(installed: Path, tmp_path: Path) -> None:
    code = "from gaplisten import folders; print(folders.bundled_plugins()); print(folders.resources())"
    plugins, resources = in_wheel(installed, code, tmp_path).split()
    assert Path(plugins) == installed / "gaplisten/_bundled/plugins"
    assert Path(resources) == installed / "gaplisten/_bundled/resources"


def test_the_wheel_conceals_the_demo_from_any_folder(installed: Path, tmp_path: Path) -> None:
    code = (
        "from gaplisten import cli, folders; lossy = folders.resources() / 'demo/lossy_signals/demo1.flac';"
        "raise SystemExit(cli.main(['conceal', str(lossy), '--concealer', 'repeat_fade', '--out', 'out']))"
    )
    in_wheel(installed, code, tmp_path)
    assert (tmp_path / "out/demo1.flac").is_file()
