"""What Prometheus reads at /metrics."""

import asyncio

import httpx
from prometheus_client.parser import text_string_to_metric_families


def samples(text: str) -> dict[str, float]:
    """Each sample's value by its name and labels: `headwater_tokens_total{provider=local}`."""
    return {
        sample.name + (f"{{{labels}}}" if (labels := _labels(sample.labels)) else ""): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def scrape(client: httpx.AsyncClient) -> dict[str, float]:
    response = await client.get("/metrics")
    assert response.status_code == 200
    return samples(response.text)


async def until(
    client: httpx.AsyncClient, *, active: int, followers: int, seconds: float = 10
) -> dict[str, float]:
    """Scrape until so many generations run and so many readers follow."""
    wanted: tuple[float, float] = (active, followers)
    async with asyncio.timeout(seconds):
        while True:
            found = await scrape(client)
            if (found["headwater_active_generations"], found["headwater_followers"]) == wanted:
                return found


def _labels(labels: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
