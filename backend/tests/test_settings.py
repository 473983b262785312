from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from quart_rate_limiter import RateLimit

from headwater.settings import Settings, SettingsError
from headwater.storage.database import database_url


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings()
    assert Settings.from_environment({"HEADWATER_PORT": "", "OPENAI_API_KEY": " "}) == Settings()


def test_a_long_reply_that_goes_on_is_no_fault() -> None:
    """What hangs is caught by the other two limits."""
    assert Settings().total_timeout == 3600
    assert max(Settings().first_token_timeout, Settings().idle_timeout) <= 60


def test_every_variable_is_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"GGUF")
    found = Settings.from_environment(
        {
            "HEADWATER_HOST": "::1",
            "HEADWATER_PORT": "9000",
            "HEADWATER_TLS_PORT": "0",
            "HEADWATER_GRPC_PORT": "0",
            "HEADWATER_BASE_PATH": "/chat/of-ours_2.x~",
            "HEADWATER_WORKERS": "4",
            "HEADWATER_TLS_CERT": str(file),
            "HEADWATER_TLS_KEY": str(file),
            "HEADWATER_DATA_DIR": "/data",
            "HEADWATER_DATABASE_URL": "postgres://me:secret@db/headwater",
            "HEADWATER_REDIS_URL": "redis+sentinel://me:secret@one,two/main",
            "HEADWATER_API_KEYS": "one, two",
            "HEADWATER_ALLOWED_ORIGINS": "https://Example.org:443/, http://[::1]:3000",
            "HEADWATER_ALLOWED_HOSTS": "Chat.example.org, *.example.net",
            "OPENAI_API_KEY": "key",
            "OPENAI_BASE_URL": "http://127.0.0.1:11434/v1",
            "HEADWATER_OPENAI_MODELS": "a, b,,",
            "HEADWATER_LOCAL_MODEL": str(file),
            "HEADWATER_DEFAULT_MODEL": "openai/a",
            "HEADWATER_RATE_LIMIT": "5/hour",
            "HEADWATER_MAX_ACTIVE": "7",
            "HEADWATER_MAX_ACTIVE_PER_CLIENT": "2",
            "HEADWATER_MAX_MESSAGE_CHARS": "10",
            "HEADWATER_MAX_REPLY_CHARS": "11",
            "HEADWATER_FIRST_TOKEN_TIMEOUT": "1.5",
            "HEADWATER_IDLE_TIMEOUT": "2",
            "HEADWATER_TOTAL_TIMEOUT": "3",
            "HEADWATER_ABANDON_AFTER": "5",
            "HEADWATER_DRAIN_TIMEOUT": "0",
            "HEADWATER_TRUSTED_PROXIES": "1",
            "HEADWATER_FLUSH_MS": "0",
            "HEADWATER_HEARTBEAT": "4",
        }
    )
    assert found == Settings(
        host="::1",
        port=9000,
        tls_port=None,
        grpc_port=None,
        base_path="/chat/of-ours_2.x~",
        workers=4,
        tls_cert=file,
        tls_key=file,
        data_dir=Path("/data"),
        database_url="postgres://me:secret@db/headwater",
        redis_url="redis+sentinel://me:secret@one,two/main",
        api_keys=("one", "two"),
        allowed_origins=("https://example.org", "http://[::1]:3000"),
        allowed_hosts=("chat.example.org", "*.example.net"),
        openai_api_key="key",
        openai_base_url="http://127.0.0.1:11434/v1",
        openai_models=("a", "b"),
        local=True,
        local_model=file,
        default_model="openai/a",
        rate_limit=RateLimit(5, timedelta(hours=1)),
        max_active=7,
        max_active_per_client=2,
        max_message_chars=10,
        max_reply_chars=11,
        first_token_timeout=1.5,
        idle_timeout=2,
        total_timeout=3,
        abandon_after=5,
        drain_timeout=0,
        trusted_proxies=1,
        flush_ms=0,
        heartbeat=4,
    )
    assert found.openai


def test_only_from_environment_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_PORT", "9000")
    assert Settings(local=False, openai_api_key="key") == Settings.from_environment(
        {"HEADWATER_LOCAL_MODEL": "off", "OPENAI_API_KEY": "key"}
    )


@pytest.mark.parametrize("variable", ["LOCAL", "PORT", "headwater_port", "HEADWATER_TEST_BROWSER"])
def test_only_our_variables_count(variable: str) -> None:
    assert Settings.from_environment({variable: "9000"}) == Settings()


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("HEADWATER_LOCAL", "HEADWATER_LOCAL_MODEL"),
        ("HEADWATER_APIKEYS", "HEADWATER_API_KEYS"),
        ("HEADWATER_RATELIMIT", "HEADWATER_RATE_LIMIT"),
        ("HEADWATER_", "HEADWATER_PORT"),
    ],
)
def test_a_variable_that_does_not_exist_is_refused_with_the_nearest(variable: str, nearest: str) -> None:
    for value in ("9000", ""):
        with pytest.raises(SettingsError, match=rf"^{variable} is not .*; the nearest one is {nearest}$"):
            Settings.from_environment({variable: value})


def test_a_list_is_refused_with_all_that_was_given() -> None:
    with pytest.raises(SettingsError, match=r"is 'https://example\.org,ftp:.*', but it takes origins"):
        Settings.from_environment({"HEADWATER_ALLOWED_ORIGINS": "https://example.org,ftp://example.org"})


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 9000


def test_the_local_model_can_be_turned_off() -> None:
    assert not Settings.from_environment({"HEADWATER_LOCAL_MODEL": "Off"}).local


@pytest.mark.parametrize("key", ["sk-\u00e9", "sk-a\nb"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(SettingsError, match="OPENAI_API_KEY") as caught:
        Settings.from_environment({"OPENAI_API_KEY": key})
    assert "sk-" not in str(caught.value)


@pytest.mark.parametrize("variable", ["HEADWATER_API_KEYS", "HEADWATER_ALLOWED_ORIGINS"])
def test_a_list_of_separators_alone_is_refused(variable: str) -> None:
    """Without keys, `/v1` is open: a list that lost its keys must not open it."""
    with pytest.raises(SettingsError, match=variable):
        Settings.from_environment({variable: " , ,"})


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:secret@db/x",
        "secret",
        "postgresql+psycopg2://me:secret@db/x",
        "postgresql://me:secret@db/x?channel_binding=require",
        "postgresql://me:secret@db/x?sslmode=some",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_a_database_of_another_kind_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="HEADWATER_DATABASE_URL takes a URL") as caught:
        Settings.from_environment({"HEADWATER_DATABASE_URL": url})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("written", ["?sslmode=require", "?ssl=require"])
def test_a_database_is_reached_over_tls_by_either_name(written: str) -> None:
    settings = Settings.from_environment({"HEADWATER_DATABASE_URL": f"postgresql://me@db/x{written}"})
    assert settings.database_url is not None
    assert database_url(settings.database_url).query == {"ssl": "require"}


@pytest.mark.parametrize("url", ["http://:secret@h", "redis://:secret@h/x", "redis+sentinel://:secret@h"])
def test_what_is_no_redis_is_refused_with_all_that_is(url: str) -> None:
    with pytest.raises(SettingsError, match=r"redis\+sentinel://host:26379,host:26379/service") as caught:
        Settings.from_environment({"HEADWATER_REDIS_URL": url})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("database", [{}, {"HEADWATER_DATABASE_URL": "sqlite:///file.db"}])
def test_redis_is_for_servers_on_postgresql(database: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="HEADWATER_REDIS_URL is for servers that share PostgreSQL"):
        Settings.from_environment({"HEADWATER_REDIS_URL": "redis://h", **database})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HEADWATER_PORT", "http"),
        ("HEADWATER_PORT", "0"),
        ("HEADWATER_PORT", "65536"),
        ("HEADWATER_TLS_PORT", "-1"),
        ("HEADWATER_TLS_PORT", "8000"),
        ("HEADWATER_GRPC_PORT", "8443"),
        ("HEADWATER_BASE_PATH", "chat"),
        ("HEADWATER_BASE_PATH", "/"),
        ("HEADWATER_BASE_PATH", "/chat/"),
        ("HEADWATER_BASE_PATH", "//chat"),
        ("HEADWATER_BASE_PATH", "/a//b"),
        ("HEADWATER_BASE_PATH", "/.."),
        ("HEADWATER_BASE_PATH", "/a/../b"),
        ("HEADWATER_BASE_PATH", "/a/./b"),
        ("HEADWATER_BASE_PATH", "/chat?x"),
        ("HEADWATER_BASE_PATH", "/chat#x"),
        ("HEADWATER_BASE_PATH", "/ch%61t"),
        ("HEADWATER_BASE_PATH", "/a b"),
        ("HEADWATER_BASE_PATH", "/plauderei-\u00fc"),
        ("HEADWATER_BASE_PATH", '/"><script>'),
        ("HEADWATER_BASE_PATH", "https://example.org/chat"),
        ("HEADWATER_ALLOWED_ORIGINS", "*"),
        ("HEADWATER_ALLOWED_ORIGINS", "https://example.org/chat"),
        ("HEADWATER_ALLOWED_ORIGINS", "https://me@example.org"),
        ("HEADWATER_WORKERS", "0"),
        ("HEADWATER_WORKERS", "auto"),
        ("HEADWATER_WORKERS", "2"),
        ("HEADWATER_TLS_CERT", "/nowhere.pem"),
        ("HEADWATER_TLS_CERT", __file__),
        ("HEADWATER_LOCAL_MODEL", "/nowhere.gguf"),
        ("HEADWATER_LOCAL_MODEL", __file__),
        ("HEADWATER_ALLOWED_HOSTS", "*"),
        ("HEADWATER_ALLOWED_HOSTS", "https://example.org"),
        ("OPENAI_BASE_URL", "localhost:11434"),
        ("OPENAI_BASE_URL", "ftp://host/v1"),
        ("HEADWATER_RATE_LIMIT", "100"),
        ("HEADWATER_RATE_LIMIT", "x/minute"),
        ("HEADWATER_RATE_LIMIT", "0/minute"),
        ("HEADWATER_RATE_LIMIT", "1/fortnight"),
        ("HEADWATER_MAX_ACTIVE", "0"),
        ("HEADWATER_MAX_ACTIVE", "many"),
        ("HEADWATER_MAX_MESSAGE_CHARS", "1.5"),
        ("HEADWATER_IDLE_TIMEOUT", "0"),
        ("HEADWATER_IDLE_TIMEOUT", "nan"),
        ("HEADWATER_TOTAL_TIMEOUT", "inf"),
        ("HEADWATER_ABANDON_AFTER", "0"),
        ("HEADWATER_HEARTBEAT", "-1"),
        ("HEADWATER_FLUSH_MS", "soon"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(variable: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({variable: value})
    message = str(caught.value)
    assert "\n" not in message
    assert variable in message
    assert value in message or variable == "HEADWATER_TLS_CERT"
