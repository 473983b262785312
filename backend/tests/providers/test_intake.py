"""Between the first token of a reply and its last, taking tokens in costs the event loop nothing."""

import asyncio
import socket
import threading
from collections.abc import Callable

from headwater.generation.log import changed
from headwater.generation.outcome import Completed
from headwater.generation.provider import Prompt, PromptMessage
from headwater.generation.runner import Runner
from headwater.live.memory import MemoryLog
from headwater.metrics import Metrics
from headwater.providers.openai import OpenAIProvider
from tests.counting_loop import CountingLoop
from tests.limits import run_limits
from tests.providers.model_server import DONE, chunk, delta

FIRST, LAST = 10, 210
PROMPT = Prompt("gen_1", "m", (PromptMessage("user", "hello"),))


class CountingLog(MemoryLog):
    """Notes how much its event loop had been given to do when it had so many events."""

    def __init__(self, loop: CountingLoop, grown: Callable[[], None]) -> None:
        super().__init__()
        self.scheduled: list[int] = []
        self.listen(lambda: self.scheduled.append(loop.counts.total()))
        self.listen(grown)


def serve(listening: socket.socket, taken: threading.Semaphore) -> None:
    """Answer one request with LAST tokens, each when the one before is taken."""
    connection, _ = listening.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(LAST):
            connection.sendall(chunk(delta(" token")))
            taken.acquire(timeout=10)
        connection.sendall(chunk(delta(finish="stop")) + chunk(DONE) + chunk(b""))


def run(*, is_followed: bool) -> int:
    """What the loop is given to do between the tokens FIRST and LAST."""
    taken = threading.Semaphore(0)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=serve, args=(listening, taken))
        server.start()

        async def generate() -> list[int]:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, CountingLoop)
            log = CountingLog(loop, taken.release)
            url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
            provider = OpenAIProvider(api_key="key", base_url=url)

            async def follow() -> None:
                for seen in range(LAST if is_followed else 0):
                    await changed(log, seen)

            following = asyncio.create_task(follow())
            runner = Runner(log, provider, PROMPT, run_limits(), observer=Metrics().observer("openai"))
            assert (await runner.run()).status == Completed("stop")
            await following
            await provider.aclose()
            return log.scheduled

        with asyncio.Runner(loop_factory=CountingLoop) as runner:
            scheduled = runner.run(generate())
        server.join()
    assert len(scheduled) == LAST + 1  # and the end
    return scheduled[LAST - 1] - scheduled[FIRST - 1]


def test_a_token_wakes_no_task_and_makes_no_timer() -> None:
    assert run(is_followed=False) == 0


def test_a_task_that_waits_for_tokens_is_counted() -> None:
    assert run(is_followed=True) >= LAST - FIRST
