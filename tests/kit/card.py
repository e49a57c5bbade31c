"""The sound card of the tests: takes samples from a FIFO at the pace of the clock and keeps them.

A process of its own, so that nothing that goes on in the tests holds it up; needs the standard library only.
Arguments: FIFO, file for the samples, file for the times, bytes per frame, rate, capacity of the FIFO.
"""

import fcntl
import os
import struct
import sys
import time
from contextlib import suppress

F_SETPIPE_SZ = 1031


def main() -> None:
    fifo, samples, times = sys.argv[1:4]
    frame, rate, capacity = map(int, sys.argv[4:7])
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -19)
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(20))
    source = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(source, F_SETPIPE_SZ, capacity)
    parent, began, taken, total = os.getppid(), time.perf_counter(), 0, 0
    with open(samples, "wb", buffering=0) as out, open(times, "wb", buffering=0) as clock:
        while os.getppid() == parent:
            time.sleep(0.002)
            due = int((time.perf_counter() - began) * rate) * frame - taken
            if due < frame:
                continue
            if (
                due > 4 * capacity + rate * frame // 10
            ):  # it was stopped for a while, as a card that was pulled
                began, taken = time.perf_counter(), 0
                continue
            chunk = b""
            with suppress(BlockingIOError):
                chunk = os.read(source, due)
            if not chunk:
                # The server had nothing to give. A card goes on regardless; so does this clock.
                began, taken = time.perf_counter(), 0
                continue
            taken += len(chunk)
            total += len(chunk)
            out.write(chunk)
            clock.write(struct.pack("<dq", time.perf_counter(), total))


if __name__ == "__main__":
    main()
