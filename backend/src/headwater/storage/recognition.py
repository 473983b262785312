"""Recognises the conversations of an archive that its owner has already under other ids."""

from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import sha256
from typing import TypeAlias

import msgspec
from sqlalchemy import select

from headwater.conversations.model import Conversation, Message
from headwater.generation.codec import parts_objects
from headwater.generation.parts import TextPart
from headwater.storage.database import Database
from headwater.storage.rows import read_trees
from headwater.storage.tables import conversations

Archived: TypeAlias = tuple[Conversation, Sequence[Message]]
"""A conversation with all its messages, parents first."""

READ_BATCH = 100
"""Conversations that one transaction reads with all their messages."""


class Recognition:
    """The conversations that an owner had before an import.

    An import knows those of earlier imports by their ids. Any other is there already if the owner has one
    that was created at the same time with the same title, and begins with the same messages; without
    messages, that has the same settings. A reply that ran when it was exported, as the last message, is the
    same if it began at the same time with the same text, or still runs. Each stands for one conversation of
    the archive, unless it comes under its own id in a later batch.
    """

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner
        self._ids: set[str] = set()
        self._unread: dict[tuple[int, str], list[str]] = {}
        self._beginnings: dict[bytes, list[str]] = {}
        self._replies: dict[bytes, list[tuple[str, str]]] = {}
        """Of replies that ran here: conversations and texts, by the digest of what is before the text."""
        self._free: set[str] = set()
        """Those that stand for none yet."""

    async def read(self) -> None:
        """Read what the owner has now."""
        columns = conversations.c.id, conversations.c.created_at, conversations.c.title
        query = select(*columns).where(
            conversations.c.client == self._owner, conversations.c.deleted_at.is_(None)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all(), long=True)
        self._ids = {row.id for row in rows}
        self._free = set(self._ids)
        for row in rows:
            self._unread.setdefault((row.created_at, row.title), []).append(row.id)

    async def without_known(self, batch: Sequence[Archived]) -> list[Archived]:
        """The conversations of a batch that the owner does not have under another id."""
        self._free -= {conversation.id for conversation, _ in batch}
        others = [conversation for conversation, _ in batch if conversation.id not in self._ids]
        running = {_key(conversation) for conversation, tree in batch if _runs(tree)}
        similar = [id_ for each in others for id_ in self._unread.pop(_key(each), ())]
        for start in range(0, len(similar), READ_BATCH):
            ids = similar[start : start + READ_BATCH]
            own, trees = await self._database.read(partial(read_trees, owner=self._owner, ids=ids), long=True)
            # The longest first: the last one in a list, which is tried first, is the shortest that fits.
            for id_, conversation in sorted(own.items(), key=lambda each: -len(trees[each[0]])):
                beginnings = _beginnings(conversation, trees[id_])
                for (whole, without_text, said), last in zip(beginnings, (None, *trees[id_]), strict=True):
                    self._beginnings.setdefault(whole, []).append(id_)
                    if last is not None and last.generation is not None and _key(conversation) in running:
                        self._replies.setdefault(without_text, []).append((id_, said))
        return [archived for archived in batch if archived[0].id in self._ids or not self._has(archived)]

    def _has(self, archived: Archived) -> bool:
        *_, (whole, without_text, said) = _beginnings(*archived)
        same = self._beginnings.get(whole, [])
        if _runs(archived[1]):
            ended = self._replies.get(without_text, [])
            same = [*same, *(id_ for id_, reply in ended if not reply or reply.startswith(said))]
        while same:
            if (id_ := same.pop()) in self._free:
                self._free.discard(id_)
                return True
        return False


def _key(conversation: Conversation) -> tuple[int, str]:
    return conversation.created_at, conversation.title


def _runs(tree: Sequence[Message]) -> bool:
    """Whether a conversation ends with a reply that has not ended."""
    return bool(tree) and tree[-1].role == "assistant" and tree[-1].outcome is None


def _beginnings(conversation: Conversation, tree: Sequence[Message]) -> Iterator[tuple[bytes, bytes, str]]:
    """Digests of a conversation up to each of its messages, from none of them, but its settings, to all.

    After each come the digest without the text of the last message, and that text.
    """
    head = [conversation.created_at, conversation.title]
    yield sha256(msgspec.json.encode([*head, conversation.settings])).digest(), b"", ""
    digest = sha256(msgspec.json.encode(head))
    index: dict[str | None, int | None] = {None: None}
    for number, message in enumerate(tree):
        index[message.id] = number
        known = [index[message.parent], message.role, message.created_at]
        without_text = digest.copy()
        without_text.update(msgspec.json.encode(known))
        digest.update(msgspec.json.encode([*known, parts_objects(message.parts)]))
        said = "".join(part.text for part in message.parts if isinstance(part, TextPart))
        yield digest.digest(), without_text.digest(), said
