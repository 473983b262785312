import asyncio
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from headwater import __version__
from headwater.cli import main
from headwater.data_folder import DataFolder
from headwater.storage.database import open_database, sqlite_url
from tests.running import running


def test_a_key_is_rotated_and_old_ones_can_be_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADWATER_DATA_DIR", str(tmp_path))
    (old,) = DataFolder(tmp_path).signing_keys()
    assert main(["rotate-key"]) == 0
    assert capsys.readouterr().out == "2 signing keys count from the next start on\n"
    kept, newest = DataFolder(tmp_path).signing_keys()
    assert kept == old
    assert main(["forget-old-keys"]) == 0
    assert capsys.readouterr().out == "1 signing key counts from the next start on\n"
    assert DataFolder(tmp_path).signing_keys() == (newest,)


def test_the_description_of_the_api_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi"]) == 0
    described = json.loads(capsys.readouterr().out)
    assert described["info"]["title"] == "Headwater"
    assert "Conversation" in described["components"]["schemas"]


def test_the_table_of_variables_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings"]) == 0
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()]
    assert {len(row) for row in rows[:1] + rows[2:]} == {4}
    assert ["| `HEADWATER_PORT`", "a whole number from 1 to 65535", "`8000`"] in [row[:3] for row in rows]
    assert ["| `HEADWATER_RATE_LIMIT`", "`100/minute`"] in [row[:3:2] for row in rows]
    assert sum("`HEADWATER_LOCAL_MODEL`" in row[0] for row in rows) == 1


def test_what_cannot_start_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADWATER_DATABASE_URL", "mysql://db")
    assert main(["rotate-key"]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("headwater: HEADWATER_DATABASE_URL takes")
    assert printed.count("\n") == 1


def test_what_clients_have_is_listed_and_removed_while_a_server_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path) as server, httpx.Client(base_url=server.url, timeout=20) as client:
        answered = client.post(
            "/api/chat",
            json={"message": "bergamot", "model": "scripted/echo"},
            headers={"Accept": "application/json"},
        )
        conversation = answered.json()["conversation"]
        monkeypatch.setenv("HEADWATER_DATA_DIR", str(tmp_path / "data"))
        assert main(["clients"]) == 0
        heads, row = capsys.readouterr().out.splitlines()
        assert heads.split() == ["client", "conversations", "messages", "bytes", "last", "used"]
        name, *figures, _ = row.split()
        assert figures == ["1", "2", "16"]
        with client.stream("GET", "/api/chat?message=bergamot&model=scripted/stall") as running_reply:
            next(running_reply.iter_lines())
            assert main(["delete-client", name]) == 0
            assert capsys.readouterr().out == f"removed 2 conversations of {name}\n"
            assert client.get("/api/conversations").json()["conversations"] == []
            assert client.get(f"/api/conversations/{conversation}").status_code == 404
        server.stop()
        assert "Traceback" not in server.log
    assert main(["clients"]) == 0
    assert capsys.readouterr().out == "no conversations are stored\n"
    files = [file.read_bytes() for file in (tmp_path / "data").iterdir() if "headwater.db" in file.name]
    assert not any(b"bergamot" in content for content in files)


def test_a_client_that_does_not_exist_is_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADWATER_DATA_DIR", str(tmp_path))

    async def create() -> None:
        async with open_database(sqlite_url(DataFolder(tmp_path).database)):
            pass

    asyncio.run(create())
    assert main(["delete-client", "client_x"]) == 2
    assert (
        capsys.readouterr().err == "headwater: there is no client 'client_x'; `headwater clients` lists all\n"
    )


@pytest.mark.parametrize("command", ["clients", "delete-client x", "rotate-key", "forget-old-keys"])
@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("variable", ["HEADWATER_DATA_DIR", "HEADWATER_DATABASE_URL"])
def test_only_a_server_creates_what_a_variable_leads_to(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    variable: str,
    exists: bool,
) -> None:
    folder = tmp_path / "mistyped"
    monkeypatch.setenv("HEADWATER_DATA_DIR", str(folder))
    if variable == "HEADWATER_DATABASE_URL":
        monkeypatch.setenv(variable, f"sqlite:///{folder}/file.db")
    if exists:
        folder.mkdir()
    assert main(command.split()) == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert str(folder) in printed
    assert (variable if "client" in command else "HEADWATER_DATA_DIR") in printed
    assert [path for path in tmp_path.rglob("*") if path != folder] == []
    assert folder.exists() == exists


@pytest.mark.parametrize(
    "command", [[sys.executable, "-m", "headwater"], [Path(sys.executable).with_name("headwater")]]
)
def test_it_is_a_command_and_a_module(command: list[str]) -> None:
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == f"headwater {__version__}\n"
