"""Bodies that take their time to arrive, and what the schema says of texts and numbers."""

import asyncio
import re
import sys
from typing import Any

import pytest
from quart import Quart

from headwater.api.problems import install_problems
from headwater.api.requests import NOT_BLANK, ChatBody, read_json_bytes, validated
from headwater.errors import InvalidRequestError


@pytest.mark.parametrize(("part", "status"), [(1000, 200), (1, 400)])
async def test_a_large_body_may_take_longer(monkeypatch: pytest.MonkeyPatch, part: int, status: int) -> None:
    monkeypatch.setattr("headwater.api.requests.BODY_TIMEOUT", 0.2)
    monkeypatch.setattr("headwater.api.requests.BODY_PACE", 1000)
    app = Quart("test", static_folder=None)
    install_problems(app)

    @app.post("/")
    async def size() -> str:
        return str(len(await read_json_bytes(100_000)))

    headers = {"Content-Type": "application/json"}
    async with app.test_client().request("/", method="POST", headers=headers) as sending:
        for _ in range(8):
            await sending.send(b"x" * part)
            await asyncio.sleep(0.05)
        await sending.send_complete()
    response = await sending.as_response()
    assert response.status_code == status
    said = await response.get_data(as_text=True)
    assert said == str(8 * part) if status == 200 else "did not arrive in time" in said


def test_the_schema_knows_the_same_white_space_as_the_server() -> None:
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    white = re.sub(NOT_BLANK.pattern, "", every)
    assert white == "".join(filter(str.isspace, every))
    assert not white.strip()


@pytest.mark.parametrize(("given", "tokens"), [("7", 7), ("7.0", 7), ("7e2", 700)])
def test_an_integer_may_be_written_as_any_number_that_equals_it(given: str, tokens: int) -> None:
    body = validated(ChatBody, f'{{"message": "x", "max_tokens": {given}}}'.encode())
    assert (body.max_tokens, type(body.max_tokens)) == (tokens, int)


@pytest.mark.parametrize("given", ["7.5", '"7"', "true", "1e300", "0.0"])
def test_what_is_no_integer_within_its_bounds_is_refused(given: Any) -> None:
    with pytest.raises(InvalidRequestError, match="max_tokens"):
        validated(ChatBody, f'{{"message": "x", "max_tokens": {given}}}'.encode())
