"""The signing keys of several servers on one PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from headwater.data_folder import DataFolder
from headwater.identity.identify import Identifier
from headwater.identity.postgresql import signing_keys
from headwater.identity.postgresql.signing_keys import PostgresqlSecrets
from headwater.identity.signing_keys import Keys, new_secrets, newest_key, with_new_key
from headwater.storage.database import Database, DatabaseError, open_database
from tests.postgresql import new_database


@pytest.fixture
async def database(postgresql_url: URL, postgresql_template: str) -> AsyncIterator[Database]:
    async with (
        new_database(postgresql_url, postgresql_template) as url,
        open_database(url) as database,
    ):
        yield database


def token_of(identifier: Identifier) -> str:
    token = identifier.identify({}, {}, "192.0.2.7").token
    assert token is not None
    return token


def accepts(keys: Keys, token: str) -> bool:
    return Identifier(keys)._verify(token) is not None


async def test_servers_that_start_at_once_agree(database: Database) -> None:
    loaded = await asyncio.gather(*(PostgresqlSecrets(database, new_secrets).load() for _ in range(8)))
    assert len(set(loaded)) == 1
    (secrets,) = set(loaded)
    assert [len(key) for key in secrets.signing_keys] == [64]
    assert len(secrets.server_id) == 8


async def test_the_first_server_brings_the_keys_of_its_folder_and_the_others_take_them(
    database: Database, tmp_path: Path
) -> None:
    old, other = DataFolder(tmp_path / "old"), DataFolder(tmp_path / "other")
    await old.load()
    await old.change(with_new_key)
    kept = await old.load()
    await other.load()
    for folder in (old, other, DataFolder(tmp_path / "new")):
        assert await PostgresqlSecrets(database, folder.secrets).load() == kept
    assert not list((tmp_path / "new").iterdir())


async def test_a_new_key_is_accepted_at_once_and_signs_when_all_servers_know_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = PostgresqlSecrets(database, new_secrets)
    (old,) = (await secrets.load()).signing_keys
    assert await secrets.change(with_new_key) == 2
    new, signing = (await secrets.load()).signing_keys
    assert signing == old
    assert accepts((new, signing), token_of(Identifier([new])))
    monkeypatch.setattr(signing_keys, "SIGNS_AFTER", 0)
    assert (await secrets.load()).signing_keys == (old, new)
    monkeypatch.undo()
    assert await secrets.change(newest_key) == 1
    assert (await secrets.load()).signing_keys == (new,)


async def test_keys_that_are_changed_at_once_are_all_kept(database: Database) -> None:
    secrets = PostgresqlSecrets(database, new_secrets)
    await secrets.load()
    await asyncio.gather(*(secrets.change(with_new_key) for _ in range(4)))
    assert len(set((await secrets.load()).signing_keys)) == 5


async def test_keys_that_do_not_exist_are_not_changed(database: Database) -> None:
    with pytest.raises(DatabaseError, match="no signing keys"):
        await PostgresqlSecrets(database, new_secrets).change(with_new_key)
