"""What tests of several commands share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gaplisten.concealers.catalogue import Catalogue


@pytest.fixture(scope="session")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the memory of a scan of all plugins."""
    home = tmp_path_factory.mktemp("known")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAPLISTEN_HOME", str(home))
        Catalogue.scan()
    return home / "cache" / "concealers.json"


@pytest.fixture
def plugins_known(scanned: Path, home: Path) -> None:
    """Put that memory into the test's home, so that not every test describes all plugins anew."""
    (home / "cache").mkdir(parents=True)
    shutil.copy(scanned, home / "cache")
