import json
from pathlib import Path

import pytest

from headwater.cli import main
from headwater.data_folder import DataFolder


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
    assert DataFolder(tmp_path).signing_keys() == [newest]


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
