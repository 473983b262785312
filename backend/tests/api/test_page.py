import mimetypes
from pathlib import Path

import pytest
from quart import Quart

from headwater.api.page import page_blueprint
from headwater.api.principals import install_principals
from headwater.api.problems import install_problems
from headwater.identity.identify import Identifier


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "built" / "assets").mkdir(parents=True)
    (tmp_path / "built" / "index.html").write_text("<title>page</title>")
    for name in ("favicon.svg", "icon-192.png", "manifest.webmanifest"):
        (tmp_path / "built" / name).write_text("<svg/>")
    (tmp_path / "built" / "assets" / "index-abc.js").write_text("export {}")
    (tmp_path / "built" / "diagram" / "assets").mkdir(parents=True)
    (tmp_path / "built" / "diagram" / "index.html").write_text("<title>diagram</title>")
    (tmp_path / "built" / "diagram" / "assets" / "index-abc.js").write_text("export {}")
    (tmp_path / "secret").write_text("secret")
    return tmp_path / "built"


def web(built: Path) -> Quart:
    app = Quart("test", static_folder=None)
    install_problems(app)
    install_principals(app, Identifier([b"key"]))
    app.register_blueprint(page_blueprint(built))
    return app


async def test_the_page_is_checked_each_time_and_names_the_client(built: Path) -> None:
    client = web(built).test_client()
    response = await client.get("/")
    assert response.status_code == 200
    assert await response.get_data(as_text=True) == "<title>page</title>"
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "headwater_client_=" in response.headers["Set-Cookie"]
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    again = await client.get("/", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


async def test_the_addresses_in_the_page_are_below_the_base_path_however_deep_it_is_shown(
    built: Path,
) -> None:
    html = '<script src="./theme.js"></script><link href="./assets/index-abc.js">'
    (built / "index.html").write_text(html)
    client = web(built).test_client()
    for base in ("", "/chat", "/a/b"):
        expected = html.replace('"./', f'"{base}/')
        seen = [await client.get(f"{base}{path}", root_path=base) for path in ("/", "/c/conv_x", "/s/x/y")]
        assert [await each.get_data(as_text=True) for each in seen] == [expected] * 3
        assert {each.mimetype for each in seen} == {"text/html"}
        # Another base path is another page, so a browser takes no old one for it.
        assert len({each.headers["ETag"] for each in seen}) == 1
        other = {"If-None-Match": seen[0].headers["ETag"]}
        assert (await client.get(f"{base}/", root_path=base, headers=other)).status_code == 304
        assert (await client.get("/other/", root_path="/other", headers=other)).status_code == 200


@pytest.mark.parametrize("path", ["/s/token", "/c/conv_x", "/c/conv_x/", "/c/conv_x%2fy", "/s/token/."])
async def test_the_page_of_one_conversation_is_in_no_search_engine(built: Path, path: str) -> None:
    client = web(built).test_client()
    response = await client.get(path)
    assert await response.get_data(as_text=True) == "<title>page</title>"
    assert response.headers["X-Robots-Tag"] == "noindex"
    assert "X-Robots-Tag" not in (await client.get("/")).headers


async def test_a_mistyped_address_is_a_new_chat_to_a_browser_and_a_problem_to_a_program(built: Path) -> None:
    client = web(built).test_client()
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    shown = await client.get("/zzz", headers=browser)
    assert shown.status_code == 404
    assert await shown.get_data(as_text=True) == "<title>page</title>"
    assert "default-src 'self'" in shown.headers["Content-Security-Policy"]
    again = await client.get("/zzz", headers={**browser, "If-None-Match": shown.headers["ETag"]})
    assert again.status_code == 304
    told = await client.get("/zzz", headers={"Accept": "*/*"})
    assert told.status_code == 404
    assert (await told.get_json())["code"] == "not_found"
    assert (await client.get("/favicon.svg", headers=browser)).status_code == 200


async def test_assets_are_kept_for_ever_by_everybody(built: Path) -> None:
    response = await web(built).test_client().get("/assets/index-abc.js")
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Expires" not in response.headers
    assert response.mimetype == "text/javascript"
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("path", ["/diagram/index.html", "/diagram/assets/index-abc.js"])
async def test_what_draws_diagrams_can_do_nothing_else(built: Path, path: str) -> None:
    response = await web(built).test_client().get(path)
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert "sandbox allow-scripts" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("favicon.svg", "image/svg+xml"),
        ("icon-192.png", "image/png"),
        ("manifest.webmanifest", "application/manifest+json"),
    ],
)
async def test_files_beside_the_page_are_served(
    built: Path, name: str, media_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mimetypes, "guess_type", lambda *_args, **_kwargs: ("text/plain", None))
    response = await web(built).test_client().get(f"/{name}")
    assert response.status_code == 200
    assert response.mimetype == media_type


@pytest.mark.parametrize(
    "path", ["/none.js", "/assets/none.js", "/assets/../secret", "/..%2fsecret", "/assets/..%2f..%2fsecret"]
)
async def test_nothing_else_is_served(built: Path, path: str) -> None:
    response = await web(built).test_client().get(path)
    assert response.status_code == 404
    assert "secret" not in await response.get_data(as_text=True)


async def test_a_page_that_was_not_built_says_so(tmp_path: Path) -> None:
    response = await web(tmp_path).test_client().get("/")
    assert response.status_code == 404
    assert "make setup" in (await response.get_json())["detail"]
