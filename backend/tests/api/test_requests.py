"""Bodies that take their time to arrive."""

import asyncio

import pytest
from quart import Quart

from headwater.api.problems import install_problems
from headwater.api.requests import read_json_bytes


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
