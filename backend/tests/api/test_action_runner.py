"""Actions of sockets, without a socket."""

from types import SimpleNamespace
from typing import Any, cast

from headwater.api.action_runner import ActionRunner
from headwater.api.actions import ChangesAction
from headwater.identity.identify import Principal
from headwater.live.changes import MemoryChangeFeed


async def test_changes_begin_anew_where_some_may_have_been_missed_and_end_with_the_server() -> None:
    feed, server = MemoryChangeFeed(), SimpleNamespace(draining=False)
    said: list[dict[str, Any]] = []

    async def send(event: dict[str, Any]) -> None:
        said.append(event)
        if len(said) == 1:
            feed.end_all()
        elif event["event"] == "ready":
            feed.announce("me", "conv_1")
            server.draining = True
            feed.close()

    principal: Any = Principal("me", "me")
    runner = ActionRunner(
        cast("Any", server),
        lambda owner: feed.listen(owner, 60),
        lambda _: None,
        principal,
        send,
        cast("Any", None),
    )
    await runner.take(lambda: ChangesAction(action="changes", request="mine"))
    await runner.finish()
    assert [event for event in said if event["event"] == "ready"] == 2 * [
        {"event": "ready", "request": "mine"}
    ]
