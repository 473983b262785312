import gc
import weakref
from collections.abc import AsyncGenerator, Sequence

import pytest

from headwater.chat import Ask, Chat
from headwater.conversations.memory import MemoryConversations
from headwater.errors import NotFoundError
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


def new_chat(provider: ScriptedProvider | None = None) -> Chat:
    return Chat(
        catalogue=Catalogue([provider or ScriptedProvider()]),
        conversations=MemoryConversations(),
        new_log=MemoryLog,
        limits=chat_limits(),
        run_limits=run_limits(),
    )


async def test_a_key_outlives_its_reply_without_keeping_it_and_never_runs_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chat = new_chat()
    monkeypatch.setattr(chat, "_generations", Generations(capacity=1))
    ask = Ask("hello", model="scripted/echo", script=FAST)
    first = await chat.start("me", ask, "key")
    assert await chat.start("me", ask, "key") is first
    await chat.finished(first)
    log = weakref.ref(first.log)
    del first
    for n in range(2):
        await chat.finished(await chat.start("me", ask, f"other {n}"))
    await chat.drain(5)
    gc.collect()
    assert log() is None
    with pytest.raises(NotFoundError):
        await chat.start("me", ask, "key")


async def test_a_drained_chat_has_nothing_running() -> None:
    chat = new_chat()
    generation = await chat.start("me", Ask("hello", model="scripted/stall", script=FAST))
    await chat.drain(0)
    snapshot = await generation.snapshot()
    assert snapshot.outcome is not None
    assert chat.draining


async def test_a_reply_without_text_is_no_part_of_the_context() -> None:
    """Model servers refuse an empty message."""
    provider = Recording()
    chat = new_chat(provider)
    fails = Script(faults=(Fault(0, "error"),))
    first = await chat.start("me", Ask("one", model="scripted/echo", system="Be brief.", script=fails))
    await chat.finished(first)
    ask = Ask("two", conversation=first.conversation, model="scripted/echo", script=FAST)
    await chat.finished(await chat.start("me", ask))
    assert provider.prompts[0].turns == (Turn("system", "Be brief."), Turn("user", "one"))
    assert provider.prompts[1].turns == (Turn("user", "one"), Turn("user", "two"))
