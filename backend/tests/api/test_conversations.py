"""Kept conversations over HTTP: list, open, change, delete, search, share, export, import, changes."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.api.test_problems import check
from tests.running import RunningServer, SseEvent, asked, over_each_protocol, sse_events, text_of

FAST = {"tokens_per_second": 100_000}
GATE = {"tokens_per_second": 100_000, "faults": [{"after": 2, "kind": "gate"}]}


async def reply(
    client: httpx.AsyncClient, message: str, path: str = "/api/chat", **body: Any
) -> dict[str, Any]:
    sent = {"message": message, "model": "scripted/echo", "script": FAST, **body}
    response = await client.post(path, json=sent, headers={"Accept": "application/json"})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def again(client: httpx.AsyncClient, conversation: str, message: str, **body: Any) -> httpx.Response:
    return await client.post(
        f"/api/conversations/{conversation}/messages/{message}/replies",
        json={"script": FAST, **body},
        headers={"Accept": "application/json"},
    )


async def opened(client: httpx.AsyncClient, conversation: str) -> dict[str, Any]:
    """The conversation, once no row of it is still being written."""
    async with asyncio.timeout(10):
        while True:
            response = await client.get(f"/api/conversations/{conversation}")
            assert response.status_code == 200, response.text
            found: dict[str, Any] = response.json()
            if not found["running"]:
                return found


async def listed(client: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/api/conversations", params=params)).json()[
        "conversations"
    ]
    return found


def texts(conversation: dict[str, Any]) -> list[str]:
    return [message["text"] for message in conversation["messages"]]


@pytest.fixture
async def other(server: RunningServer) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody else."""
    async with httpx.AsyncClient(base_url=server.url, timeout=20) as made:
        await made.get("/api/models")
        yield made


async def test_what_was_said_is_there_with_its_tree(client: httpx.AsyncClient) -> None:
    first = await reply(client, "one two three")
    conversation = await opened(client, first["conversation"])
    question, answer = conversation["messages"]
    assert (question["role"], question["text"], question["parent"]) == ("user", "one two three", None)
    assert (answer["role"], answer["text"], answer["parent"]) == (
        "assistant",
        "one two three",
        question["id"],
    )
    assert answer["outcome"] == first["outcome"]
    assert (answer["generation"], answer["model"]) == (first["generation"], "scripted/echo")
    assert not answer["running"]
    assert conversation["leaf"] == answer["id"] == first["message"]
    assert conversation["title"] == "one two three"


async def test_the_list_is_newest_first_and_paged_without_loss(client: httpx.AsyncClient) -> None:
    made = [(await reply(client, f"number {n} of some"))["conversation"] for n in range(5)]
    await reply(client, "more", conversation=made[1])
    found: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/api/conversations", params=params)).json()
        found += [each["id"] for each in page["conversations"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert found == [made[n] for n in (1, 4, 3, 2, 0)]


async def test_an_edited_question_is_a_branch_beside_the_first(client: httpx.AsyncClient) -> None:
    first = await reply(client, "first question")
    name = first["conversation"]
    await reply(client, "second question", conversation=name)
    edited = await reply(client, "other second", conversation=name, parent=first["message"])
    beginning = await reply(client, "other beginning", conversation=name, parent="root")
    conversation = await opened(client, name)
    parents = {
        message["text"]: message["parent"]
        for message in conversation["messages"]
        if message["role"] == "user"
    }
    assert parents == {
        "first question": None,
        "second question": first["message"],
        "other second": first["message"],
        "other beginning": None,
    }
    assert conversation["leaf"] == beginning["message"]
    chosen = await client.patch(f"/api/conversations/{name}", json={"leaf": edited["parent"]})
    assert chosen.status_code == 200
    assert (await opened(client, name))["leaf"] == edited["message"]


async def test_asking_again_is_another_reply_to_the_same_question(client: httpx.AsyncClient) -> None:
    first = await reply(client, "say it")
    response = await again(client, first["conversation"], first["parent"])
    assert response.status_code == 200
    assert response.headers["location"] == f"/api/generations/{response.json()['generation']}"
    second = response.json()
    assert (second["parent"], second["text"]) == (first["parent"], "say it")
    conversation = await opened(client, first["conversation"])
    replies = [message["id"] for message in conversation["messages"] if message["role"] == "assistant"]
    assert replies == [first["message"], second["message"]]
    assert conversation["leaf"] == second["message"]


@over_each_protocol
async def test_asking_again_needs_no_body_and_streams_as_any_reply(client: httpx.AsyncClient) -> None:
    first = await reply(client, "a b")
    path = f"/api/conversations/{first['conversation']}/messages/{first['parent']}/replies"
    async with client.stream("POST", path) as response:
        events = [event async for event in sse_events(response)]
    assert events[0].event == "start"
    assert text_of(events) == "a b"
    assert events[-1].data["status"] == "completed"


async def test_a_stopped_reply_goes_on_from_where_it_was_stopped(client: httpx.AsyncClient) -> None:
    async with asked(client, "one two three four five", script=GATE) as response:
        events = aiter(sse_events(response))
        start = (await anext(events)).data
        seen = [await anext(events)]
        while text_of(seen) != "one two":
            seen.append(await anext(events))
        await client.post(f"/api/generations/{start['generation']}/cancel")
        async for event in events:
            seen.append(event)
    # At once: its row may still be being written.
    rest = (await again(client, start["conversation"], start["message"])).json()
    assert rest["text"] == " three four five"
    assert rest["parent"] == start["message"]
    conversation = await opened(client, start["conversation"])
    assert texts(conversation) == ["one two three four five", "one two", " three four five"]


async def test_a_reply_that_runs_cannot_be_gone_on_with(client: httpx.AsyncClient) -> None:
    async with asked(client, "one two three", script=GATE) as response:
        start = (await anext(aiter(sse_events(response)))).data
        check(await again(client, start["conversation"], start["message"]), 409, "conflict")
        await client.post(f"/api/generations/{start['generation']}/cancel")


async def test_a_running_reply_shows_its_text_so_far_and_is_followed_from_there(
    client: httpx.AsyncClient,
) -> None:
    async with asked(client, "one two three four", script=GATE) as response:
        events = aiter(sse_events(response))
        start = (await anext(events)).data
        seen = [await anext(events)]
        while text_of(seen) != "one two":
            seen.append(await anext(events))
        conversation = (await client.get(f"/api/conversations/{start['conversation']}")).json()
        running = conversation["messages"][-1]
        assert (running["text"], running["cursor"], running["running"]) == ("one two", 2, True)
        assert running["outcome"] is None
        assert conversation["running"]
        assert (await listed(client))[0]["running"]
        path = f"/api/generations/{running['generation']}/events"
        async with client.stream("GET", path, params={"after": running["cursor"]}) as follower:
            await client.post(f"/api/scripted/gates/{running['generation']}")
            rest = [event async for event in sse_events(follower)]
        assert running["text"] + text_of(rest) == "one two three four"
        async for _ in events:
            pass
    assert texts(await opened(client, start["conversation"]))[-1] == "one two three four"


async def test_settings_belong_to_the_conversation(client: httpx.AsyncClient) -> None:
    first = await reply(client, "hi", system="Be brief.", temperature=0.5)
    path = f"/api/conversations/{first['conversation']}"
    conversation = (await client.get(path)).json()
    assert (conversation["model"], conversation["system"]) == ("scripted/echo", "Be brief.")
    assert (conversation["temperature"], conversation["max_tokens"]) == (0.5, None)
    await client.patch(path, json={"max_tokens": 2, "system": None})
    body = {"message": "one two three", "conversation": first["conversation"]}
    second = (await client.post("/api/chat", json=body, headers={"Accept": "application/json"})).json()
    assert (second["model"], second["text"]) == ("scripted/echo", "one two")
    assert second["outcome"]["reason"] == "length"
    conversation = (await client.get(path)).json()
    assert (conversation["system"], conversation["max_tokens"]) == (None, 2)


async def test_what_the_window_does_not_hold_is_left_out_and_told(client: httpx.AsyncClient) -> None:
    long = "word " * 5000
    first = await reply(client, long)
    assert first["outcome"]["usage"]["prompt_tokens"] == 5000
    second = await reply(client, "and now", conversation=first["conversation"])
    conversation = await opened(client, first["conversation"])
    assert [message["left_out"] for message in conversation["messages"]] == [0, 0, 0, 2]
    assert second["outcome"]["usage"]["prompt_tokens"] == 2


async def test_a_conversation_is_renamed_pinned_and_archived(client: httpx.AsyncClient) -> None:
    names = [(await reply(client, f"topic {n} here"))["conversation"] for n in range(3)]
    path = f"/api/conversations/{names[0]}"
    renamed = (await client.patch(path, json={"title": "  Mine ", "pinned": True})).json()
    assert (renamed["title"], renamed["pinned"]) == ("  Mine ", True)
    await reply(client, "next", conversation=names[0])
    assert (await opened(client, names[0]))["title"] == "  Mine "
    await client.patch(f"/api/conversations/{names[1]}", json={"archived": True})
    assert [each["id"] for each in await listed(client)] == [names[0], names[2]]
    assert [each["id"] for each in await listed(client, pinned="true")] == [names[0]]
    assert [each["id"] for each in await listed(client, pinned="false")] == [names[2]]
    assert [each["id"] for each in await listed(client, archived="true")] == [names[1]]


async def test_a_deleted_conversation_is_gone_until_it_is_restored(client: httpx.AsyncClient) -> None:
    first = await reply(client, "remember heliotrope")
    path = f"/api/conversations/{first['conversation']}"
    shared = (await client.post(f"{path}/share")).json()
    assert (await client.delete(path)).status_code == 204
    check(await client.get(path), 404, "not_found")
    check(await client.delete(path), 404, "not_found")
    check(await client.get(f"/api/shared/{shared['token']}"), 404, "not_found")
    assert await listed(client) == []
    assert (await client.get("/api/conversations/search?q=heliotrope")).json()["results"] == []
    asked_there = await client.post("/api/chat", json={"message": "x", "conversation": first["conversation"]})
    check(asked_there, 404, "not_found", "conversation")
    assert (await client.post(f"{path}/restore")).status_code == 200
    assert texts(await opened(client, first["conversation"])) == ["remember heliotrope"] * 2
    assert (await client.post(f"{path}/restore")).status_code == 200


async def test_deleting_stops_what_runs_there(client: httpx.AsyncClient) -> None:
    async with asked(client, "one two three", script=GATE) as response:
        events = aiter(sse_events(response))
        start = (await anext(events)).data
        assert (await client.delete(f"/api/conversations/{start['conversation']}")).status_code == 204
        seen = [event async for event in events]
    assert seen[-1].data["status"] == "cancelled"


async def test_search_finds_words_in_titles_and_messages(client: httpx.AsyncClient) -> None:
    inside = await reply(client, "hello there")
    await reply(client, "the quick zebrafish swims <b>fast</b>", conversation=inside["conversation"])
    titled = await reply(client, "zebrafish and others")
    await client.patch(f"/api/conversations/{titled['conversation']}", json={"archived": True})
    found = (await client.get("/api/conversations/search", params={"q": "Zebraf"})).json()
    by_id = {result["conversation"]["id"]: result for result in found["results"]}
    assert set(by_id) == {inside["conversation"], titled["conversation"]}
    snippet = by_id[inside["conversation"]]["snippet"]
    assert "".join(part["text"] for part in snippet) == "the quick zebrafish swims <b>fast</b>"
    assert [part["text"] for part in snippet if part["match"]] == ["zebrafish"]
    title = by_id[titled["conversation"]]["title"]
    assert title[0] == {"text": "zebrafish", "match": True}
    assert by_id[titled["conversation"]]["message"] == titled["message"]


@pytest.mark.parametrize("question", ['"', "'; DROP TABLE x", "NEAR(", "a:b*", "-", "(", "%00x", "😀", "_"])
async def test_no_question_breaks_the_search(client: httpx.AsyncClient, question: str) -> None:
    response = await client.get("/api/conversations/search", params={"q": question})
    assert response.status_code == 200, response.text
    assert response.json() == {"results": [], "cursor": None}


async def test_there_is_no_link_to_nothing(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/conversations/import", json=archive(messages=[]))
    (taken,) = response.json()["conversations"]
    check(await client.post(f"/api/conversations/{taken['id']}/share"), 409, "conflict")


async def test_a_link_shows_the_branch_of_then_and_nothing_later(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    first = await reply(client, "shared words", system="A secret.")
    path = f"/api/conversations/{first['conversation']}"
    link = (await client.post(f"{path}/share")).json()
    assert link["path"] == f"/s/{link['token']}"
    await reply(client, "later words", conversation=first["conversation"])
    seen = await other.get(f"/api/shared/{link['token']}")
    assert [message["text"] for message in seen.json()["messages"]] == ["shared words"] * 2
    assert "secret" not in seen.text
    assert "headwater_client" not in seen.headers.get("set-cookie", "")
    assert (await client.post(f"{path}/share")).json() == link
    assert len((await other.get(f"/api/shared/{link['token']}")).json()["messages"]) == 4
    assert (await client.get(path)).json()["share"] == link["token"]
    check(await other.delete(f"{path}/share"), 404, "not_found")
    assert (await client.delete(f"{path}/share")).status_code == 204
    check(await other.get(f"/api/shared/{link['token']}"), 404, "not_found")
    assert (await client.get(path)).json()["share"] is None


async def test_an_export_imported_elsewhere_and_exported_again_is_the_same(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    first = await reply(client, "tree – ünï 😀\n\n```\ncode\n```", system="Be brief.", temperature=1)
    name = first["conversation"]
    await reply(client, "next", conversation=name)
    await reply(client, "beside", conversation=name, parent=first["message"])
    await again(client, name, first["parent"])
    await client.patch(f"/api/conversations/{name}", json={"pinned": True, "title": "Ours"})
    await opened(client, name)
    one = await client.get(f"/api/conversations/{name}/export")
    assert one.headers["content-disposition"] == 'attachment; filename="Ours.json"'
    taken = await other.post(
        "/api/conversations/import", content=one.content, headers={"Content-Type": "application/json"}
    )
    assert taken.status_code == 201, taken.text
    new = taken.json()["conversations"][0]["id"]
    assert new != name
    assert (await other.get(f"/api/conversations/{new}/export")).content == one.content
    everything = await other.get("/api/conversations/export")
    assert everything.content == one.content
    kept, original = await opened(other, new), await opened(client, name)
    assert texts(kept) == texts(original)
    assert [message["outcome"] for message in kept["messages"]] == [
        message["outcome"] for message in original["messages"]
    ]


async def test_markdown_is_the_branch_for_people(client: httpx.AsyncClient) -> None:
    first = await reply(client, "not this one")
    await reply(client, "what is read", conversation=first["conversation"], parent="root")
    response = await client.get(f"/api/conversations/{first['conversation']}/export?format=markdown")
    assert response.headers["content-type"] == "text/markdown; charset=utf-8"
    assert response.text == ("# not this one\n\n## You\n\nwhat is read\n\n## scripted/echo\n\nwhat is read\n")


MESSAGE = {"parent": None, "role": "user", "text": "x", "created_at": "2026-01-01T00:00:00.000Z"}
CONVERSATION = {
    "title": "t",
    "created_at": "2026-01-01T00:00:00.000Z",
    "updated_at": "2026-01-01T00:00:00.000Z",
    "messages": [MESSAGE],
}


def archive(**members: Any) -> dict[str, Any]:
    return {"format": "headwater", "version": 1, "conversations": [{**CONVERSATION, **members}]}


async def test_an_outcome_from_before_the_hops_were_measured_is_taken_with_nulls(
    client: httpx.AsyncClient,
) -> None:
    timing = {
        "first_token_ms": 9, "duration_ms": 99, "tokens": 4, "tokens_per_second": 21.4, "longest_gap_ms": 8,
    }  # fmt: skip
    outcome = {"status": "completed", "reason": "stop", "usage": None, "timing": timing}
    messages = [MESSAGE, {**MESSAGE, "parent": 0, "role": "assistant", "outcome": outcome}]
    taken = await client.post("/api/conversations/import", json=archive(messages=messages))
    kept = await opened(client, taken.json()["conversations"][0]["id"])
    expected = {**timing, "server_ms": None, "provider_ms": None}
    assert kept["messages"][1]["outcome"] == {**outcome, "timing": expected}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, None),
        ([], None),
        ({**archive(), "format": "other"}, None),
        ({**archive(), "version": 2}, None),
        ({**archive(), "more": 1}, None),
        (archive(title="a\0b"), "conversations.0.title"),
        (archive(leaf=1), "conversations.0"),
        (archive(leaf=-1), "conversations.0.leaf"),
        (archive(created_at="yesterday"), "conversations.0.created_at"),
        (archive(created_at="2026-13-01T00:00:00.000Z"), "conversations.0"),
        (archive(created_at="2026-01-01T00:00:00.000+99:99Z"), "conversations.0.created_at"),
        (archive(owner="me"), "conversations.0.owner"),
        (archive(temperature=3), "conversations.0.temperature"),
        (archive(messages=[{**MESSAGE, "parent": 0}]), "conversations.0"),
        (archive(messages=[{**MESSAGE, "parent": 5}]), "conversations.0"),
        (archive(messages=[{**MESSAGE, "role": "system"}]), "conversations.0.messages.0.role"),
        (archive(messages=[{**MESSAGE, "id": "msg_1"}]), "conversations.0.messages.0.id"),
        (archive(messages=[{**MESSAGE, "outcome": {"status": "odd"}}]), "conversations.0.messages.0.outcome"),
        (archive(messages=[{**MESSAGE, "left_out": -1}]), "conversations.0.messages.0.left_out"),
    ],
)
async def test_what_is_no_export_is_refused_and_nothing_is_taken_in(
    client: httpx.AsyncClient, body: object, field: str | None
) -> None:
    check(await client.post("/api/conversations/import", json=body), 400, "invalid_request", field)
    assert await listed(client) == []


async def test_a_reply_to_what_was_imported_needs_something_said(client: httpx.AsyncClient) -> None:
    for text, status in (("Hello.", 200), ("", 400), (" \n", 400)):
        body = archive(messages=[{**MESSAGE, "role": "assistant", "text": text}], model="scripted/echo")
        response = await client.post("/api/conversations/import", json=body)
        found = await opened(client, response.json()["conversations"][0]["id"])
        response = await again(client, found["id"], found["leaf"])
        assert response.status_code == status, response.text
        if status == 200:
            assert response.json()["outcome"]["status"] == "completed"
        else:
            check(response, 400, "invalid_request", "message")


@over_each_protocol
async def test_an_import_of_bottomless_json_is_refused(client: httpx.AsyncClient) -> None:
    body = b'{"format":"headwater","version":1,"conversations":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}"
    headers = {"Content-Type": "application/json"}
    response = await client.post("/api/conversations/import", content=body, headers=headers)
    check(response, 400, "invalid_request")


async def test_what_is_wrong_between_members_is_told_in_words(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/conversations/import", json=archive(leaf=1))
    assert response.json()["detail"] == "conversations.0: leaf is not the index of a message."


async def test_all_conversations_of_a_client_are_removed_for_good(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    first, theirs = await reply(client, "one"), await reply(other, "theirs")
    running = {"message": "two", "model": "scripted/stall"}
    async with (
        client.stream("GET", "/api/conversations/events") as changes,
        client.stream("POST", "/api/chat", json=running, headers={"Accept": "text/event-stream"}) as stalled,
    ):
        events, said = aiter(sse_events(changes)), aiter(sse_events(stalled))
        assert (await anext(events)).event == "ready"
        start = (await anext(said)).data
        assert (await client.delete("/api/conversations")).status_code == 204
        assert [event async for event in said][-1].data["status"] == "cancelled"
        changed = set[str]()
        while first["conversation"] not in changed:
            changed |= set((await anext(events)).data.get("conversations", ()))
        assert start["conversation"] in changed
    assert await listed(client) == []
    for generation in (first["generation"], start["generation"]):
        check(await client.get(f"/api/generations/{generation}"), 404, "not_found")
    restored = await client.post(f"/api/conversations/{first['conversation']}/restore")
    check(restored, 404, "not_found")
    assert [each["id"] for each in await listed(other)] == [theirs["conversation"]]
    assert (await client.delete("/api/conversations")).status_code == 204
    foreign = {"Origin": "https://example.org", "Sec-Fetch-Site": "cross-site"}
    refused = await other.delete("/api/conversations", headers=foreign)
    check(refused, 403, "forbidden")
    assert len(await listed(other)) == 1


async def imported(client: httpx.AsyncClient, body: dict[str, Any]) -> tuple[list[str], int]:
    response = await client.post("/api/conversations/import", json=body)
    assert response.status_code == 201, response.text
    return [each["id"] for each in response.json()["conversations"]], response.json()["existing"]


async def test_an_import_that_is_sent_again_adds_only_what_is_missing(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    body = archive()
    different = {**CONVERSATION, "title": "different"}
    body["conversations"] += [CONVERSATION, different]
    ids, existing = await imported(client, body)
    assert (len(set(ids)), existing) == (3, 0)
    assert await imported(client, body) == ([], 3)
    assert {each["id"] for each in await listed(client)} == set(ids)
    of_other, existing = await imported(other, body)
    assert (len(of_other), existing, set(of_other) & set(ids)) == (3, 0, set())
    await reply(client, "go on", conversation=ids[0])
    await client.patch(f"/api/conversations/{ids[1]}", json={"title": "renamed"})
    await client.delete(f"/api/conversations/{ids[2]}")
    body["conversations"].append({**different, "title": "one more"})
    again, existing = await imported(client, body)
    assert (again[0], len(again), existing) == (ids[2], 2, 2)
    assert len((await opened(client, ids[0]))["messages"]) == 3
    assert (await opened(client, ids[1]))["title"] == "renamed"


async def test_an_export_that_is_imported_where_it_came_from_adds_nothing(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    first = await reply(client, "tree – ünï 😀")
    name = first["conversation"]
    await reply(client, "beside", conversation=name, parent=first["message"])
    second = await reply(client, "second")
    # An import that was changed has another content than its id.
    (third,), _ = await imported(client, archive())
    await client.patch(f"/api/conversations/{third}", json={"pinned": True})
    for grown in (False, True):
        if not grown:
            exported = (await client.get("/api/conversations/export")).json()
        else:
            await reply(client, "more", conversation=name)
            await client.patch(f"/api/conversations/{name}", json={"pinned": True})
        assert await imported(client, exported) == ([], 3)
        assert {each["id"] for each in await listed(client)} == {name, second["conversation"], third}
    # A copy within the archive stays one, and what was deleted comes back.
    exported["conversations"].append(exported["conversations"][-1])
    await client.delete(f"/api/conversations/{third}")
    added, existing = await imported(client, exported)
    assert (len(added), existing) == (2, 2)
    assert await imported(client, exported) == ([], 4)
    assert [len(part) if isinstance(part, list) else part for part in await imported(other, exported)] == [
        4,
        0,
    ]


async def test_a_reply_that_ran_when_it_was_exported_is_known_after_its_end(
    client: httpx.AsyncClient,
) -> None:
    async with asked(client, "one two three", script=GATE) as response:
        events = sse_events(response)
        running = (await anext(events)).data
        name = running["conversation"]
        await anext(events)
        archives = [
            (await client.get(address)).json()
            for address in ("/api/conversations/export", f"/api/conversations/{name}/export?format=json")
        ]
        for exported in archives:
            assert exported["conversations"][0]["messages"][-1]["outcome"] is None
            assert await imported(client, exported) == ([], 1)
        await client.post(f"/api/scripted/gates/{running['generation']}")
        async for _ in events:
            pass
    for exported in archives:
        assert await imported(client, exported) == ([], 1)
    assert [each["id"] for each in await listed(client)] == [name]


LATER = "2026-01-01T00:00:00.001Z"


@pytest.mark.parametrize(
    ("change", "of_reply"),
    [
        ({"title": "other"}, {}),
        ({"created_at": LATER}, {}),
        ({}, {"created_at": LATER}),
        ({}, {"text": "other", "parts": [{"type": "text", "text": "other"}]}),
        ({}, {"parent": None}),
    ],
)
async def test_a_conversation_that_is_only_similar_is_added(
    client: httpx.AsyncClient, change: dict[str, Any], of_reply: dict[str, Any]
) -> None:
    await reply(client, "first words")
    exported = (await client.get("/api/conversations/export")).json()
    (conversation,) = exported["conversations"]
    conversation.update(change)
    conversation["messages"][1].update(of_reply)
    added, existing = await imported(client, exported)
    assert (len(added), existing) == (1, 0)


async def test_an_archive_with_a_fault_at_its_end_is_refused_as_a_whole(client: httpx.AsyncClient) -> None:
    body = archive()
    body["conversations"] = [{**CONVERSATION, "title": str(n)} for n in range(1_500)] + [{"title": "x"}]
    refused = await client.post("/api/conversations/import", json=body)
    check(refused, 400, "invalid_request", "conversations.1500.created_at")
    assert await listed(client) == []
    del body["conversations"][-1]
    ids, existing = await imported(client, body)
    assert (len(ids), existing) == (1_500, 0)


async def test_an_import_may_leave_out_what_can_be_left_out(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/conversations/import", json=archive())
    assert response.status_code == 201, response.text
    found = await opened(client, response.json()["conversations"][0]["id"])
    assert found["leaf"] == found["messages"][0]["id"]
    assert (await reply(client, "go on", conversation=found["id"]))["text"] == "go on"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": None}, "title"),
        ({"title": "\0"}, "title"),
        ({"pinned": None}, "pinned"),
        ({"pinned": 1}, "pinned"),
        ({"archived": "yes"}, "archived"),
        ({"leaf": None}, "leaf"),
        ({"temperature": 9}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"client": "me"}, "client"),
        ({"id": "conv_1"}, "id"),
    ],
)
async def test_a_change_that_cannot_be_made_is_named(
    client: httpx.AsyncClient, body: dict[str, object], field: str
) -> None:
    first = await reply(client, "steady")
    path = f"/api/conversations/{first['conversation']}"
    before = await opened(client, first["conversation"])
    check(await client.patch(path, json=body), 400, "invalid_request", field)
    assert await opened(client, first["conversation"]) == before


async def test_a_leaf_of_another_conversation_is_not_found(client: httpx.AsyncClient) -> None:
    one, two = await reply(client, "one"), await reply(client, "two")
    for leaf in (two["message"], "msg_none", "\u2028", "x" * 200):
        response = await client.patch(f"/api/conversations/{one['conversation']}", json={"leaf": leaf})
        check(response, 404, "not_found", "leaf")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=eyJ1cGRhdGVkX2F0IjoxLCJzZXEiOiIxIn0", "cursor"),
        ("cursor=" + urlsafe_b64encode(b'{"x":' + b"[" * 3000).decode(), "cursor"),
        ("cursor=eyJ1cGRhdGVkX2F0IjoxLCJzZXEiOjEwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDB9", "cursor"),
        ("archived=perhaps", "archived"),
        ("page=2", "page"),
    ],
)
async def test_a_list_that_cannot_be_asked_for_is_refused(
    client: httpx.AsyncClient, query: str, field: str
) -> None:
    check(await client.get(f"/api/conversations?{query}"), 400, "invalid_request", field)


@pytest.mark.parametrize(
    ("path", "earlier"),
    [
        ("conversations", b'{"updated_at":1764250000000,"seq":12}'),
        ("conversations/search?q=a", b'{"stage":"titles","before":12}'),
    ],
)
async def test_a_cursor_from_before_an_upgrade_is_taken(
    client: httpx.AsyncClient, path: str, earlier: bytes
) -> None:
    cursor = urlsafe_b64encode(earlier).decode().rstrip("=")
    url = httpx.URL(f"/api/{path}").copy_add_param("cursor", cursor)
    assert (await client.get(url)).status_code == 200


@pytest.mark.parametrize(
    "query", ["", "q=", "q=%20", "q=a&q=b", "q=a&limit=101", "q=a&cursor=%ff", "q=" + "a" * 1001]
)
async def test_a_search_that_cannot_be_asked_for_is_refused(client: httpx.AsyncClient, query: str) -> None:
    check(
        await client.get(f"/api/conversations/search?{query}"),
        400,
        "invalid_request",
        None if "%ff" in query else ("limit" if "limit" in query else "q"),
    )


HOSTILE = [
    "conv_x",
    "%00",
    "..%2f..%2fetc",
    "'%20OR%201=1--",
    "x" * 5000,
    "%F0%9F%92%A9",
    "%ED%A0%80",
    "search%00",
]


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_is_no_id_is_not_found_anywhere(client: httpx.AsyncClient, name: str) -> None:
    for method, path, body in routes(name, name):
        response = await client.request(method, path, json=body)
        assert response.status_code == 404, (method, path, response.text)
        assert response.json()["code"] == "not_found"


async def test_another_client_finds_nothing_and_changes_nothing(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    first = await reply(client, "mine alone")
    await again(client, first["conversation"], first["parent"])
    before = await opened(client, first["conversation"])
    for method, path, body in routes(first["conversation"], first["message"]):
        check(await other.request(method, path, json=body), 404, "not_found", field_of(path))
    for path in (f"/api/generations/{first['generation']}", f"/api/generations/{first['generation']}/events"):
        check(await other.get(path), 404, "not_found")
    check(await other.post(f"/api/generations/{first['generation']}/cancel"), 404, "not_found")
    theirs = await other.post("/api/chat", json={"message": "x", "conversation": first["conversation"]})
    check(theirs, 404, "not_found", "conversation")
    assert await listed(other) == []
    assert (await other.get("/api/conversations/search?q=alone")).json()["results"] == []
    assert json.loads((await other.get("/api/conversations/export")).content)["conversations"] == []
    assert await opened(client, first["conversation"]) == before


def routes(name: str, message: str) -> list[tuple[str, str, object]]:
    path = f"/api/conversations/{name}"
    return [
        ("GET", path, None),
        ("PATCH", path, {"title": "theirs"}),
        ("PATCH", path, {"leaf": "msg_x"}),
        ("DELETE", path, None),
        ("POST", f"{path}/restore", None),
        ("GET", f"{path}/export", None),
        ("GET", f"{path}/export?format=markdown", None),
        ("POST", f"{path}/share", None),
        ("DELETE", f"{path}/share", None),
        ("POST", f"{path}/messages/{message}/replies", {}),
    ]


def field_of(path: str) -> str | None:
    return "conversation" if path.endswith("/replies") else None


async def test_an_unchanged_conversation_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await reply(client, "cached")
    await opened(client, first["conversation"])
    path = f"/api/conversations/{first['conversation']}"
    etag = (await client.get(path)).headers["etag"]
    same = await client.get(path, headers={"If-None-Match": etag})
    assert (same.status_code, same.content) == (304, b"")
    await client.patch(path, json={"pinned": True})
    changed = await client.get(path, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


@asynccontextmanager
async def listening(client: httpx.AsyncClient) -> AsyncIterator[AsyncIterator[SseEvent]]:
    async with client.stream("GET", "/api/conversations/events") as response:
        assert response.headers["content-type"] == "text/event-stream"
        events = aiter(sse_events(response))
        assert (await anext(events)).event == "ready"
        yield events


async def told(events: AsyncIterator[SseEvent], conversation: str) -> None:
    async with asyncio.timeout(10):
        async for event in events:
            assert event.event == "change"
            if conversation in event.data["conversations"]:
                return


@over_each_protocol
async def test_changes_are_told_to_whoever_listens_and_to_nobody_else(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    await client.get("/api/models")
    theirs = await reply(other, "theirs")
    async with listening(client) as events:
        first = await reply(client, "mine")
        await told(events, first["conversation"])
        await opened(client, first["conversation"])
        path = f"/api/conversations/{first['conversation']}"
        for change in (
            client.patch(path, json={"title": "new"}),
            client.post(f"{path}/share"),
            client.delete(f"{path}/share"),
            client.delete(path),
            client.post(f"{path}/restore"),
        ):
            await other.patch(f"/api/conversations/{theirs['conversation']}", json={"pinned": True})
            assert (await change).is_success
            async with asyncio.timeout(10):
                assert (await anext(events)).data == {"conversations": [first["conversation"]]}


@over_each_protocol
async def test_the_end_of_a_reply_is_told_when_its_row_is_there(client: httpx.AsyncClient) -> None:
    await client.get("/api/models")
    async with listening(client) as events, asked(client, "one two three", script=GATE) as response:
        start = (await anext(aiter(sse_events(response)))).data
        await told(events, start["conversation"])
        await client.post(f"/api/scripted/gates/{start['generation']}")
        await told(events, start["conversation"])
        conversation = (await client.get(f"/api/conversations/{start['conversation']}")).json()
        assert not conversation["running"]
        assert conversation["messages"][-1]["outcome"]["status"] == "completed"


@pytest.mark.parametrize("word", ["search", "events", "export", "import"])
async def test_a_word_in_place_of_an_id_takes_only_its_own_methods(
    client: httpx.AsyncClient, word: str
) -> None:
    response = await client.delete(f"/api/conversations/{word}")
    check(response, 405, "method_not_allowed")
    assert "DELETE" not in response.headers["Allow"]


async def test_a_change_without_a_body_changes_nothing(client: httpx.AsyncClient) -> None:
    path = f"/api/conversations/{(await reply(client, 'unchanged'))['conversation']}"
    before = (await client.get(path)).json()
    unchanged = await client.patch(path)
    assert unchanged.status_code == 200
    assert unchanged.json()["title"] == before["title"]


async def test_the_api_is_described_and_answers_as_it_is_described(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    operations = {
        f"{method.upper()} {path}" for path, methods in described["paths"].items() for method in methods
    }
    assert {
        "GET /api/conversations",
        "GET /api/conversations/{name}",
        "PATCH /api/conversations/{name}",
        "DELETE /api/conversations/{name}",
        "POST /api/conversations/{conversation}/messages/{message}/replies",
        "GET /api/conversations/search",
        "POST /api/conversations/import",
        "GET /api/shared/{token}",
        "POST /api/chat",
        "GET /api/generations/{name}",
        "GET /api/models",
    } <= operations
    models = described["paths"]["/api/models"]["get"]["responses"]["200"]
    assert models["description"].startswith("An available model")
    first = await reply(client, "described")
    conversation = await opened(client, first["conversation"])
    schemas = described["components"]["schemas"]
    assert set(conversation) == set(schemas["Conversation"]["required"])
    assert set(conversation["messages"][0]) == set(schemas["Message"]["required"])
    assert set((await listed(client))[0]) == set(schemas["ConversationSummary"]["required"])
