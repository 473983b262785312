"""What Prometheus reads at /metrics."""

from prometheus_client.parser import text_string_to_metric_families


def samples(text: str) -> dict[str, float]:
    """Each sample's value by its name and labels: `headwater_tokens_total{provider=local}`."""
    return {
        sample.name + (f"{{{labels}}}" if (labels := _labels(sample.labels)) else ""): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _labels(labels: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
