"""The names by which a server is reached."""

import socket
from pathlib import Path

import httpx
import pytest

from headwater.server.hosts import Hosts
from tests.running import running


@pytest.mark.parametrize(
    ("host", "is_allowed"),
    [
        ("localhost", True),
        ("LOCALHOST:8000", True),
        ("localhost.", True),
        ("app.localhost:8443", True),
        ("127.0.0.1:8000", True),
        ("192.168.1.20", True),
        ("[::1]:8000", True),
        ("[fe80::1]", True),
        (socket.gethostname(), True),
        (f"{socket.gethostname()}.local", True),
        ("chat.example.org", True),
        ("Chat.Example.org:443", True),
        ("one.example.net", True),
        ("two.one.example.net", True),
        ("example.net", False),
        ("evil.example", False),
        ("chat.example.org.evil.example", False),
        ("evil.example:80@127.0.0.1", True),
        ("127.0.0.1.evil.example", False),
        ("", False),
        ("[", False),
    ],
)
def test_which_names_are_ours(host: str, is_allowed: bool) -> None:
    assert Hosts(["chat.example.org", "*.example.net"]).allow(host) == is_allowed


def test_a_rebound_name_is_refused_with_the_variable_that_would_allow_it(tmp_path: Path) -> None:
    with running(tmp_path, HEADWATER_ALLOWED_HOSTS="chat.example.org") as server:

        def get(path: str, host: str) -> httpx.Response:
            return httpx.get(server.url + path, headers={"Host": host})

        for path in ("/", "/api/conversations", "/v1/models", "/headwater.v1.ChatService/Chat"):
            refused = get(path, "evil.example")
            assert refused.status_code == 403
            assert refused.json()["code"] == "forbidden"
            assert "HEADWATER_ALLOWED_HOSTS" in refused.json()["detail"]
        assert get("/api/conversations", "chat.example.org").status_code == 200
        handshake = {"Host": "evil.example", "Connection": "Upgrade", "Upgrade": "websocket"}
        handshake |= {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version": "13"}
        refused = httpx.get(f"{server.url}/api/ws", headers=handshake)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert get("/healthz", "evil.example").status_code == 200


def test_a_trusted_proxy_says_the_name(tmp_path: Path) -> None:
    with running(tmp_path, HEADWATER_TRUSTED_PROXIES="1") as server:
        answer = httpx.get(f"{server.url}/api/conversations", headers={"Host": "chat.example.org"})
        assert answer.status_code == 200
