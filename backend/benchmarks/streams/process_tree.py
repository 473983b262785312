"""What a process and its children have used, processor time and memory, and how busy a core was."""

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


def descendant(name: str) -> int:
    """The first process of this name that this one has started, or one of those."""
    return next(
        pid for pid in processes(os.getpid()) if Path(f"/proc/{pid}/comm").read_text().strip() == name
    )


def cpu_seconds(pid: int) -> float:
    """The processor time of a process and its children so far, including children that have ended."""
    ticks = 0
    for each in processes(pid):
        fields = Path(f"/proc/{each}/stat").read_text("utf-8").rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


def core_seconds(core: int) -> float:
    """How long a core has been at work so far, whoever for; what the host took from it counts too."""
    for line in Path("/proc/stat").read_text("ascii").splitlines():
        name, *fields = line.split()
        if name == f"cpu{core}":
            user, nice, system, _, _, irq, softirq, steal, *_ = map(int, fields)
            return (user + nice + system + irq + softirq + steal) / TICKS
    raise ValueError(f"there is no core {core}")


def memory_kib(pid: int) -> int:
    """The proportional set size: shared pages count once, however many processes share them."""
    size = 0
    for each in processes(pid):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                size += int(line.split()[1])
    return size
