"""When and on what something was measured."""

import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.streams.cores import Cores


def describe_machine(cores: Cores) -> dict[str, Any]:
    """The date, the processor, the cores of either side, and the system."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "server_cores": 1,
        "other_cores": len(cores.others),
        "are_siblings": cores.are_siblings,
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": sys.version.split()[0],
    }


def _processor() -> str:
    """The processor's name. Virtual machines and ARM may not say it; then its architecture."""
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
