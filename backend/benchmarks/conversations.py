"""Times of lists, reads and searches in a large database: 10,000 conversations, 100,000 messages.

    cd backend && ../.venv/bin/python -m benchmarks.conversations               # SQLite
    cd backend && ../.venv/bin/python -m benchmarks.conversations --postgresql  # a PostgreSQL from its wheel

The benchmark fills a server in another process by its own import, with 1,000 conversations of a second client
beside, and then sends one request after another over HTTP/1.1. It prints the median and the 95th percentile.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from tests.postgresql import postgresql_server
from tests.running import running

CONVERSATIONS, MESSAGES, OTHERS = 10_000, 10, 1_000
LONG = 2_000
REQUESTS = 60
BATCH = 2_000


def words(dice: random.Random, vocabulary: list[str]) -> str:
    """A text with word frequencies like those of a language: a few common words, many rare ones."""
    length = min(400, max(3, int(dice.lognormvariate(3.5, 0.8))))
    chosen = [vocabulary[min(len(vocabulary) - 1, int(dice.paretovariate(0.7)) - 1)] for _ in range(length)]
    return ("river " if dice.random() < 0.5 else "") + " ".join(chosen) + "."


def conversation(dice: random.Random, vocabulary: list[str], number: int, messages: int) -> dict[str, Any]:
    at = f"2026-{1 + number % 12:02}-{1 + number % 28:02}T{number % 24:02}:00:00.000Z"
    return {
        "title": f"{vocabulary[number % 3000]} number {number}",
        "created_at": at,
        "updated_at": at,
        "messages": [
            {
                "parent": n - 1 if n else None,
                "role": "assistant" if n % 2 else "user",
                "text": words(dice, vocabulary) + (" zebrafish" if number % 1000 == 7 else ""),
                "created_at": at,
            }
            for n in range(messages)
        ],
    }


def fill(client: httpx.Client, conversations: Iterator[dict[str, Any]]) -> list[str]:
    ids: list[str] = []
    while batch := [each for each, _ in zip(conversations, range(BATCH), strict=False)]:
        body = {"format": "headwater", "version": 1, "conversations": batch}
        response = client.post("/api/conversations/import", json=body)
        response.raise_for_status()
        ids += [each["id"] for each in response.json()["conversations"]]
    return ids


def measure(name: str, request: Callable[[], httpx.Response]) -> None:
    times = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        request().raise_for_status()
        times.append((time.perf_counter() - started) * 1000)
    times.sort()
    print(f"{name:38} {statistics.median(times):8.1f} {times[int(len(times) * 0.95)]:8.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--postgresql", action="store_true")
    options = parser.parse_args()
    dice = random.Random(7)
    vocabulary = [
        "".join(dice.choices("abcdefghijklmnoprstuvw", k=dice.randint(2, 9))) for _ in range(30_000)
    ]
    with ExitStack() as stack:
        environment = {}
        if options.postgresql:
            url = stack.enter_context(postgresql_server()).url
            environment["HEADWATER_DATABASE_URL"] = url.render_as_string(hide_password=False)
        folder = Path(stack.enter_context(TemporaryDirectory()))
        server = stack.enter_context(running(folder, "-O", **environment))
        me, other = (stack.enter_context(httpx.Client(base_url=server.url, timeout=600)) for _ in range(2))
        me.get("/api/models")
        other.get("/api/models")
        started = time.perf_counter()
        fill(other, (conversation(dice, vocabulary, n, MESSAGES) for n in range(OTHERS)))
        ids = fill(me, (conversation(dice, vocabulary, n, MESSAGES) for n in range(CONVERSATIONS)))
        (long,) = fill(me, iter([conversation(dice, vocabulary, 1, LONG)]))
        print(f"filled in {time.perf_counter() - started:.0f} s", flush=True)
        cursors = []
        cursor = ""
        for _ in range(100):
            cursor = me.get("/api/conversations" + (f"?cursor={cursor}" if cursor else "")).json()["cursor"]
            cursors.append(cursor)
        some, pages, titles = random.Random(1), count(), count()
        print(f"{'':38} {'median':>8} {'95 %':>8}   (ms)")
        measure("list, first page", lambda: me.get("/api/conversations"))
        measure(
            "list, a later page", lambda: me.get(f"/api/conversations?cursor={cursors[next(pages) % 100]}")
        )
        measure("open, 10 messages", lambda: me.get(f"/api/conversations/{some.choice(ids)}"))
        measure("open, 2,000 messages", lambda: me.get(f"/api/conversations/{long}"))
        for name, query in (
            ("a word in half of the messages", "river"),
            ("a rare word", "zebrafish"),
            ("a word without matches", "qqqq"),
            ("one letter", "r"),
            ("two words", f"river {vocabulary[20]}"),
            ("two frequent words", f"{vocabulary[0]} {vocabulary[1]}"),
        ):
            measure(f"search, {name}", lambda q=query: me.get("/api/conversations/search", params={"q": q}))
        measure(
            "search, a word of titles",
            lambda: me.get("/api/conversations/search", params={"q": vocabulary[100 + next(titles)]}),
        )
        measure(
            "rename",
            lambda: me.patch(
                f"/api/conversations/{some.choice(ids)}",
                content=json.dumps({"title": "new"}),
                headers={"Content-Type": "application/json"},
            ),
        )


if __name__ == "__main__":
    main()
