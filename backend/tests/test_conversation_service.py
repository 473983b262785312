import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

from headwater.conversation_service import ConversationService
from headwater.conversations.model import Conversation
from headwater.live.changes import MemoryChangeFeed
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import open_database, sqlite_url
from headwater.storage.search import SearchRepository
from headwater.storage.shares import ShareRepository
from tests.building import ME, new_replies
from tests.replies.test_service import ask


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
