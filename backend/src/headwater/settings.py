"""The settings: one frozen class, read from the environment, that refuses values that cannot work."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AliasGenerator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FilePath,
    InstanceOf,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from quart_rate_limiter import RateLimit

from headwater.storage.database import QUERY, database_url
from headwater.storage.redis import FORMS, RedisAddress

OF_TESTS = "HEADWATER_TEST_"
"""The beginning of variables that only the tests read."""


class SettingsError(Exception):
    """A variable that cannot work: one line that names it, what it got and what it takes."""


@dataclass(frozen=True)
class Takes:
    """What a variable takes, as its refusal says it. A secret value is not shown."""

    text: str
    secret: bool = False


UNITS = {unit: timedelta(**{f"{unit}s": 1}) for unit in ("second", "minute", "hour", "day")}
"""The units of a rate."""


def _rate(value: str | RateLimit) -> RateLimit:
    if isinstance(value, RateLimit):
        return value
    count, _, unit = (part.strip() for part in value.partition("/"))
    if unit not in UNITS or not 1 <= int(count) <= 10**9:
        raise ValueError
    return RateLimit(int(count), UNITS[unit])


def _split(value: object) -> object:
    """Split a list; raises `ValueError` for one that has separators only."""
    if not isinstance(value, str):
        return value
    items = tuple(filter(None, map(str.strip, value.split(","))))
    if not items:
        raise ValueError
    return items


def _origin(text: str) -> str:
    """Write an origin (RFC 6454) as browsers do."""
    parts = urlsplit(text.rstrip("/").lower())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.path:
        raise ValueError
    if parts.port == {"http": 80, "https": 443}[parts.scheme]:
        return f"{parts.scheme}://{parts.hostname}"
    return f"{parts.scheme}://{parts.netloc}"


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError
    return value


def _database_url(value: str) -> str:
    database_url(value)
    return value


def _redis_url(value: str) -> str:
    RedisAddress.parse(value)
    return value


def _path(value: str | Path | None) -> Path | None:
    """Take `off` for no path."""
    return None if value is None or str(value).lower() == "off" else Path(value).expanduser()


def _gguf(path: Path | None) -> Path | None:
    if path is not None:
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise ValueError
    return path


def _host(name: str) -> str:
    """A name without a port, in lower case."""
    name = name.lower()
    if not re.fullmatch(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*", name):
        raise ValueError
    return name


def _is_on(value: str | bool) -> bool:
    return value.lower() != "off" if isinstance(value, str) else value


Port = Annotated[int, Field(ge=1, le=65_535), Takes("a whole number from 1 to 65535")]
OptionalPort = Annotated[
    Annotated[int, Field(ge=0, le=65_535)] | None,
    AfterValidator(lambda port: port or None),
    Takes("a whole number from 0 to 65535; 0 turns it off"),
]
Workers = Annotated[int, Field(ge=1, le=256), Takes("a whole number from 1 to 256")]
Count = Annotated[int, Field(ge=1, le=2**31 - 1), Takes(f"a whole number from 1 to {2**31 - 1}")]
CountOrZero = Annotated[int, Field(ge=0, le=2**31 - 1), Takes(f"a whole number from 0 to {2**31 - 1}")]
Seconds = Annotated[float, Field(gt=0, le=1e9), Takes("seconds, above 0")]
SecondsOrZero = Annotated[float, Field(ge=0, le=1e9), Takes("seconds, 0 or more")]
Milliseconds = Annotated[float, Field(ge=0, le=1e9), Takes("milliseconds, 0 or more")]
ExistingFile = Annotated[FilePath | None, BeforeValidator(_path), Takes("the path of a file that exists")]
Names = Annotated[tuple[str, ...], BeforeValidator(_split), Takes("names, separated by commas")]
PrintableAscii = Annotated[str, StringConstraints(pattern="^[ -~]+$")]
Secret = Annotated[PrintableAscii | None, Takes("a key of printable ASCII characters", secret=True)]
Secrets = Annotated[
    tuple[PrintableAscii, ...],
    BeforeValidator(_split),
    Takes("keys of printable ASCII characters, separated by commas", secret=True),
]
AllowedOrigins = Annotated[
    tuple[Annotated[str, AfterValidator(_origin)], ...],
    BeforeValidator(_split),
    Takes("origins such as https://example.org, separated by commas"),
]
AllowedHosts = Annotated[
    tuple[Annotated[str, AfterValidator(_host)], ...],
    BeforeValidator(_split),
    Takes("names such as chat.example.org or *.example.org, separated by commas"),
]
HttpUrl = Annotated[
    Annotated[str, AfterValidator(_http_url)] | None, Takes("a URL such as http://127.0.0.1:11434/v1")
]
DatabaseUrl = Annotated[
    Annotated[str, AfterValidator(_database_url)] | None,
    Takes(
        "a URL of SQLite or PostgreSQL, such as sqlite:///folder/file.db or"
        f" postgresql://user:password@host/name, whose query may have {', '.join(QUERY)}",
        secret=True,
    ),
]
RedisUrl = Annotated[
    Annotated[str, AfterValidator(_redis_url)] | None,
    Takes(f"a URL of Redis or Valkey, such as {FORMS}", secret=True),
]

BasePath = Annotated[
    str,
    StringConstraints(pattern=r"^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$"),
    Takes(
        "a path such as /chat: no slash at the end, and names of letters, digits, - _ ~ and, not first, dots"
    ),
]


class Settings(BaseModel):
    """All settings. The text below a field describes its variable in `docs/configuration.md`.

    The constructor takes values by the fields' names and does not read the environment.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=AliasGenerator(validation_alias=lambda name: f"HEADWATER_{name.upper()}"),
        validate_by_name=True,
        use_attribute_docstrings=True,
    )

    host: Annotated[str, Takes("an address of this machine")] = "127.0.0.1"
    """the address that all ports listen on"""

    port: Port = 8000
    """HTTP/1.1, and HTTP/2 without TLS with prior knowledge"""

    tls_port: OptionalPort = 8443
    """the same over TLS, with HTTP/2 by negotiation"""

    grpc_port: OptionalPort = 50051
    """[gRPC](wire.md#grpc) without TLS, and nothing else"""

    base_path: BasePath = ""
    """the path [below which](operating.md#under-a-path) everything is served; without it, the root"""

    workers: Workers = 1
    """processes that share the ports; [several](operating.md#several-workers) need PostgreSQL"""

    tls_cert: ExistingFile = None
    """a certificate in PEM; without it, the server makes one in the data folder"""

    tls_key: ExistingFile = None
    """the key of `HEADWATER_TLS_CERT` in PEM; the two go together"""

    data_dir: Annotated[Path, Takes("a folder that can be written")] = Path(".headwater")
    """holds the database, the certificate and the signing keys; with PostgreSQL, only the certificate"""

    database_url: DatabaseUrl = None
    """the database; without it, SQLite in the data folder"""

    redis_url: RedisUrl = None
    """carries what servers on PostgreSQL [count and tell each other](operating.md#redis-or-valkey)"""

    retention: Annotated[float, Field(ge=0, le=1e6), Takes("days, 0 or more")] = 0.0
    """conversations without an update for that long are [removed](operating.md#whose-data); 0 keeps them"""

    api_keys: Secrets = ()
    """the keys that programs may show; with any, [`/v1`](compatibility.md#openais-api) accepts nobody else"""

    allowed_origins: AllowedOrigins = ()
    """other origins whose pages may call the API"""

    allowed_hosts: AllowedHosts = ()
    """names by which the server is reached, beside addresses, `localhost` and the machine's own names"""

    openai_api_key: Annotated[Secret, Field(validation_alias="OPENAI_API_KEY")] = None
    """the key for an OpenAI-compatible server; this or the URL turns on the models `openai/<id>`"""

    openai_base_url: Annotated[HttpUrl, Field(validation_alias="OPENAI_BASE_URL")] = None
    """the address of any OpenAI-compatible server; without it, OpenAI's own"""

    openai_models: Names = ()
    """the ids to offer; without them, the server is [asked](#which-model-answers)"""

    # Read from the variable of `local_model`.
    local: Annotated[bool, BeforeValidator(_is_on), Field(validation_alias="HEADWATER_LOCAL_MODEL")] = True

    local_model: Annotated[ExistingFile, AfterValidator(_gguf), Takes("the path of a GGUF file, or off")] = (
        None
    )
    """a GGUF file, served as `local/<name>`; without it, the bundled SmolLM2; with `off`, neither"""

    default_model: Annotated[str | None, Takes("the id of a model")] = None
    """the model that answers when a request names none; without it, the first of openai, local, scripted"""

    rate_limit: Annotated[
        InstanceOf[RateLimit],
        BeforeValidator(_rate),
        Takes("a rate such as 100/minute (second, minute, hour or day)"),
    ] = RateLimit(100, UNITS["minute"])
    """starts of a reply on all servers together, per API key, or per address where there is no key"""

    max_active: Count = 1000
    """generations running at once on this server"""

    max_active_per_client: Count = 8
    """of these, on all servers together, per API key, or per address where there is no key"""

    max_message_chars: Count = 32_768
    """length of a message, in Unicode code points"""

    max_reply_chars: Count = 1_000_000
    """length of a reply, in Unicode code points"""

    first_token_timeout: Seconds = 60.0
    """the longest wait for the first token; signs of life without text begin it anew"""

    idle_timeout: Seconds = 30.0
    """the longest gap between two tokens or other signs of life"""

    total_timeout: Seconds = 3600.0
    """the longest time for a whole reply"""

    abandon_after: Seconds = 60.0
    """time without any reader before a generation is cancelled"""

    drain_timeout: SecondsOrZero = 10.0
    """time that running replies get at shutdown before they are interrupted"""

    trusted_proxies: CountOrZero = 0
    """the number of proxies in front whose word about the client's address and scheme counts"""

    flush_ms: Milliseconds = 25.0
    """the time in which tokens are gathered for one page; 0 sends every event by itself"""

    heartbeat: Seconds = 10.0
    """time between signs of life on a silent reply"""

    @property
    def openai(self) -> bool:
        """Whether an OpenAI-compatible server is configured."""
        return self.openai_api_key is not None or self.openai_base_url is not None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read all variables; an empty one counts as unset.

        Raises `SettingsError`, also for a variable that does not exist.
        """
        for name in environment:
            if name.startswith("HEADWATER_") and not name.startswith(OF_TESTS) and name not in _documented():
                near = get_close_matches(name, _documented(), 1, 0)[0]
                raise SettingsError(f"{name} is not a variable of Headwater; the nearest one is {near}")
        values = {name: value for name in _documented() if (value := environment.get(name, "").strip())}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise SettingsError(_refusal(str(error.errors()[0]["loc"][0]), values)) from None

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise SettingsError(
                "HEADWATER_TLS_CERT and HEADWATER_TLS_KEY go together: one is set and the other is not"
            )
        ports: dict[int, str] = {}
        for field in ("port", "tls_port", "grpc_port"):
            port = getattr(self, field)
            if port in ports:
                raise SettingsError(
                    f"{_variable(field)} is {port}, the same as {ports[port]}: they must differ"
                )
            if port is not None:
                ports[port] = _variable(field)
        if self.workers > 1:
            self._require_postgresql(
                f"HEADWATER_WORKERS is {self.workers}, but several workers need PostgreSQL"
            )
        if self.redis_url is not None:
            self._require_postgresql("HEADWATER_REDIS_URL is for servers that share PostgreSQL")
        return self

    def _require_postgresql(self, reason: str) -> None:
        url = self.database_url
        if url is None or database_url(url).get_backend_name() != "postgresql":
            raise SettingsError(
                f"{reason}: HEADWATER_DATABASE_URL takes a URL such as postgresql://user:password@host/name"
            )


def _variable(name: str) -> str:
    return str(Settings.model_fields[name].validation_alias)


def _documented() -> dict[str, FieldInfo]:
    """The fields that a variable sets, by its name."""
    fields = Settings.model_fields
    return {_variable(name): field for name, field in fields.items() if field.description is not None}


def _takes(field: FieldInfo) -> Takes:
    return next(data for data in reversed(field.metadata) if isinstance(data, Takes))


def _refusal(variable: str, values: Mapping[str, str]) -> str:
    takes = _takes(_documented()[variable])
    got = "" if takes.secret else f"is {values[variable]!r}, but it "
    return f"{variable} {got}takes {takes.text}"


def markdown_table() -> str:
    """The table of all variables, for `docs/configuration.md`."""
    rows = [("variable", "takes", "default", "meaning"), ("---",) * 4]
    for variable, field in _documented().items():
        rows.append((f"`{variable}`", _takes(field).text, _shown(field.default), str(field.description)))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _shown(default: object) -> str:
    match default:
        case None | () | "":
            return "unset"
        case float():
            return f"`{default:g}`"
        case RateLimit():
            return f"`{default.count}/{next(unit for unit in UNITS if UNITS[unit] == default.period)}`"
        case _:
            return f"`{default}`"
