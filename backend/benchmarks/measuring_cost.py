"""The cost of the metrics per token: a runner with the metrics' observer, and one without.

    cd backend && ../.venv/bin/python benchmarks/measuring_cost.py

Every token arrives in a batch of its own, which is the worst case. The runners take turns, and the benchmark
prints the best round of each, because other work on the machine can only add processor time. The last line is
the cost of the library's own histogram and counter, called for each token.
"""

import asyncio
import time

from prometheus_client import CollectorRegistry, Counter, Histogram

from headwater.generation.kinds.text import Text
from headwater.generation.observer import Observer
from headwater.generation.provider import Finish, Prompt, PromptMessage, Take
from headwater.generation.runner import Limits, Runner
from headwater.live.memory import MemoryLog
from headwater.metrics import GAP_SECONDS, Metrics

TOKENS = 50_000
ROUNDS = 25
PROMPT = Prompt("gen_1", "m", (PromptMessage("user", "hi"),))
LIMITS = Limits(first_token=60, idle=60, total=600, reply_chars=10**9)


class Talkative:
    async def generate(self, _: Prompt, take: Take) -> None:
        token = (Text(" token"),)
        for _ in range(TOKENS):
            take(token)
        take((Finish("stop"),))


class Library(Observer):
    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._tokens = Counter("tokens", "", registry=registry)
        self._gaps = Histogram("gaps", "", registry=registry, buckets=GAP_SECONDS)

    def more_tokens(self, tokens: int, gap: float) -> None:
        self._tokens.inc(tokens)
        self._gaps.observe(gap)


async def cost(observer: Observer) -> float:
    """Microseconds a token."""
    runner = Runner(MemoryLog(), Talkative(), PROMPT, LIMITS, observer=observer)
    started = time.process_time()
    await runner.run()
    return (time.process_time() - started) / TOKENS * 1e6


async def main() -> None:
    observers = {"nobody": Observer(), "the metrics": Metrics().observer("m"), "the library": Library()}
    costs: dict[str, list[float]] = {name: [] for name in observers}
    for _ in range(ROUNDS):
        for name, observer in observers.items():
            costs[name].append(await cost(observer))
    for name, times in costs.items():
        more = min(times) - min(costs["nobody"])
        print(f"observed by {name:12} {min(times):6.2f} µs a token, {more:+.2f} (best of {ROUNDS})")


if __name__ == "__main__":
    asyncio.run(main())
