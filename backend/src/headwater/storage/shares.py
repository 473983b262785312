"""Links to conversations: anyone who has one can read a branch as it was when the link was made."""

from dataclasses import dataclass
from secrets import token_urlsafe

from sqlalchemy import Connection, delete, insert, select, update

from headwater.conversations.model import Message
from headwater.errors import ConflictError
from headwater.ids import is_id
from headwater.storage.database import Database
from headwater.storage.rows import change_own, read_branch
from headwater.storage.tables import conversations, shares


@dataclass(frozen=True, slots=True)
class Shared:
    """What a link shows."""

    title: str
    messages: tuple[Message, ...]


class ShareRepository:
    """The rows of links."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def share(self, owner: str, conversation: str, created_at: int) -> str:
        """Make or renew the link to a conversation, so that it shows the current branch; returns its token.

        Raises `UnknownConversationError`, and `ConflictError` for a conversation without messages.
        """

        def work(connection: Connection) -> str:
            leaf = change_own(connection, owner, conversation)
            if leaf is None:
                raise ConflictError("The conversation has no messages that a link could show.")
            token = connection.scalar(
                update(shares)
                .where(shares.c.conversation == conversation)
                .values(leaf=leaf)
                .returning(shares.c.token)
            )
            if token is None:
                token = token_urlsafe(24)
                connection.execute(
                    insert(shares).values(
                        token=token, conversation=conversation, leaf=leaf, created_at=created_at
                    )
                )
            return str(token)

        return await self._database.write(work)

    async def unshare(self, owner: str, conversation: str) -> bool:
        """Revoke a link; False if there was none. Raises `UnknownConversationError`."""

        def work(connection: Connection) -> bool:
            change_own(connection, owner, conversation)
            revoked = connection.execute(delete(shares).where(shares.c.conversation == conversation))
            return revoked.rowcount > 0

        return await self._database.write(work)

    async def find(self, token: str) -> Shared | None:
        """What a link shows; None for a link that was never made, or was revoked."""
        if not is_id(token):
            return None
        query = (
            select(conversations.c.id, conversations.c.title, shares.c.leaf)
            .join(shares, shares.c.conversation == conversations.c.id)
            .where(shares.c.token == token, conversations.c.deleted_at.is_(None))
        )

        def work(connection: Connection) -> Shared | None:
            row = connection.execute(query).one_or_none()
            if row is None:
                return None
            return Shared(row.title, read_branch(connection, row.id, row.leaf))

        return await self._database.read(work)
