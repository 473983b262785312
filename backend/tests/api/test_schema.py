"""The schema says what the server takes: schemathesis sends it what is valid, and what is not."""

import re
import subprocess
import sys
from pathlib import Path

from tests.running import inherited_environment, running

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
BACKEND = CONFIGURATION.parents[2]
SHORT = "0.01"
"""Seconds, because a valid script may make a reply wait for an hour."""


def test_the_server_takes_what_its_schema_describes_and_refuses_the_rest(tmp_path: Path) -> None:
    with running(
        tmp_path,
        HEADWATER_HEARTBEAT="0.1",
        HEADWATER_FIRST_TOKEN_TIMEOUT=SHORT,
        HEADWATER_IDLE_TIMEOUT=SHORT,
        HEADWATER_TOTAL_TIMEOUT=SHORT,
    ) as server:
        command = ["schemathesis.cli", "--config-file", str(CONFIGURATION), "run", "--phases", "coverage"]
        finished = subprocess.run(
            [sys.executable, "-m", *command, "--checks", "all", f"{server.url}/openapi.json"],
            cwd=BACKEND,
            env={**inherited_environment(), "HEADWATER_URL": server.url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    assert finished.returncode == 0, finished.stdout
    ((generated, passed),) = re.findall(r"(\d+) generated, (\d+) passed", finished.stdout)
    assert 500 < int(generated) == int(passed), finished.stdout
