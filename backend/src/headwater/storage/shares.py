"""Links to conversations: whoever has one reads a branch as it was when the link was made."""

from dataclasses import dataclass
from secrets import token_urlsafe

from sqlalchemy import delete, insert, select, update

from headwater.conversations.model import Message, UnknownConversationError, UnknownMessageError
from headwater.ids import is_id
from headwater.storage.database import Database
from headwater.storage.rows import branch
from headwater.storage.tables import conversations, shares


@dataclass(frozen=True, slots=True)
class Shared:
    """What a link shows."""

    title: str
    messages: tuple[Message, ...]


class ShareRepository:
    """Where links are kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def share(self, client: str, conversation: str, now: int) -> str:
        """The token of a conversation's link, which now shows its branch as it is.

        Raises `UnknownConversationError`, and `UnknownMessageError` where there is no message to show.
        """
        if not is_id(conversation):
            raise UnknownConversationError(conversation)
        async with self._database.writing() as connection:
            own = update(conversations).where(
                conversations.c.id == conversation,
                conversations.c.client == client,
                conversations.c.deleted_at.is_(None),
            )
            shared = await connection.execute(
                own.values(version=conversations.c.version + 1).returning(conversations.c.leaf)
            )
            row = shared.one_or_none()
            if row is None:
                raise UnknownConversationError(conversation)
            leaf = row.leaf
            if leaf is None:
                raise UnknownMessageError(conversation)
            token = await connection.scalar(
                update(shares)
                .where(shares.c.conversation == conversation)
                .values(leaf=leaf)
                .returning(shares.c.token)
            )
            if token is None:
                token = token_urlsafe(24)
                await connection.execute(
                    insert(shares).values(token=token, conversation=conversation, leaf=leaf, created_at=now)
                )
            return str(token)

    async def unshare(self, client: str, conversation: str) -> bool:
        """Take a link back; False where there was none. Raises `UnknownConversationError`."""
        if not is_id(conversation):
            raise UnknownConversationError(conversation)
        async with self._database.writing() as connection:
            owned = await connection.execute(
                update(conversations)
                .where(
                    conversations.c.id == conversation,
                    conversations.c.client == client,
                    conversations.c.deleted_at.is_(None),
                )
                .values(version=conversations.c.version + 1)
            )
            if owned.rowcount == 0:
                raise UnknownConversationError(conversation)
            gone = await connection.execute(delete(shares).where(shares.c.conversation == conversation))
            return gone.rowcount > 0

    async def find(self, token: str) -> Shared | None:
        """What a link shows, or None where there is none (any more)."""
        if not is_id(token):
            return None
        query = (
            select(conversations.c.id, conversations.c.title, shares.c.leaf)
            .join(shares, shares.c.conversation == conversations.c.id)
            .where(shares.c.token == token, conversations.c.deleted_at.is_(None))
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return None
            return Shared(row.title, await branch(connection, row.id, row.leaf))
