"""Memory that two processes see: it goes when nobody has it any more, and never from under anybody."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gaplisten.playback.shared import Block, View
from kit.timing import PATIENCE

_READ_ON = """
import numpy as np
from gaplisten.playback.shared import Block, View
block = Block(8 * 4096)
mine = block.array(np.int64, (4096,))
mine[:] = 7
view = View(block.name, np.int64, (4096,))
theirs = view.array
closed = view.close()
block.remove()
del block, view
print(closed, int(mine.sum() + theirs.sum()))
"""


def test_who_still_has_an_array_of_removed_memory_reads_on(tmp_path):
    done = subprocess.run([sys.executable, "-c", _READ_ON], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"False {2 * 7 * 4096}\n", "")


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no /proc")
def test_memory_is_unmapped_and_its_descriptor_closed_with_the_last_array_of_it():
    before = len(os.listdir("/proc/self/fd"))
    block = Block(4096)
    array, name = block.array(np.uint8, (4096,)), block.name
    block.remove()
    assert name in Path("/proc/self/maps").read_text()
    del block, array
    assert name not in Path("/proc/self/maps").read_text()
    assert len(os.listdir("/proc/self/fd")) <= before + 1  # the tracker of forgotten memory, if it was new


def test_a_view_that_nobody_holds_is_closed():
    block = Block(4096)
    view = View(block.name, np.uint8, (4096,))
    assert view.close()
    block.remove()
