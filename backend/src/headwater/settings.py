"""The configuration: one frozen dataclass, read from the environment, which refuses what cannot work."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import urlsplit

from headwater.storage.database import database_url

T = TypeVar("T")


class SettingsError(Exception):
    """A variable that cannot work: one line that names it, what it got and what it takes."""


@dataclass(frozen=True)
class Rate:
    """So many in so many seconds."""

    count: int
    seconds: int


@dataclass(frozen=True)
class Settings:
    """All settings. Times are in seconds unless their name says otherwise.

    `database_url` is None for SQLite in the data folder. `tls_port` and `grpc_port` are None when they
    are off; `local_model` is None for the bundled model, and unused when `local` is False. `docs/protocol.md`
    tells what each variable means.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    tls_port: int | None = 8443
    grpc_port: int | None = 50051
    tls_cert: Path | None = None
    tls_key: Path | None = None
    data_dir: Path = Path(".headwater")
    database_url: str | None = None
    api_keys: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    openai_api_key: str | None = None
    openai_base_url: str | None = None
    openai_models: tuple[str, ...] = ()
    local: bool = True
    local_model: Path | None = None
    default_model: str | None = None
    rate_limit: Rate = Rate(100, 60)
    max_active: int = 1000
    max_active_per_client: int = 8
    max_message_chars: int = 32_768
    max_reply_chars: int = 1_000_000
    first_token_timeout: float = 60.0
    idle_timeout: float = 30.0
    total_timeout: float = 300.0
    abandon_after: float = 60.0
    drain_timeout: float = 10.0
    trusted_proxies: int = 0
    flush_ms: float = 25.0
    heartbeat: float = 10.0

    @property
    def openai(self) -> bool:
        """Whether an OpenAI-compatible server is configured."""
        return self.openai_api_key is not None or self.openai_base_url is not None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read all variables; an empty one counts as unset. Raises `SettingsError`."""
        env = _Environment(environment)
        local_model = env.text("HEADWATER_LOCAL_MODEL", "")
        settings = cls(
            host=env.text("HEADWATER_HOST", cls.host),
            port=env.port("HEADWATER_PORT", cls.port, lowest=1),
            tls_port=env.port("HEADWATER_TLS_PORT", cls.tls_port or 0, lowest=0) or None,
            grpc_port=env.port("HEADWATER_GRPC_PORT", cls.grpc_port or 0, lowest=0) or None,
            tls_cert=env.file("HEADWATER_TLS_CERT"),
            tls_key=env.file("HEADWATER_TLS_KEY"),
            data_dir=Path(env.text("HEADWATER_DATA_DIR", str(cls.data_dir))),
            database_url=env.database("HEADWATER_DATABASE_URL"),
            api_keys=env.secrets("HEADWATER_API_KEYS"),
            allowed_origins=env.origins("HEADWATER_ALLOWED_ORIGINS"),
            openai_api_key=env.secret("OPENAI_API_KEY"),
            openai_base_url=env.url("OPENAI_BASE_URL"),
            openai_models=env.names("HEADWATER_OPENAI_MODELS"),
            local=local_model.lower() != "off",
            local_model=None if local_model.lower() in {"", "off"} else env.file("HEADWATER_LOCAL_MODEL"),
            default_model=env.text("HEADWATER_DEFAULT_MODEL", "") or None,
            rate_limit=env.rate("HEADWATER_RATE_LIMIT", cls.rate_limit),
            max_active=env.whole("HEADWATER_MAX_ACTIVE", cls.max_active),
            max_active_per_client=env.whole("HEADWATER_MAX_ACTIVE_PER_CLIENT", cls.max_active_per_client),
            max_message_chars=env.whole("HEADWATER_MAX_MESSAGE_CHARS", cls.max_message_chars),
            max_reply_chars=env.whole("HEADWATER_MAX_REPLY_CHARS", cls.max_reply_chars),
            first_token_timeout=env.seconds("HEADWATER_FIRST_TOKEN_TIMEOUT", cls.first_token_timeout),
            idle_timeout=env.seconds("HEADWATER_IDLE_TIMEOUT", cls.idle_timeout),
            total_timeout=env.seconds("HEADWATER_TOTAL_TIMEOUT", cls.total_timeout),
            abandon_after=env.seconds("HEADWATER_ABANDON_AFTER", cls.abandon_after),
            drain_timeout=env.seconds("HEADWATER_DRAIN_TIMEOUT", cls.drain_timeout, zero=True),
            trusted_proxies=env.whole("HEADWATER_TRUSTED_PROXIES", cls.trusted_proxies, lowest=0),
            flush_ms=env.number("HEADWATER_FLUSH_MS", cls.flush_ms, "milliseconds, 0 or more", zero=True),
            heartbeat=env.seconds("HEADWATER_HEARTBEAT", cls.heartbeat),
        )
        if (settings.tls_cert is None) != (settings.tls_key is None):
            raise SettingsError(
                "HEADWATER_TLS_CERT and HEADWATER_TLS_KEY go together: one is set and the other is not"
            )
        taken = {settings.port: "HEADWATER_PORT"}
        for name, port in (
            ("HEADWATER_TLS_PORT", settings.tls_port),
            ("HEADWATER_GRPC_PORT", settings.grpc_port),
        ):
            if port in taken:
                raise SettingsError(f"{name} is {port}, the same as {taken[port]}: they must differ")
            if port is not None:
                taken[port] = name
        return settings


class _Environment:
    """Reads single variables; every refusal names the variable, what it got and what it takes."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str, default: str) -> str:
        return self._environment.get(name, "").strip() or default

    def secret(self, name: str) -> str | None:
        """A value that goes into a header and never into a message."""
        value = self.text(name, "")
        if not (value.isascii() and value.isprintable()):
            raise SettingsError(
                f"{name} holds a character that is not printable ASCII, which is all it takes"
            )
        return value or None

    def secrets(self, name: str) -> tuple[str, ...]:
        """Values that clients show in a header, separated by commas; never in a message."""
        return _listed(self.secret(name) or "")

    def origins(self, name: str) -> tuple[str, ...]:
        """Origins (RFC 6454) as browsers write them, separated by commas."""

        def parse(value: str) -> tuple[str, ...]:
            return tuple(_origin(part) for part in _listed(value))

        return self.parsed(name, (), "origins such as https://example.org, separated by commas", parse)

    def parsed(self, name: str, default: T, takes: str, parse: Callable[[str], T]) -> T:
        value = self.text(name, "")
        if not value:
            return default
        try:
            return parse(value)
        except ValueError:
            raise SettingsError(f"{name} is {value!r}, but it takes {takes}") from None

    def whole(self, name: str, default: int, *, lowest: int = 1, highest: int = 2**31 - 1) -> int:
        def parse(value: str) -> int:
            return _within(int(value), lowest, highest)

        return self.parsed(name, default, f"a whole number from {lowest} to {highest}", parse)

    def port(self, name: str, default: int, *, lowest: int) -> int:
        return self.whole(name, default, lowest=lowest, highest=65_535)

    def number(self, name: str, default: float, takes: str, *, zero: bool = False) -> float:
        def parse(value: str) -> float:
            number = _within(float(value), 0.0, 1e9)
            if number == 0 and not zero:
                raise ValueError
            return number

        return self.parsed(name, default, takes, parse)

    def seconds(self, name: str, default: float, *, zero: bool = False) -> float:
        return self.number(name, default, "seconds, 0 or more" if zero else "seconds, above 0", zero=zero)

    def file(self, name: str) -> Path | None:
        def parse(value: str) -> Path:
            path = Path(value).expanduser()
            if not path.is_file():
                raise ValueError
            return path

        return self.parsed(name, None, "the path of a file that exists", parse)

    def url(self, name: str) -> str | None:
        def parse(value: str) -> str:
            parts = urlsplit(value)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise ValueError
            return value

        return self.parsed(name, None, "a URL such as http://127.0.0.1:11434/v1", parse)

    def database(self, name: str) -> str | None:
        """A URL that may hold a password: it goes into no message."""
        value = self.text(name, "")
        try:
            if value:
                database_url(value)
        except ValueError:
            raise SettingsError(
                f"{name} takes a URL of SQLite or PostgreSQL, such as sqlite:///folder/file.db or"
                " postgresql://user:password@host/name"
            ) from None
        return value or None

    def names(self, name: str) -> tuple[str, ...]:
        return _listed(self.text(name, ""))

    def rate(self, name: str, default: Rate) -> Rate:
        units = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}

        def parse(value: str) -> Rate:
            count, _, unit = (part.strip() for part in value.partition("/"))
            if unit not in units:
                raise ValueError
            return Rate(_within(int(count), 1, 10**9), units[unit])

        return self.parsed(name, default, "a rate such as 100/minute (second, minute, hour or day)", parse)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _origin(text: str) -> str:
    """An origin in the form in which a browser names it; raises `ValueError`."""
    parts = urlsplit(text.rstrip("/").lower())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.path:
        raise ValueError
    if parts.port == {"http": 80, "https": 443}[parts.scheme]:
        return f"{parts.scheme}://{parts.hostname}"
    return f"{parts.scheme}://{parts.netloc}"


N = TypeVar("N", int, float)


def _within(number: N, lowest: N, highest: N) -> N:
    if math.isnan(number) or not lowest <= number <= highest:
        raise ValueError
    return number
