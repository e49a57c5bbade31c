"""Memory that two processes see: it goes when nobody has it any more, and never from under anybody."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gaplisten.playback import shared
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


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int64])
@pytest.mark.parametrize("bytes_", [1, 4096, 4097, 10 * 4096 + 8, 50_000])
def test_touching_a_view_reads_a_word_of_every_page(dtype, bytes_, monkeypatch):
    size = -(-bytes_ // np.dtype(dtype).itemsize)
    block = Block(size * np.dtype(dtype).itemsize)
    view = View(block.name, dtype, (size,))
    read = set()

    class Watched:
        itemsize, size = np.dtype(dtype).itemsize, view.array.size

        def reshape(self, _shape):
            return self

        def __getitem__(self, some):
            read.update(at * self.itemsize // 4096 for at in range(*some.indices(self.size)))
            return held[0][some]

    held = [view.array]
    monkeypatch.setattr(view, "array", Watched())
    monkeypatch.setattr(shared, "_AT_ONCE", 16 * 1024)
    view.touch()
    assert read == set(range(-(-size * np.dtype(dtype).itemsize // 4096)))
    monkeypatch.undo()
    held.clear()
    view.close()
    block.remove()
