import asyncio
from collections.abc import Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from headwater import conversation_service
from headwater.conversation_service import ConversationService
from headwater.conversations.model import Conversation
from headwater.generation.kinds.text import Text
from headwater.live.changes import MemoryChangeFeed
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import open_database, sqlite_url
from headwater.storage.replies import ReplyRepository
from headwater.storage.search import SearchRepository
from headwater.storage.shares import ShareRepository
from headwater.storage.tables import pieces
from tests.building import ME, new_replies
from tests.replies.test_service import ask
from tests.storage.trees import COMPLETED, begun


class SlowToAnswer(ConversationRepository):
    """What it was asked to change is changed, but it never says so."""

    async def change(self, client: str, conversation: str, columns: Mapping[str, Any]) -> Conversation:
        await super().change(client, conversation, columns)
        self.changed.set()
        await asyncio.Event().wait()
        raise AssertionError

    changed: asyncio.Event


async def test_a_change_whose_client_left_before_the_answer_is_told_of(tmp_path: Path) -> None:
    async with open_database(sqlite_url(tmp_path / "headwater.db")) as database:
        changes, slow = MemoryChangeFeed(), SlowToAnswer(database)
        replies = new_replies(database)
        slow.changed = asyncio.Event()
        conversations = ConversationService(
            replies=replies,
            conversations=slow,
            search=SearchRepository(database),
            shares=ShareRepository(database),
            changes=changes,
        )
        reply = await replies.start(ME, ask("hello"))
        await replies.drain(5)
        async with aclosing(changes.listen("me", 20)) as told:
            assert await anext(told) == ()
            asking = asyncio.create_task(conversations.change("me", reply.conversation, {"title": "new"}))
            await slow.changed.wait()
            asking.cancel()
            assert await anext(told) == (reply.conversation,)
        assert (await slow.get("me", reply.conversation)).title == "new"


class SecondAtFirst(ConversationRepository):
    """Of a server that becomes the first one after two looks."""

    looks = 0

    @property
    def are_ours_to_purge(self) -> bool:
        self.looks += 1
        return self.looks > 2

    async def purge(self, before: int) -> int:
        assert self.looks > 2
        return await super().purge(before)


async def test_the_first_server_removes_what_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation_service, "PURGE_EVERY", 0)
    async with open_database(sqlite_url(tmp_path / "headwater.db")) as database:
        conversations = SecondAtFirst(database)
        service = ConversationService(
            replies=new_replies(database),
            conversations=conversations,
            search=SearchRepository(database),
            shares=ShareRepository(database),
            changes=MemoryChangeFeed(),
        )
        _, _, reply = await begun(conversations, "me")
        await ReplyRepository(database).close(reply.generation, [Text("one")], COMPLETED)
        left = insert(pieces).values(generation=reply.generation, at=0, parts=[], shape=b"")
        await database.write(lambda connection: connection.execute(left).close())
        purging = asyncio.create_task(service.purge(0))
        async with asyncio.timeout(20):
            while await database.read(lambda connection: connection.execute(select(pieces)).all()):
                assert not purging.done()
        purging.cancel()
        with suppress(asyncio.CancelledError):
            await purging
