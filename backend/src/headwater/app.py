"""The composition root: the only file that names concrete classes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from quart import Quart
from sqlalchemy.engine import URL

from headwater.api.chat import chat_blueprint
from headwater.api.conversations import conversations_blueprint, shared_blueprint
from headwater.api.generations import generations_blueprint
from headwater.api.headers import install_headers
from headwater.api.models import models_blueprint
from headwater.api.openai.blueprint import PREFIX as OPENAI
from headwater.api.openai.blueprint import openai_blueprint
from headwater.api.openai.errors import refusal
from headwater.api.operating import operating_blueprint
from headwater.api.origins import Origins
from headwater.api.page import page_blueprint
from headwater.api.problems import install_problems
from headwater.api.rate_limits import StartLimiter
from headwater.api.rpc import AsgiApplication, rpc_application
from headwater.api.schema import install_schema
from headwater.api.scripted import scripted_blueprint
from headwater.api.ui_messages import ui_messages_blueprint
from headwater.api.websocket import BoundedWebsocketConnection, websocket_blueprint
from headwater.data_folder import DataFolder
from headwater.generation.runner import Limits
from headwater.history import History
from headwater.identity.identify import Clients, counted_as, install_clients
from headwater.live.changes import Changes
from headwater.live.memory import MemoryLog
from headwater.metrics import Metrics
from headwater.providers.catalogue import Catalogue, Model, Source
from headwater.providers.local import LocalModel, LocalModelUnavailableError
from headwater.providers.openai import OpenAIProvider
from headwater.providers.scripted import ScriptedProvider
from headwater.replies.service import Chat, ChatLimits
from headwater.settings import Settings, SettingsError
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import database_url, open_database, sqlite_url
from headwater.storage.replies import ReplyRepository
from headwater.storage.search import SearchRepository
from headwater.storage.shares import ShareRepository

logger = logging.getLogger(__name__)

PAGE = Path(__file__).parent / "page"


@dataclass(frozen=True, slots=True)
class Application:
    """Headwater, put together: the web application, gRPC's, and the use cases behind them."""

    web: Quart
    rpc: AsgiApplication
    chat: Chat


@asynccontextmanager
async def application(settings: Settings, folder: DataFolder) -> AsyncIterator[Application]:
    """Put everything together; on leaving, close what was opened.

    Raises `SettingsError` for a default model that nobody offers.
    """
    async with AsyncExitStack() as stack:
        scripted = ScriptedProvider()
        catalogue = Catalogue(await _sources(settings, scripted, stack), settings.default_model)
        if settings.default_model and await catalogue.find(settings.default_model) is None:
            known = ", ".join(model.id for model in await catalogue.models())
            raise SettingsError(
                f"HEADWATER_DEFAULT_MODEL is {settings.default_model!r}, but it takes one of: {known}"
            )
        database = await stack.enter_async_context(open_database(_database_url(settings, folder), alone=True))
        conversations, changes = ConversationRepository(database), Changes()
        chat = Chat(
            catalogue=catalogue,
            conversations=conversations,
            replies=ReplyRepository(database),
            changes=changes,
            metrics=Metrics(),
            new_log=MemoryLog,
            limits=ChatLimits(
                message_chars=settings.max_message_chars,
                active=settings.max_active,
                active_per_client=settings.max_active_per_client,
                abandon_after=settings.abandon_after,
                window=settings.flush_ms / 1000,
                heartbeat=settings.heartbeat,
            ),
            run_limits=Limits(
                first_token=settings.first_token_timeout,
                idle=settings.idle_timeout,
                total=settings.total_timeout,
                reply_chars=settings.max_reply_chars,
            ),
        )
        history = History(
            chat=chat,
            conversations=conversations,
            search=SearchRepository(database),
            shares=ShareRepository(database),
            changes=changes,
        )
        await chat.reconcile()
        await stack.enter_async_context(running(chat.saving.run(), history.purge()))
        yield _together(settings, chat, history, scripted, folder.signing_keys())


async def describe_api() -> str:
    """The OpenAPI document, as it is served."""
    with TemporaryDirectory() as folder:
        settings = Settings(local=False)
        async with application(settings, DataFolder(Path(folder))) as built:
            response = await built.web.test_client().get("/openapi.json")
            return str(await response.get_data(as_text=True))


async def _sources(settings: Settings, scripted: ScriptedProvider, stack: AsyncExitStack) -> list[Source]:
    """What can answer, preferred first."""
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


def _database_url(settings: Settings, folder: DataFolder) -> URL:
    if settings.database_url is None:
        return sqlite_url(folder.database)
    return database_url(settings.database_url)


@asynccontextmanager
async def running(*forever: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run what never ends beside the block; one that fails ends the block."""
    async with asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(each) for each in forever]
        try:
            yield
        finally:
            for task in started:
                task.cancel()


def _together(
    settings: Settings,
    chat: Chat,
    history: History,
    scripted: ScriptedProvider,
    signing_keys: Sequence[bytes],
) -> Application:
    web = Quart("headwater", static_folder=None)
    web.asgi_websocket_class = BoundedWebsocketConnection
    # Bodies are read, and replies end, by rules of our own: see api/requests.py and generation/runner.py.
    web.config.update(MAX_CONTENT_LENGTH=None, BODY_TIMEOUT=None, RESPONSE_TIMEOUT=None)
    install_headers(web)
    install_problems(web, chat.metrics.refused, {f"{OPENAI}/": refusal})
    clients = Clients(signing_keys, settings.api_keys)
    install_clients(web, clients, behind_proxy=settings.trusted_proxies > 0, for_programs=(f"{OPENAI}/",))
    limiter, origins = StartLimiter(web, settings.rate_limit, counted_as), Origins(settings.allowed_origins)
    install_schema(web)
    web.register_blueprint(chat_blueprint(chat, limiter, origins))
    web.register_blueprint(websocket_blueprint(chat, limiter, origins))
    web.register_blueprint(generations_blueprint(chat))
    web.register_blueprint(conversations_blueprint(history, settings.heartbeat))
    web.register_blueprint(shared_blueprint(history))
    web.register_blueprint(models_blueprint(chat.catalogue))
    web.register_blueprint(openai_blueprint(chat, limiter, clients))
    web.register_blueprint(ui_messages_blueprint(chat, limiter))
    web.register_blueprint(scripted_blueprint(chat, scripted))
    web.register_blueprint(operating_blueprint(chat))
    web.register_blueprint(page_blueprint(PAGE))
    return Application(web, rpc_application(chat, clients, limiter), chat)
