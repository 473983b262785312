"""The clients in docs/clients.md work as they stand there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from headwater_server import HeadwaterServer

DOCUMENT = Path(__file__).parents[2] / "docs" / "clients.md"
SOCKET_IO = Path(__file__).parents[2] / "frontend/node_modules/socket.io-client/dist/socket.io.min.js"
QUESTION = "Why do rivers bend?"
"""Every client asks this, and the scripted model repeats it."""


def clients(language: str) -> dict[str, str]:
    """The clients in one language, by their headings."""
    code = {}
    for section in DOCUMENT.read_text("utf-8").split("\n## ")[1:]:
        heading, _, rest = section.partition("\n")
        block = re.search(rf"^```{language}\n(.*?)^```$", rest, re.DOTALL | re.MULTILINE)
        if block is not None:
            code[heading] = block[1]
    return code


PYTHON, JAVASCRIPT = clients("python"), clients("js")


@pytest.fixture
def serving(server: HeadwaterServer) -> dict[str, int]:
    """Maps the documented addresses to the real ports."""
    return {"127.0.0.1:8000": server.http1_port, "127.0.0.1:50051": server.grpc_port}


def test_each_transport_has_its_clients() -> None:
    assert len(PYTHON) >= 5
    assert len(JAVASCRIPT) >= 5


@pytest.mark.parametrize("name", PYTHON)
def test_a_client_in_python_gets_the_whole_reply(serving: dict[str, int], name: str) -> None:
    code = PYTHON[name]
    for address, port in serving.items():
        code = code.replace(address, f"127.0.0.1:{port}")
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.stdout.strip(), ran.stderr, ran.returncode) == (QUESTION, "", 0)


@pytest.mark.parametrize("name", JAVASCRIPT)
def test_a_client_in_a_browser_gets_the_whole_reply(serving: dict[str, int], page: Page, name: str) -> None:
    page.add_init_script(path=SOCKET_IO)
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.goto(f"http://127.0.0.1:{serving['127.0.0.1:8000']}/healthz")
    page.evaluate("document.body.replaceChildren()")
    page.evaluate(f"async () => {{ {JAVASCRIPT[name]} }}")
    expect(page.locator("body")).to_have_text(QUESTION)
