"""Conversations in the memory of this process."""

from collections import OrderedDict
from dataclasses import dataclass, field, replace

from headwater.conversations.model import Message, UnknownConversationError, UnknownMessageError
from headwater.ids import new_id

MESSAGE_COST = 500
"""What a message weighs beside its characters."""


@dataclass(slots=True)
class _Conversation:
    client: str
    messages: dict[str, Message] = field(default_factory=dict)
    weight: int = 0

    def put(self, message: Message) -> None:
        self.messages[message.id] = message
        self.weight += MESSAGE_COST + len(message.text or "")


class MemoryConversations:
    """`Conversations` in a dictionary; lost with the process.

    Holds about `capacity` characters: beyond that, the conversations unused for longest are forgotten.
    """

    def __init__(self, capacity: int = 64 * 1024 * 1024) -> None:
        self._capacity = capacity
        self._weight = 0
        self._conversations: OrderedDict[str, _Conversation] = OrderedDict()

    async def create(self, client: str) -> str:
        """See `Conversations.create`."""
        conversation = new_id("conv")
        self._conversations[conversation] = _Conversation(client)
        return conversation

    async def branch(self, client: str, conversation: str, leaf: str | None) -> tuple[Message, ...]:
        """See `Conversations.branch`."""
        found = self._conversations.get(conversation)
        if found is None or found.client != client:
            raise UnknownConversationError(conversation)
        if leaf is not None and leaf not in found.messages:
            raise UnknownMessageError(leaf)
        current = leaf if leaf is not None else next(reversed(found.messages), None)
        path: list[Message] = []
        while current is not None:
            path.append(found.messages[current])
            current = path[-1].parent
        return tuple(reversed(path))

    async def add(self, conversation: str, messages: tuple[Message, ...]) -> None:
        """See `Conversations.add`."""
        for message in messages:
            self._put(conversation, message)

    async def complete(self, conversation: str, message: str, text: str) -> None:
        """See `Conversations.complete`."""
        found = self._conversations.get(conversation)
        if found is not None:
            self._put(conversation, replace(found.messages[message], text=text))

    def _put(self, conversation: str, message: Message) -> None:
        found = self._conversations.get(conversation)
        if found is None:
            raise UnknownConversationError(conversation)
        before = found.weight
        found.put(message)
        self._weight += found.weight - before
        self._conversations.move_to_end(conversation)
        while self._weight > self._capacity and len(self._conversations) > 1:
            _, oldest = self._conversations.popitem(last=False)
            self._weight -= oldest.weight
