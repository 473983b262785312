"""Who a client is, by its cookie or its header, and how that survives a change of keys."""

import httpx
import pytest
from quart import Quart

from headwater.api.principals import install_principals, principal
from headwater.api.problems import install_problems
from headwater.errors import NotFoundError, UnauthorizedError
from headwater.identity.identify import COOKIE, HEADER, Identifier, Principal
from tests.api.test_problems import check


def web(*keys: bytes) -> Quart:
    app = Quart("test", static_folder=None)
    install_problems(app)
    install_principals(app, Identifier(keys))

    @app.get("/who")
    async def who() -> str:
        return principal().owner

    @app.post("/refused")
    async def refused() -> str:
        raise NotFoundError(f"{principal().owner} has nothing here.")

    return app


async def who(app: Quart, token: str | None = None, *, header: bool = False) -> tuple[str, str | None]:
    """The client that the app sees, and the token that it sets anew."""
    sent = {} if token is None else {HEADER: token} if header else {"Cookie": f"{COOKIE}_={token}"}
    response = await app.test_client().get("/who", headers=sent)
    assert response.status_code == 200
    return await response.get_data(as_text=True), response.headers.get(HEADER)


async def test_a_name_that_an_older_key_signed_counts_and_is_signed_anew() -> None:
    name, token = await who(web(b"old"))
    again, new = await who(web(b"old", b"new"), token)
    assert again == name
    assert new not in {None, token}
    assert await who(web(b"new"), new) == (name, None)
    assert await who(web(b"old", b"new"), new) == (name, None)


async def test_a_refusal_names_nobody() -> None:
    """A form of another site is sent without the cookie; the answer would take its place."""
    response = await web(b"key").test_client().post("/refused")
    assert response.status_code == 404
    assert "Set-Cookie" not in response.headers
    assert HEADER not in response.headers


@pytest.mark.parametrize("header", [False, True])
async def test_a_name_signed_by_a_forgotten_key_is_a_strangers(header: bool) -> None:
    name, token = await who(web(b"old"))
    if header:
        response = await web(b"new").test_client().get("/who", headers={HEADER: str(token)})
        assert response.status_code == 401
    else:
        assert (await who(web(b"new"), token))[0] != name


@pytest.mark.parametrize("how", ["cut", "name", "case", "nothing", "long", "dots", "bytes"])
async def test_a_forged_name_is_a_strangers(client: httpx.AsyncClient, how: str) -> None:
    body = {"message": "mine", "model": "scripted/echo", "script": {"tokens_per_second": 100_000}}
    reply = await client.post("/api/chat", json=body, headers={"Accept": "application/json"})
    token = reply.headers[HEADER]
    name, _, signature = token.rpartition(".")
    forged = {
        "cut": token[:-1],
        "name": f"client_other.{signature}",
        "case": token.swapcase(),
        "nothing": name,
        "long": "x" * 7000,
        "dots": f"{name}..{signature}",
        "bytes": "client_%00.%ff",
    }[how]
    path = f"/api/conversations/{reply.json()['conversation']}"
    stranger = httpx.AsyncClient(base_url=client.base_url, verify=False)
    async with stranger:
        check(await stranger.get(path, headers={"Cookie": f"{COOKIE}={forged}"}), 404, "not_found")
        check(await stranger.get(path, headers={HEADER: forged}), 401, "unauthorized")
        assert (await stranger.get(path, headers={HEADER: token})).status_code == 200


def shown(identifier: Identifier, key: str = "", address: str = "10.0.0.1", **headers: str) -> Principal:
    return identifier.identify({"authorization": f"Bearer {key}" if key else "", **headers}, {}, address)


def test_each_server_of_a_host_has_a_cookie_of_its_own() -> None:
    one, other = Identifier([b"one"], server_id="1"), Identifier([b"other"], server_id="2")
    cookies: dict[str, str] = {}

    def visit(identifier: Identifier, *, is_secure: bool = False) -> str:
        found = identifier.identify({}, cookies, "10.0.0.1", is_secure=is_secure)
        if found.token is not None:
            cookies[identifier.cookie_name(is_secure=is_secure)] = found.token
        return found.owner

    first, second = visit(one), visit(other)
    assert (visit(one), visit(other)) == (first, second)
    assert visit(one, is_secure=True) == first
    assert len(cookies) == 3
    assert visit(one, is_secure=True) == first
    assert sum(name.startswith("__Host-") for name in cookies) == 1


def test_below_a_path_the_cookie_is_not_for_the_whole_host_and_the_one_before_counts() -> None:
    root = Identifier([b"key"], server_id="1")
    below = Identifier([b"key"], server_id="1", base_path="/chat")
    assert (root.cookie_path, root.cookie_name(is_secure=True)) == ("/", f"__Host-{COOKIE}_1")
    assert (below.cookie_path, below.cookie_name(is_secure=True)) == ("/chat", f"__Secure-{COOKIE}_1")
    for is_secure in (True, False):
        before = root.identify({}, {}, "10.0.0.1", is_secure=is_secure)
        cookies = {root.cookie_name(is_secure=is_secure): str(before.token)}
        moved = below.identify({}, cookies, "10.0.0.1", is_secure=True)
        assert (moved.owner, moved.token) == (before.owner, before.token)
        cookies[below.cookie_name(is_secure=True)] = str(moved.token)
        assert below.identify({}, cookies, "10.0.0.1", is_secure=True).token is None


def test_the_cookie_of_an_older_version_counts_and_gets_the_new_name() -> None:
    identifier = Identifier([b"key"], server_id="1")
    named = shown(identifier)
    found = identifier.identify({}, {COOKIE: str(named.token)}, "10.0.0.1")
    assert (found.owner, found.token) == (named.owner, named.token)


def test_an_api_key_is_one_client_wherever_it_comes_from() -> None:
    identifier = Identifier([b"key"], ["first", "second"])
    here, there = shown(identifier, "first"), shown(identifier, "first", address="10.0.0.2")
    assert here == there
    assert here.has_key
    assert here.token is None
    other = shown(identifier, "second")
    assert (other.owner, other.quota_key) != (here.owner, here.quota_key)
    assert "first" not in repr(here)


def test_a_key_that_is_none_is_refused_where_there_are_keys() -> None:
    with pytest.raises(UnauthorizedError):
        shown(Identifier([b"key"], ["first"]), "firs")
    found = shown(Identifier([b"key"]), "whatever identifier send unasked")
    assert not found.has_key
    assert found.quota_key == "10.0.0.1"


def test_any_key_names_a_client_where_that_is_wanted_and_none_are_configured() -> None:
    asked = {"authorization": "Bearer anything"}
    identifier = Identifier([b"key"])
    found = identifier.identify(asked, {}, "10.0.0.1", any_key=True)
    assert (found.owner, found.has_key) == (
        shown(Identifier([b"key"], ["anything"]), "anything").owner,
        False,
    )
    assert found.quota_key == "10.0.0.1"
    assert not found.takes_cookie
    assert shown(identifier, **{HEADER: str(found.token)}).owner == found.owner
    other = shown(identifier)
    both = identifier.identify({**asked, HEADER: str(other.token)}, {}, "10.0.0.1", any_key=True)
    assert both.owner == other.owner
    with pytest.raises(UnauthorizedError):
        Identifier([b"key"], ["first"]).identify(asked, {}, "10.0.0.1", any_key=True)


def test_a_token_beside_a_key_names_the_client_and_the_key_is_counted() -> None:
    identifier = Identifier([b"key"], ["first"])
    named = shown(identifier)
    both = shown(identifier, "first", **{HEADER: str(named.token)})
    assert both.owner == named.owner
    assert both.quota_key == shown(identifier, "first").quota_key
