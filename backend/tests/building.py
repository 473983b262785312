"""Replies put together for tests, from real parts; a test names the parts that it brings itself."""

from dataclasses import asdict
from datetime import timedelta

from quart_rate_limiter import RateLimit

from headwater.generation.kinds.text import text_of
from headwater.generation.log import Cursor, Log, Page
from headwater.generation.runner import Limits
from headwater.identity.identify import Principal
from headwater.identity.quota import Quota
from headwater.live.changes import MemoryChangeFeed
from headwater.live.memory import MemoryControl, MemoryLogStore, MemoryPresence
from headwater.live.ports import ChangeFeed
from headwater.metrics import Metrics
from headwater.providers.catalogue import Catalogue
from headwater.providers.scripted import ScriptedProvider
from headwater.replies.active import ActiveReplies, Generation
from headwater.replies.checkpoint import Checkpoints
from headwater.replies.ephemeral import EphemeralReplies
from headwater.replies.plan import Planner
from headwater.replies.service import Delivery, Replies
from headwater.replies.unread import StopAfter, WhenUnread
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import Database
from headwater.storage.ephemeral import EphemeralRepository
from headwater.storage.replies import ReplyRepository
from tests.golden import GENERATION
from tests.limits import run_limits

ME = Principal("me", "me")
YOU = Principal("you", "you")


def new_generation(log: Log, **changes: str) -> Generation:
    """A generation with this log, without a row."""
    return Generation(**{**asdict(GENERATION), **changes}, log=log)


class OurLease:
    """A lease that is ours for as long as the test says so."""

    is_ours = True

    async def wait_until_ours(self, timeout: float) -> bool:  # noqa: ASYNC109 - as in `Lease`
        raise AssertionError("nobody waits for a lease by a coroutine")


class Client:
    """A sink whose client takes everything, or nothing while it is `stalled`."""

    def __init__(self, *, stalled: bool = False) -> None:
        self.stalled = stalled
        self.pages: list[Page] = []
        self.flushed = 0
        self.is_cut = False

    def backlog(self) -> int:
        return 1000 if self.stalled else 0

    def write(self, data: Page) -> None:
        assert not self.stalled
        self.pages.append(data)

    def flush(self) -> None:
        self.flushed = len(self.pages)

    def cut(self) -> None:
        self.is_cut = True

    @property
    def text(self) -> str:
        return "".join(text_of(page.events) for page in self.pages[: self.flushed])


async def delivered(replies: Replies, generation: Generation, after: Cursor = 0, **named: bool) -> list[Page]:
    """All pages that a reader gets."""
    client = Client()
    await replies.deliver(generation, after, lambda page: page, client, **named)
    return client.pages


def new_quota(active: int = 1000, active_per_client: int = 8, starts_a_minute: int = 1_000_000) -> Quota:
    return Quota(RateLimit(starts_a_minute, timedelta(minutes=1)), active, active_per_client)


def new_replies(
    database: Database,
    provider: ScriptedProvider | None = None,
    *,
    conversations: ConversationRepository | None = None,
    rows: ReplyRepository | None = None,
    active: ActiveReplies | None = None,
    quota: Quota | None = None,
    changes: ChangeFeed | None = None,
    metrics: Metrics | None = None,
    when_unread: WhenUnread = StopAfter(60),
    limits: Limits | None = None,
) -> Replies:
    """Replies over a database; `active` shows what runs to a test that brings it."""
    active = ActiveReplies(MemoryLogStore()) if active is None else active
    conversations = conversations or ConversationRepository(database)
    rows, presence = rows or ReplyRepository(database), MemoryPresence()
    ephemeral = EphemeralReplies(active, EphemeralRepository(database), active._logs, presence)
    return Replies(
        planner=Planner(Catalogue([provider or ScriptedProvider()]), conversations, active, 32_768),
        active=active,
        checkpoints=Checkpoints(active, rows, active._logs, presence, ephemeral, active.stop_deleted),
        conversations=conversations,
        replies=rows,
        ephemeral=ephemeral,
        logs=active._logs,
        control=MemoryControl(),
        presence=presence,
        changes=changes or MemoryChangeFeed(),
        lease=database,
        quota=quota or new_quota(),
        metrics=metrics or Metrics(),
        delivery=Delivery(window=0.025, heartbeat=10, when_unread=when_unread),
        limits=limits or run_limits(),
    )
