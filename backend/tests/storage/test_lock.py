from pathlib import Path

import pytest

from headwater.storage import lock
from headwater.storage.database import DatabaseError, open_database, sqlite_url
from tests.running import RunningServer


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "LOCK_TIMEOUT", 0.05)


async def test_a_file_is_one_servers_at_a_time(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "headwater.db")
    async with open_database(url, to_serve=True):
        with pytest.raises(DatabaseError, match="another Headwater server works on this database"):
            async with open_database(url, to_serve=True):
                pass
        async with open_database(url):
            pass  # whoever only looks is not kept away
    async with open_database(url, to_serve=True):
        pass


async def test_a_server_that_was_killed_has_given_its_database_up(tmp_path: Path) -> None:
    server = RunningServer(tmp_path).wait_until_ready()
    url = sqlite_url(tmp_path / "data" / "headwater.db")
    with pytest.raises(DatabaseError, match="another Headwater server"):
        async with open_database(url, to_serve=True):
            pass
    server.process.kill()
    server.process.wait()
    async with open_database(url, to_serve=True):
        pass
    server.stop()
