"""What `observability/` and the operators' page ask of Prometheus is what a server says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.running import RunningServer

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "observability"
DASHBOARD = FOLDER / "grafana" / "headwater.json"
OURS = re.compile(r"\bheadwater_\w+")


def load(path: Path) -> Any:
    text = path.read_text("utf-8")
    return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = load(DASHBOARD)["panels"]
    return found


def questions() -> Iterator[str]:
    """All that is asked in Prometheus's language."""
    for panel in panels():
        yield from (target["expr"] for target in panel["targets"])
    for group in load(FOLDER / "alerts.yml")["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


def unanswered(question: str, said: list[Metric]) -> set[str]:
    """The names of metrics and labels in a question that a server does not say."""
    samples = [sample for family in said for sample in family.samples]
    names = set(OURS.findall(question))
    labels = {label for sample in samples if sample.name in names for label in sample.labels}
    asked = {
        label for listed in re.findall(r"by \(([^)]*)\)", question) for label in re.split(r",\s*", listed)
    } | {
        label
        for selector in re.findall(r"headwater_\w+{([^}]*)}", question)
        for label in re.findall(r"(\w+)=", selector)
    }
    return (names - {sample.name for sample in samples}) | (asked - labels)


@pytest.fixture(scope="module")
def said(server: RunningServer) -> list[Metric]:
    """What a real server says once it has given a reply."""
    body = {"message": "one two", "model": "scripted/echo"}
    with httpx.Client(base_url=server.url, timeout=20) as client:
        client.post("/api/chat", json=body, headers={"Accept": "application/json"}).raise_for_status()
        return list(text_string_to_metric_families(client.get("/metrics").text))


def ours(said: list[Metric]) -> set[str]:
    """The names of the families, as their samples begin."""
    return {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in said
        if not family.name.endswith("_created")
    }


def test_all_that_is_asked_is_answered(said: list[Metric]) -> None:
    asked = list(questions())
    assert len(asked) >= 15
    assert {question: wrong for question in asked if (wrong := unanswered(question, said))} == {}


@pytest.mark.parametrize(
    ("question", "wrong"),
    [
        ("sum(headwater_tokens)", {"headwater_tokens"}),
        ("sum by (model) (rate(headwater_tokens_total[1m]))", {"model"}),
        ('rate(headwater_generations_total{state="failed"}[1m])', {"state"}),
        ("sum by (le) (rate(headwater_cancel_seconds_bucket[1m]))", set()),
    ],
)
def test_what_no_server_says_is_found(said: list[Metric], question: str, wrong: set[str]) -> None:
    assert unanswered(question, said) == wrong


def test_the_dashboard_shows_every_metric(said: list[Metric]) -> None:
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in OURS.findall(DASHBOARD.read_text("utf-8"))}
    assert shown == ours(said)


def test_the_operators_page_lists_every_metric_and_no_other(said: list[Metric]) -> None:
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    rows = re.findall(r"^\| `(headwater_\w+)", page, re.MULTILINE)
    assert sorted(rows) == sorted(ours(said))
    assert set(OURS.findall(page)) == ours(said)


def test_every_alert_is_on_the_operators_page() -> None:
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    alerts = [rule["alert"] for group in load(FOLDER / "alerts.yml")["groups"] for rule in group["rules"]]
    assert alerts
    assert [alert for alert in alerts if f"`{alert}`" not in page] == []


def test_the_parts_of_the_profile_find_each_other() -> None:
    services = load(ROOT / "docker-compose.yml")["services"]
    watching = {
        name: service for name, service in services.items() if service.get("profiles") == ["observability"]
    }
    assert set(watching) == {"prometheus", "grafana"}
    mounted = {}
    for service in watching.values():
        assert re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+", service["image"])
        for volume in service["volumes"]:
            source, target, *_ = volume.split(":")
            if source.startswith("./"):
                mounted[target] = (ROOT / source).resolve()
    assert set(mounted.values()) == {path for path in FOLDER.rglob("*") if path.is_file()}
    [job] = load(mounted["/etc/prometheus/prometheus.yml"])["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["headwater:8000"]}]
    assert load(mounted["/etc/prometheus/prometheus.yml"])["rule_files"] == ["alerts.yml"]
    assert "/etc/prometheus/alerts.yml" in mounted
    [source] = load(mounted["/etc/grafana/provisioning/datasources/headwater.yml"])["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert {panel["datasource"]["uid"] for panel in panels()} == {source["uid"]}
    [provider] = load(mounted["/etc/grafana/provisioning/dashboards/headwater.yml"])["providers"]
    home = Path(watching["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == provider["options"]["path"]
    assert mounted[str(home)] == DASHBOARD
