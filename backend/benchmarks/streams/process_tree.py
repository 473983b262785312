"""What a process and its children have used: processor time and memory."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def processes(pid: int) -> list[int]:
    """The process and everything that it started."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text("ascii").split():
            found += processes(int(child))
    return found


def cpu_seconds(pid: int) -> float:
    """The processor time of a process and its children so far, including children that have ended."""
    ticks = 0
    for each in processes(pid):
        fields = Path(f"/proc/{each}/stat").read_text("utf-8").rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


def memory_kib(pid: int) -> int:
    """The proportional set size: shared pages count once, however many processes share them."""
    size = 0
    for each in processes(pid):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                size += int(line.split()[1])
    return size
