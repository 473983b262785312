"""The composition root: the only file that puts the parts together."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from quart import Quart
from sqlalchemy.engine import URL

from headwater.api.archives import archives_blueprint
from headwater.api.asgi import AsgiApplication
from headwater.api.chat import chat_blueprint
from headwater.api.conversations import conversations_blueprint, shared_blueprint
from headwater.api.describe import install_schema
from headwater.api.generations import generations_blueprint
from headwater.api.headers import install_headers
from headwater.api.models import models_blueprint
from headwater.api.openai.blueprint import PREFIX as OPENAI
from headwater.api.openai.blueprint import openai_blueprint
from headwater.api.openai.errors import refusal
from headwater.api.operating import check_ready, operating_blueprint
from headwater.api.origins import Origins
from headwater.api.page import page_blueprint
from headwater.api.principals import install_principals
from headwater.api.problems import install_problems
from headwater.api.rate_limit import install_rate_limit
from headwater.api.rpc.application import rpc_application
from headwater.api.scripted import scripted_blueprint
from headwater.api.socket_io.application import SocketIo
from headwater.api.ui_messages import ui_messages_blueprint
from headwater.api.websocket import websocket_blueprint
from headwater.api.websocket_connection import BoundedWebsocketConnection
from headwater.conversation_service import ConversationService
from headwater.data_folder import DataFolder
from headwater.generation.runner import Limits
from headwater.identity.counts import SharedCounts
from headwater.identity.fallback_counts import FallbackCounts
from headwater.identity.identify import Identifier
from headwater.identity.postgresql.counts import PostgresqlCounts
from headwater.identity.postgresql.signing_keys import TICK, PostgresqlSecrets
from headwater.identity.quota import Quota
from headwater.identity.redis.counts import RedisCounts
from headwater.identity.signing_keys import SecretStore
from headwater.live.bells import KEYS, Bells
from headwater.live.changes import MemoryChangeFeed
from headwater.live.looking import Looking
from headwater.live.memory import MemoryControl, MemoryLogStore, MemoryPresence
from headwater.live.ports import ChangeFeed, Control, LogStore, Presence
from headwater.live.postgresql.changes import SharedChangeFeed
from headwater.live.postgresql.channel import PostgresqlChannel
from headwater.live.postgresql.control import SharedControl
from headwater.live.postgresql.logs import SharedLogStore
from headwater.live.postgresql.presence import SharedPresence
from headwater.live.redis.channel import RedisChannel
from headwater.metrics import Metrics
from headwater.providers.catalogue import Catalogue, Model, Source
from headwater.providers.local import LocalModel, LocalModelUnavailableError
from headwater.providers.openai import OpenAIProvider
from headwater.providers.scripted import ScriptedProvider
from headwater.replies.active import ActiveReplies
from headwater.replies.checkpoint import Checkpoints
from headwater.replies.ephemeral import EphemeralReplies
from headwater.replies.plan import Planner
from headwater.replies.service import Delivery, Replies
from headwater.replies.unread import StopAfter
from headwater.settings import Settings, SettingsError
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import Database, database_url, open_database, sqlite_url
from headwater.storage.ephemeral import EphemeralRepository
from headwater.storage.redis import Redis, RedisAddress
from headwater.storage.replies import ReplyRepository
from headwater.storage.search import SearchRepository
from headwater.storage.shares import ShareRepository

logger = logging.getLogger(__name__)

ORPHANS_EVERY = 1.0
"""Seconds between two looks for replies of servers that are gone."""

PAGE = Path(__file__).parent / "page"


@dataclass(frozen=True, slots=True)
class Application:
    """The whole application: one for each protocol, and the use cases behind them.

    `taken_over` is set once other servers have taken over what this one ran; then it must end.
    """

    web: Quart
    rpc: AsgiApplication
    socket_io: SocketIo
    replies: Replies
    catalogue: Catalogue
    metrics: Metrics
    taken_over: asyncio.Event


class Shared(Protocol):
    """Keeps live state in step with other servers."""

    async def run(self) -> None:
        """Do so until cancelled."""
        ...


@dataclass(frozen=True, slots=True)
class Live:
    """The ports of live state, and what keeps them in step with other servers."""

    logs: LogStore
    control: Control
    presence: Presence
    changes: ChangeFeed
    bells: Bells | None = None
    shared: Sequence[Shared] = ()

    @classmethod
    def in_memory(cls) -> "Live":
        """For one process."""
        return cls(MemoryLogStore(), MemoryControl(), MemoryPresence(), MemoryChangeFeed())

    @classmethod
    def on_postgresql(cls, database: Database, redis: Redis | None = None) -> "Live":
        """For all servers on a database."""
        by_redis = [] if redis is None else [RedisChannel(redis)]
        bells = Bells(*by_redis, PostgresqlChannel(database))
        control, presence = SharedControl(database, bells), SharedPresence(database, bells)
        logs = SharedLogStore(database, bells, presence)
        shared = (bells, logs, control, presence)
        return cls(logs, control, presence, SharedChangeFeed(bells), bells, shared)


@asynccontextmanager
async def application(settings: Settings, folder: DataFolder) -> AsyncIterator[Application]:
    """Build the application, and close what it opened on leaving.

    Raises `SettingsError` if no source offers the default model.
    """
    async with AsyncExitStack() as stack:
        scripted = ScriptedProvider()
        catalogue = Catalogue(await _sources(settings, scripted, stack), settings.default_model)
        if settings.default_model and await catalogue.find(settings.default_model) is None:
            known = ", ".join(model.id for model in await catalogue.models())
            raise SettingsError(
                f"HEADWATER_DEFAULT_MODEL is {settings.default_model!r}, but it takes one of: {known}"
            )
        database = await stack.enter_async_context(
            open_database(storage_url(settings, folder.database), to_serve=True)
        )
        await stack.enter_async_context(running(database.keep()))
        secrets = secret_store(database, folder)
        kept = await secrets.load()
        redis: Redis | None = None
        if settings.redis_url is not None:
            redis = Redis(RedisAddress.parse(settings.redis_url), kept.server_id)
            stack.push_async_callback(redis.close)
            await stack.enter_async_context(running(redis.keep()))
        metrics = Metrics()
        quota = Quota(
            settings.rate_limit,
            settings.max_active,
            settings.max_active_per_client,
            shared_counts(database, redis),
        )
        live = Live.in_memory() if database.is_sqlite else Live.on_postgresql(database, redis)
        conversations = ConversationRepository(database)
        replies = build_replies(settings, database, catalogue, quota, live, metrics)
        conversation_service = ConversationService(
            replies=replies,
            conversations=conversations,
            search=SearchRepository(database),
            shares=ShareRepository(database),
            changes=live.changes,
        )
        await replies.reconcile()
        identifier = Identifier(kept.signing_keys, settings.api_keys, kept.server_id, settings.base_path)
        built = _applications(
            settings, identifier, database, replies, conversation_service, catalogue, scripted, quota, metrics
        )
        purging = conversation_service.purge(settings.retention)
        forever = replies.checkpoint(), purging, built.socket_io.run()
        if redis is not None:
            metrics.watch_redis(lambda: redis.is_away)
        shared = [each.run() for each in live.shared]
        if shared:
            shared += [Looking(replies.close_orphans, ORPHANS_EVERY).run(), quota.run()]
        if live.bells is not None:
            shared.append(keep_keys(live.bells, secrets, identifier))
        await stack.enter_async_context(running(*forever, *shared))
        yield built


def build_replies(
    settings: Settings,
    database: Database,
    catalogue: Catalogue,
    quota: Quota,
    live: Live,
    metrics: Metrics,
) -> Replies:
    """Build the use cases of replies."""
    active = ActiveReplies(live.logs, rows_are_shared=not database.is_sqlite)
    metrics.count_active(lambda: len(active))
    metrics.watch_database(lambda: database.other_servers, lambda: database.outage is not None)
    if live.bells is not None:
        live.bells.on_restart(metrics.bells_missed)
    conversations, rows = ConversationRepository(database), ReplyRepository(database)
    ephemeral = EphemeralReplies(active, EphemeralRepository(database), live.logs, live.presence)
    return Replies(
        planner=Planner(catalogue, conversations, active, settings.max_message_chars),
        active=active,
        checkpoints=Checkpoints(
            active, rows, live.logs, live.presence, ephemeral, active.stop_deleted, metrics.shared
        ),
        conversations=conversations,
        replies=rows,
        ephemeral=ephemeral,
        logs=live.logs,
        control=live.control,
        presence=live.presence,
        changes=live.changes,
        lease=database,
        quota=quota,
        metrics=metrics,
        delivery=Delivery(
            window=settings.flush_ms / 1000,
            heartbeat=settings.heartbeat,
            when_unread=StopAfter(settings.abandon_after),
        ),
        limits=Limits(
            first_token=settings.first_token_timeout,
            idle=settings.idle_timeout,
            total=settings.total_timeout,
            reply_chars=settings.max_reply_chars,
        ),
    )


async def describe_api() -> str:
    """The OpenAPI document, as `/openapi.json` serves it."""
    with TemporaryDirectory() as folder:
        settings = Settings(local=False)
        async with application(settings, DataFolder(Path(folder))) as built:
            response = await built.web.test_client().get("/openapi.json")
            return str(await response.get_data(as_text=True))


async def _sources(settings: Settings, scripted: ScriptedProvider, stack: AsyncExitStack) -> list[Source]:
    """The sources of models, in order of preference."""
    sources: list[Source] = []
    if settings.openai:
        openai = OpenAIProvider(
            api_key=settings.openai_api_key,
            base_url=settings.openai_base_url,
            models=[Model(f"openai/{name}", name, "openai") for name in settings.openai_models],
            connections=settings.max_active,
        )
        stack.push_async_callback(openai.aclose)
        sources.append(openai)
    if settings.local:
        try:
            local = await asyncio.to_thread(LocalModel, settings.local_model)
        except LocalModelUnavailableError as error:
            logger.warning("the local model cannot run: %s", error)
        else:
            stack.push_async_callback(local.aclose)
            sources.append(local.source)
    return [*sources, scripted]


def storage_url(settings: Settings, file: Path) -> URL:
    """The database of these settings; `file` if they name none."""
    if settings.database_url is None:
        return sqlite_url(file)
    return database_url(settings.database_url)


def secret_store(database: Database, folder: DataFolder) -> SecretStore:
    """What signs the names of clients: the folder's, or that of all servers on a database."""
    return folder if database.is_sqlite else PostgresqlSecrets(database, folder.secrets)


def shared_counts(database: Database, redis: Redis | None) -> SharedCounts | None:
    """What the servers on a database count together, if there may be several."""
    if database.is_sqlite:
        return None
    counts = PostgresqlCounts(database)
    return counts if redis is None else FallbackCounts(RedisCounts(redis, database), counts)


async def keep_keys(bells: Bells, secrets: SecretStore, identifier: Identifier) -> None:
    """Accept the keys that all servers accept, until cancelled."""

    async def look() -> None:
        identifier.accept((await secrets.load()).signing_keys)

    looking = Looking(look, TICK)
    bells.on(KEYS, lambda _: looking.soon())
    bells.on_restart(looking.soon)
    await looking.run()


@asynccontextmanager
async def running(*forever: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run endless coroutines in the background of a block; if one fails, the block ends."""
    failure: Exception | None = None
    async with asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(each) for each in forever]
        try:
            yield
        except Exception as error:  # noqa: BLE001 - raised below, as it is and not in a group
            failure = error
        finally:
            for task in started:
                task.cancel()
    if failure is not None:
        raise failure


def _applications(
    settings: Settings,
    identifier: Identifier,
    database: Database,
    replies: Replies,
    conversation_service: ConversationService,
    catalogue: Catalogue,
    scripted: ScriptedProvider,
    quota: Quota,
    metrics: Metrics,
) -> Application:
    web = Quart("headwater", static_folder=None)
    web.asgi_websocket_class = BoundedWebsocketConnection
    # We have our own rules for bodies (api/requests.py) and for the end of replies (generation/runner.py).
    web.config.update(MAX_CONTENT_LENGTH=None, BODY_TIMEOUT=None, RESPONSE_TIMEOUT=None)
    origins = Origins(settings.allowed_origins)
    ready = partial(check_ready, replies, database)
    changes = partial(conversation_service.changes, idle=settings.heartbeat)
    install_headers(web)
    origins.install(web)
    install_problems(web, metrics.refused, {f"{OPENAI}/": refusal})
    install_principals(web, identifier, for_programs=(f"{OPENAI}/",))
    install_rate_limit(web, quota)
    install_schema(web, undescribed=("page", "openai", "ui_messages"), base_path=settings.base_path)
    for blueprint in (
        chat_blueprint(replies, origins),
        websocket_blueprint(replies, changes, metrics.refused),
        generations_blueprint(replies),
        conversations_blueprint(conversation_service, settings.heartbeat),
        archives_blueprint(conversation_service),
        shared_blueprint(conversation_service),
        models_blueprint(catalogue),
        openai_blueprint(replies, catalogue, needs_key=identifier.has_keys),
        ui_messages_blueprint(replies),
        scripted_blueprint(replies, scripted),
        operating_blueprint(ready, metrics),
        page_blueprint(PAGE),
    ):
        web.register_blueprint(blueprint)
    rpc = rpc_application(replies, identifier, ready, metrics.refused)
    socket_io = SocketIo(replies, changes, identifier, origins, metrics.refused, heartbeat=settings.heartbeat)
    return Application(web, rpc, socket_io, replies, catalogue, metrics, database.taken_over)
