"""What bounds the number of sockets of Socket.IO."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from headwater.api.socket_io import application as socket_io
from headwater.app import application
from headwater.data_folder import DataFolder
from headwater.settings import Settings
from tests.api.test_problems import check


async def test_a_server_has_so_many_sockets_open_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_io, "MAX_SOCKETS", 2)
    handshake = f"{socket_io.PATH}?EIO=4&transport=polling"
    async with application(Settings(local=False), DataFolder(tmp_path)) as built:
        app: Any = built.socket_io
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            assert [(await http.get(handshake)).status_code for _ in range(2)] == [200, 200]
            refused = await http.get(handshake)
            check(refused, 503, "overloaded")
            assert refused.headers["Retry-After"] == "2"
