"""What is counted and measured for whoever runs the server, as Prometheus reads it: see docs/operating.md."""

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager
from itertools import accumulate
from typing import assert_never, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from headwater.errors import PROBLEMS, ProblemCode
from headwater.generation.observer import Observer
from headwater.generation.outcome import (
    Cancelled,
    CancelledBy,
    Completed,
    Failed,
    FailureCode,
    FinishReason,
    Interrupted,
    Outcome,
    Status,
)

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4

FIRST_TOKEN_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0)
GAP_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
CANCEL_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
TAIL_SECONDS = (0.01, 0.025, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
PAGE_TOKENS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)


class Metrics:
    """The metrics of one application, in a registry of its own.

    Labels have few values: providers, statuses, codes; never anything that a client sent.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.maxima: set[str] = set()
        """The gauges of which the largest counts where several workers have one; the others are added up."""
        self._scrape_all: Callable[[], Awaitable[bytes]] | None = None
        self._providers: dict[str, _ProviderMetrics] = {}
        self._tokens_per_page = _Histogram(PAGE_TOKENS)
        self._registry.register(_PerToken(self._providers.values(), self._tokens_per_page))
        self._first_token = self._histogram(
            "first_token_seconds",
            "From the arrival of a request to the first token of its reply",
            FIRST_TOKEN_SECONDS,
            "provider",
        )
        self._cancel = self._histogram(
            "cancel_seconds",
            "From the request to cancel a generation until its log was closed",
            CANCEL_SECONDS,
        )
        self._generations = self._counter(
            "generations",
            "Generations that have ended; code: the reason, by whom, or what failed",
            "status",
            "code",
        )
        for status, codes in _ENDS.items():
            for code in codes:
                self._generations.labels(status, code)
        self._active = self._gauge("active_generations", "Generations that run")
        self._followers = self._gauge("followers", "Readers of replies, now")
        self._window = self._gauge(
            "window_seconds",
            "How long tokens are gathered into a page; it widens while the process is busy",
            largest=True,
        )
        self._tail = self._histogram(
            "tail_seconds",
            "How far what other servers can read of a reply is behind, for replies that are read there",
            TAIL_SECONDS,
        )
        self._other_servers = self._gauge("other_servers", "Other servers on the same database", largest=True)
        self._database_away = self._gauge(
            "database_away", "1 while the database is not available, else 0", largest=True
        )
        self._redis_away = self._gauge("redis_away", "1 while Redis is not available, else 0", largest=True)
        self._bells_missed = self._counter(
            "bells_missed", "How often notifications of other servers may have been missed"
        )
        self._orphans = self._counter("orphans", "Replies of servers that are gone, closed by this one")
        self._resumes = self._counter("resumes", "Responses that went on with a reply from a cursor")
        self._refusals = self._counter("refusals", "Requests that were answered with a problem", "code")
        for code in PROBLEMS:
            self._refusals.labels(code)

    def observer(self, provider: str) -> Observer:
        """The observer of a provider's replies."""
        if provider not in self._providers:
            self._providers[provider] = _ProviderMetrics(self, provider)
        return self._providers[provider]

    def count_active(self, count: Callable[[], int]) -> None:
        """Call `count` at each scrape for the number of running generations."""
        self._active.set_function(count)

    def watch_window(self, seconds: Callable[[], float]) -> None:
        """Call `seconds` at each scrape for the current window of pages."""
        self._window.set_function(seconds)

    def watch_database(self, others: Callable[[], int], is_away: Callable[[], bool]) -> None:
        """Call both at each scrape: how many other servers there are, and whether it is not available."""
        self._other_servers.set_function(others)
        self._database_away.set_function(is_away)

    def watch_redis(self, is_away: Callable[[], bool]) -> None:
        """Call it at each scrape: whether Redis is not available."""
        self._redis_away.set_function(is_away)

    def shared(self, behind: float) -> None:
        """Note how many seconds readers on other servers were behind."""
        self._tail.observe(behind)

    def bells_missed(self) -> None:
        """Note that notifications of other servers may have been missed."""
        self._bells_missed.inc()

    def orphan_closed(self) -> None:
        """Note that the reply of a server that is gone was closed."""
        self._orphans.inc()

    def reading(self) -> AbstractContextManager[object]:
        """Count a reader for as long as the context lasts."""
        return self._followers.track_inprogress()

    def page_sent(self, events: int) -> None:
        """Note that a reader got a page with so many events."""
        self._tokens_per_page.observe(events)

    def resumed(self) -> None:
        """Note that a reader goes on from a cursor."""
        self._resumes.inc()

    def exposition(self) -> bytes:
        """These metrics as text of the media type `MEDIA_TYPE`."""
        return generate_latest(self._registry)

    def scrape_by(self, scrape_all: Callable[[], Awaitable[bytes]]) -> None:
        """Let `scrape_all` answer each scrape, for all workers of the server."""
        self._scrape_all = scrape_all

    async def scrape(self) -> bytes:
        """What Prometheus gets: the exposition, of all workers if there are several."""
        return self.exposition() if self._scrape_all is None else await self._scrape_all()

    def refused(self, code: ProblemCode) -> None:
        """Note that a request was answered with a problem."""
        self._refusals.labels(code).inc()

    def first_token(self, provider: str, seconds: float) -> None:
        """Note how long a reply's first token took to arrive."""
        self._first_token.labels(provider).observe(seconds)

    def closed(self, outcome: Outcome, stopping: float | None) -> None:
        """Note how a generation ended; see `Observer.closed`."""
        self._generations.labels(outcome.status.name, _code(outcome.status)).inc()
        if stopping is not None and isinstance(outcome.status, Cancelled):
            self._cancel.observe(stopping)

    def _gauge(self, name: str, about: str, *, largest: bool = False) -> Gauge:
        if largest:
            self.maxima.add(f"headwater_{name}")
        return Gauge(name, about, namespace="headwater", registry=self._registry)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, namespace="headwater", registry=self._registry)

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, about, labels, namespace="headwater", registry=self._registry, buckets=buckets)


class _Histogram:
    """Counts observations, and becomes the library's type at each scrape.

    The library's own costs six times as much per observation (benchmarks/measuring_cost.py).
    """

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def add_to(self, family: HistogramMetricFamily, *labels: str) -> None:
        """Add it to the family, with these labels."""
        bounds = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        family.add_metric(labels, list(zip(bounds, accumulate(self._counts), strict=True)), self._sum)


class _ProviderMetrics(Observer):
    """Counts what arrives from one provider."""

    def __init__(self, metrics: Metrics, name: str) -> None:
        self.name = name
        self.tokens = 0
        self.gaps = _Histogram(GAP_SECONDS)
        self._metrics = metrics

    def first_tokens(self, tokens: int, waited: float) -> None:
        self.tokens += tokens
        self._metrics.first_token(self.name, waited)

    def more_tokens(self, tokens: int, gap: float) -> None:
        self.tokens += tokens
        self.gaps.observe(gap)

    def closed(self, outcome: Outcome, stopping: float | None) -> None:
        self._metrics.closed(outcome, stopping)


class _PerToken(Collector):
    """What is counted for every token or page."""

    def __init__(self, providers: Iterable[_ProviderMetrics], pages: _Histogram) -> None:
        self._providers = providers
        self._pages = pages

    def collect(self) -> Iterable[Metric]:
        tokens = CounterMetricFamily(
            "headwater_tokens", "Tokens that providers have sent", labels=["provider"]
        )
        gaps = HistogramMetricFamily(
            "headwater_token_gap_seconds",
            "Between two arrivals of tokens of one generation",
            labels=["provider"],
        )
        pages = HistogramMetricFamily(
            "headwater_tokens_per_page", "Tokens in a page that a reader was handed"
        )
        for provider in self._providers:
            tokens.add_metric([provider.name], provider.tokens)
            provider.gaps.add_to(gaps, provider.name)
        self._pages.add_to(pages)
        return tokens, gaps, pages


_ENDS: dict[str, tuple[str, ...]] = {
    "completed": get_args(FinishReason),
    "cancelled": get_args(CancelledBy),
    "failed": get_args(FailureCode),
    "interrupted": ("",),
}
"""Every code of every status. A series must begin at 0 to show its first increase."""


def _code(status: Status) -> str:
    match status:
        case Completed(reason):
            return reason
        case Cancelled(by):
            return by
        case Failed(code):
            return code
        case Interrupted():
            return ""
        case _:
            assert_never(status)
