"""The metrics of all workers together.

Each worker counts for itself. `prometheus_client` has a mode for several processes, in which counters live in
files that each process maps into memory; it knows no collectors of one's own, which count tokens here, and
keeps the files of all processes that ever ran.
"""

from collections.abc import Callable, Collection, Iterable
from typing import TypeAlias

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from headwater.metrics import Metrics

Key: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]


class WorkerMetrics:
    """What workers count, by their numbers; what those counted that have ended stays counted."""

    def __init__(self) -> None:
        self._current: dict[int, str] = {}
        self._maxima = Metrics().maxima
        self._ended = Sum(self._maxima)

    def count(self, worker: int, exposition: str) -> None:
        """Note what a worker has counted by now."""
        self._current[worker] = exposition

    def end(self, worker: int) -> None:
        """Note that it has ended: its counters stay, its gauges go."""
        if exposition := self._current.pop(worker, None):
            self._ended.add(exposition, gauges=False)

    def exposition(self) -> str:
        """The sum of all."""
        total = Sum(self._maxima)
        for exposition in self._current.values():
            total.add(exposition)
        total.add(self._ended.exposition())
        return total.exposition()


class Sum(Collector):
    """Expositions, added up.

    Of the gauges in `maxima`, the largest one counts, and of the times at which a counter was created
    (`_created`) the first one; everything else is a number of things.
    """

    def __init__(self, maxima: Collection[str]) -> None:
        self._maxima = maxima
        self._families: dict[str, tuple[Metric, dict[Key, float]]] = {}

    def add(self, exposition: str, *, gauges: bool = True) -> None:
        """Add one, with its gauges or without."""
        for family in text_string_to_metric_families(exposition):
            is_time = family.name.endswith("_created")
            if family.type == "gauge" and not (gauges or is_time):
                continue
            is_maximum = family.name in self._maxima
            together: Callable[[Iterable[float]], float] = min if is_time else max if is_maximum else sum
            _, samples = self._families.setdefault(family.name, (family, {}))
            for sample in family.samples:
                key = sample.name, tuple(sample.labels.items())
                value = float(sample.value)
                samples[key] = together((samples[key], value)) if key in samples else value

    def exposition(self) -> str:
        """The sum as text."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry).decode()

    def collect(self) -> Iterable[Metric]:
        for name, (family, samples) in self._families.items():
            metric = Metric(name, family.documentation, family.type)
            for (sample, labels), value in samples.items():
                metric.add_sample(sample, dict(labels), value)
            yield metric
