"""The command `llm`, as it is installed, with nothing but its own configuration file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import RunningServer

MODELS = """
- model_id: echo
  model_name: scripted/echo
  api_base: {url}/v1
- model_id: error
  model_name: scripted/error
  api_base: {url}/v1
"""


def llm(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Its plugins stay out: the package with the bundled weights is one, and installed without what it needs.
    environment = {**os.environ, "LLM_USER_PATH": str(home), "LLM_LOAD_PLUGINS": "", "OPENAI_API_KEY": "any"}
    command = [sys.executable, "-m", "llm", *arguments]
    return subprocess.run(
        command, env=environment, input="", capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def home(server: RunningServer, tmp_path: Path) -> Path:
    (tmp_path / "extra-openai-models.yaml").write_text(MODELS.format(url=server.url))
    return tmp_path


def test_it_asks_and_goes_on_with_its_conversation(home: Path) -> None:
    first = llm(home, "--model", "echo", "--system", "Be brief.", "one two three")
    assert (first.stdout, first.stderr) == ("one two three\n", "")
    second = llm(home, "--continue", "--no-stream", "--usage", "four")
    assert second.stdout == "four\n"
    assert "9 input, 1 output" in second.stderr, "the model has the whole conversation"


def test_it_says_why_a_reply_broke_off(home: Path) -> None:
    failed = llm(home, "--model", "error", "hello")
    assert failed.returncode != 0
    assert failed.stdout.startswith("A ")
    assert "The scripted model failed, as it was asked to." in failed.stderr
