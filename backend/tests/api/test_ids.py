"""Ids that clients choose, on every way to start a reply."""

from typing import Any

import httpx
import pytest

from headwater.ids import new_id
from tests.api.test_problems import check

FAST = {"tokens_per_second": 100_000}
JSON = {"Accept": "application/json"}


def new_ids() -> dict[str, str]:
    return {
        "conversation": new_id("conv"),
        "message": new_id("msg"),
        "reply": new_id("msg"),
        "generation": new_id("gen"),
    }


def body(ids: dict[str, Any], message: str = "hello", **members: Any) -> dict[str, Any]:
    return {"message": message, "model": "scripted/echo", "script": FAST, "ids": ids, **members}


async def test_a_reply_has_the_ids_that_its_client_chose(client: httpx.AsyncClient) -> None:
    ids = new_ids()
    reply = (await client.post("/api/chat", json=body(ids), headers=JSON)).json()
    assert {name: reply[name] for name in ("conversation", "generation", "message", "parent")} == {
        "conversation": ids["conversation"],
        "generation": ids["generation"],
        "message": ids["reply"],
        "parent": ids["message"],
    }
    again = {"reply": new_id("msg"), "generation": new_id("gen")}
    path = f"/api/conversations/{ids['conversation']}/messages/{ids['message']}/replies"
    other = (await client.post(path, json={"script": FAST, "ids": again}, headers=JSON)).json()
    assert (other["message"], other["generation"]) == (again["reply"], again["generation"])
    opened = (await client.get(f"/api/conversations/{ids['conversation']}")).json()
    assert [message["id"] for message in opened["messages"]] == [
        ids["message"],
        ids["reply"],
        again["reply"],
    ]


async def test_the_same_start_again_is_the_same_reply(client: httpx.AsyncClient) -> None:
    ids = new_ids()
    first = (await client.post("/api/chat", json=body(ids), headers=JSON)).json()
    assert (await client.post("/api/chat", json=body(ids), headers=JSON)).json() == first
    for other in ({"temperature": 0.5}, {"system": "Be brief."}, {"max_tokens": 5}):
        refused = await client.post("/api/chat", json=body(ids, **other))
        check(refused, 409, "conflict", "ids.generation")
    check(await client.post("/api/chat", json=body(ids, "other")), 409, "conflict", "ids.generation")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("conversation", "msg_" + "a" * 22),
        ("message", "msg_" + "a" * 21),
        ("message", "msg_" + "a" * 23),
        ("reply", "msg_" + "a" * 21 + "\n"),
        ("reply", "msg_" + "a" * 21 + "é"),
        ("reply", "msg_" + "a" * 22 + "\n"),
        ("generation", "gen" + "a" * 22),
        ("generation", "GEN_" + "a" * 22),
        ("generation", ""),
        ("generation", 7),
        ("generation", ["gen_" + "a" * 22]),
        ("generation", "gen_" + "a" * 21 + "\0"),
        ("unknown", "gen_" + "a" * 22),
    ],
)
async def test_an_id_of_another_form_is_refused_by_name(
    client: httpx.AsyncClient, name: str, wrong: object
) -> None:
    refused = await client.post("/api/chat", json=body({**new_ids(), name: wrong}))
    check(refused, 400, "invalid_request", f"ids.{name}")


async def test_ids_that_do_not_belong_are_refused_by_name(client: httpx.AsyncClient) -> None:
    ids = new_ids()
    reply = (await client.post("/api/chat", json=body(ids), headers=JSON)).json()
    named = body(new_ids(), conversation=reply["conversation"])
    check(await client.post("/api/chat", json=named), 400, "invalid_request", "ids.conversation")
    path = f"/api/conversations/{reply['conversation']}/messages/{reply['parent']}/replies"
    for name in ("conversation", "message"):
        refused = await client.post(path, json={"ids": {name: ids[name]}})
        check(refused, 400, "invalid_request", f"ids.{name}")
    check(await client.post("/api/chat", json={"message": "a", "ids": []}), 400, "invalid_request", "ids")
    check(
        await client.post("/api/chat", json=body({**new_ids(), "reply": ids["reply"]})),
        409,
        "conflict",
        "ids",
    )
    same = new_id("msg")
    check(
        await client.post("/api/chat", json=body({**new_ids(), "message": same, "reply": same})),
        409,
        "conflict",
        "ids",
    )


async def test_an_id_of_somebody_else_tells_nothing(client: httpx.AsyncClient) -> None:
    ids = new_ids()
    await client.post("/api/chat", json=body(ids), headers=JSON)
    async with httpx.AsyncClient(base_url=client.base_url, verify=False) as stranger:
        own = new_ids()
        await stranger.post("/api/chat", json=body(own), headers=JSON)
        mine = await stranger.post("/api/chat", json=body(own, "other"))
        for message in ("hello", "other"):
            theirs = await stranger.post("/api/chat", json=body(ids, message))
            assert (theirs.status_code, theirs.json()) == (mine.status_code, mine.json())
        for name in ("conversation", "message", "reply"):
            taken = [
                await stranger.post("/api/chat", json=body({**new_ids(), name: chosen[name]}))
                for chosen in (ids, own)
            ]
            assert taken[0].status_code == 409
            assert taken[0].json() == taken[1].json()
        listed = (await stranger.get("/api/conversations")).json()["conversations"]
        assert [each["id"] for each in listed] == [own["conversation"]]
