import gc
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from pathlib import Path

import pytest

from headwater.asking import Ask
from headwater.chat import Chat
from headwater.conversations.changes import Changes
from headwater.conversations.database import Database, open_database, sqlite_url
from headwater.conversations.replies import ReplyRepository
from headwater.conversations.repository import ConversationRepository
from headwater.generation.provider import Delta, Prompt, Turn
from headwater.generations import Generations
from headwater.logs.memory import MemoryLog
from headwater.providers.catalogue import Catalogue
from headwater.providers.scripted import Fault, Script, ScriptedProvider
from tests.limits import chat_limits, run_limits

FAST = Script(tokens_per_second=1e6)


class Recording(ScriptedProvider):
    """Notes what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.prompts: list[Prompt] = []

    def generate(self, prompt: Prompt) -> AsyncGenerator[Sequence[Delta], None]:
        self.prompts.append(prompt)
        return super().generate(prompt)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(sqlite_url(tmp_path / "headwater.db")) as opened:
        yield opened


def new_chat(database: Database, provider: ScriptedProvider | None = None) -> Chat:
    return Chat(
        catalogue=Catalogue([provider or ScriptedProvider()]),
        conversations=ConversationRepository(database),
        replies=ReplyRepository(database),
        changes=Changes(),
        new_log=MemoryLog,
        limits=chat_limits(),
        run_limits=run_limits(),
    )


async def test_a_key_outlives_its_log_and_never_runs_its_reply_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = new_chat(database)
    monkeypatch.setattr(chat, "generations", Generations(capacity=1))
    ask = Ask("hello", model="scripted/echo", script=FAST)
    first = await chat.start("me", ask, "key")
    assert await chat.start("me", ask, "key") is first
    await chat.finished(first)
    id_, log = first.id, weakref.ref(first.log)
    del first
    for n in range(2):
        await chat.finished(await chat.start("me", ask, f"other {n}"))
    await chat.drain(5)
    gc.collect()
    assert log() is None
    chat.draining = False
    again = await chat.start("me", ask, "key")
    assert again.id == id_
    assert (await again.snapshot()).content.text == "hello"


async def test_a_drained_chat_has_nothing_running(database: Database) -> None:
    chat = new_chat(database)
    generation = await chat.start("me", Ask("hello", model="scripted/stall", script=FAST))
    await chat.drain(0)
    snapshot = await generation.snapshot()
    assert snapshot.outcome is not None
    assert chat.draining


async def test_a_reply_without_text_is_no_part_of_the_context(database: Database) -> None:
    """Model servers refuse an empty message."""
    provider = Recording()
    chat = new_chat(database, provider)
    fails = Script(faults=(Fault(0, "error"),))
    first = await chat.start("me", Ask("one", model="scripted/echo", system="Be brief.", script=fails))
    await chat.finished(first)
    ask = Ask("two", conversation=first.conversation, model="scripted/echo", script=FAST)
    await chat.finished(await chat.start("me", ask))
    assert provider.prompts[0].turns == (Turn("system", "Be brief."), Turn("user", "one"))
    assert provider.prompts[1].turns == (
        Turn("system", "Be brief."),
        Turn("user", "one"),
        Turn("user", "two"),
    )
