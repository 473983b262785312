"""What the benchmark of streams makes of its figures; the figures themselves are not tested."""

import os
import re
import xml.etree.ElementTree as ET
from copy import deepcopy
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from benchmarks.streams import page
from benchmarks.streams.cores import split_cores
from benchmarks.streams.load import Load, Milliseconds, Request, Result
from benchmarks.streams.measurements import Steady
from benchmarks.streams.picture import draw
from benchmarks.streams.search import CLOSE_ENOUGH, most_held
from benchmarks.streams.servers.table import SERVERS
from benchmarks.streams.table import measured_part, multiple

LIMIT = 300
GENERATOR = Path(page.__file__).with_name("generator")


def figures(server: str, held: int, cpu: float) -> dict[str, Any]:
    milliseconds = {"p50": 1.0, "p99": 7.0}
    result = {
        "load": {"streams": 200},
        "staleness_ms": milliseconds,
        "lateness_ms": milliseconds,
        "first_token_ms": milliseconds,
    }
    steady = {
        "result": result,
        "us_per_token": cpu,
        "generator_busy": 0.5,
        "server_busy": 0.25,
        "foreign_busy": 0.0,
    }
    return {
        "server": server,
        "version": f"{server} 1.0",
        "is_compared": True,
        "steady": {"200": steady},
        "held": {"streams": held, "is_at_least": server == "nginx", "trials": [steady]},
    }


RESULTS: dict[str, Any] = {
    "machine": {
        "date": "2026-01-02",
        "processor": "A processor",
        "other_cores": 1,
        "are_siblings": False,
        "system": "Linux",
    },
    "plan": {"steady": [200], "ramp_streams": 100, "ramp_seconds": 4.0, "burst": 500},
    "rows": {
        "ours & all": figures("Headwater", 800, 40.0),
        "theirs": figures("FastAPI", 50, 500.0),
        "passing": figures("nginx", 3200, 20.0),
        "absent": {"server": "LiteLLM's proxy", "failure": "not installed: no network"},
    },
}


def search(most: int) -> tuple[list[int], int]:
    """The numbers that the search tries on a server that holds `most` streams, and what it finds."""
    tried: list[int] = []

    def holds(streams: int) -> bool:
        tried.append(streams)
        return streams <= most

    held = most_held(holds, LIMIT)
    return tried, held


def test_the_search_finds_how_many_streams_are_held() -> None:
    for most in range(LIMIT + 20):
        tried, held = search(most)
        assert held <= most
        assert held in {0, *tried}
        assert max(tried) <= LIMIT
        assert len(set(tried)) == len(tried)
        assert held >= min(most, LIMIT) - max(1, most * CLOSE_ENOUGH)


def test_the_table_has_values_ratios_and_what_is_missing() -> None:
    text = measured_part(RESULTS)
    assert "| ours & all | 800 (16 ×) | 40 (0.08 ×) | 7 (1 ×) |" in text
    assert "| passing | at least 3200 (64 ×) |" in text
    assert "absent: not installed: no network" in text
    assert "Not measured in this run: Headwater, SSE over HTTP/1.1; " in text
    assert "- streams held: 16 × FastAPI's" in text
    assert "- CPU a token at 200 streams: 2 × nginx's" in text
    assert "| 200 | 1.0, 7.0 | 7.0 | 50% | 25% |" in text


@pytest.mark.parametrize(
    ("ratio", "text"), [(13.4, "13 ×"), (1.44, "1.4 ×"), (0.066, "0.066 ×"), (9.97, "10 ×")]
)
def test_ratios_have_two_digits(ratio: float, text: str) -> None:
    assert multiple(ratio) == text


@pytest.mark.parametrize(
    ("staleness", "lateness", "server_busy", "is_held", "is_servers_limit"),
    [
        (90.0, 1.0, 0.5, True, False),
        (110.0, 1.0, 0.5, False, True),
        (110.0, 60.0, 0.5, False, False),
        (110.0, 60.0, 0.95, False, True),
    ],
)
def test_a_late_load_generator_is_not_the_servers_fault(
    staleness: float, lateness: float, server_busy: float, is_held: bool, is_servers_limit: bool
) -> None:
    def times(p99: float) -> Milliseconds:
        return Milliseconds(samples=9, p50=1.0, p99=p99, max=200.0)

    result = Result(
        load=Load(streams=1),
        replies=1,
        complete=1,
        lost=0,
        doubled=0,
        cuts=0,
        errors={},
        tokens=9,
        bytes=99,
        reads=9,
        first_token_ms=times(1.0),
        staleness_ms=times(staleness),
        lateness_ms=times(lateness),
        clients_cpu=0.1,
    )
    steady = Steady(result, server_cpu=1.0, server_busy=server_busy, generator_busy=0.5, foreign_busy=0.0)
    assert steady.is_held is is_held
    assert steady.is_servers_limit is is_servers_limit


def test_other_work_on_the_cores_is_reported() -> None:
    assert "Not to be relied on" not in measured_part(RESULTS)
    noisy = deepcopy(RESULTS)
    noisy["rows"]["theirs"]["steady"]["200"] = {
        **noisy["rows"]["theirs"]["steady"]["200"],
        "foreign_busy": 0.3,
    }
    assert "in 1 of 6 loads, other work used more than 10% of the cores" in measured_part(noisy)


def test_the_picture_has_a_bar_for_each_value() -> None:
    picture = ET.fromstring(draw(RESULTS))
    svg = "{http://www.w3.org/2000/svg}"
    bars = picture.findall(f"{svg}rect")
    assert [bar.get("class") for bar in bars] == ["ours", "other", "other"] * 2
    widths = [float(bar.get("width", "")) for bar in bars]
    assert widths[2] == max(widths[:3])
    assert widths[4] == max(widths[3:])
    texts = {text.text for text in picture.findall(f"{svg}text")}
    assert {"ours & all", "800", "≥ 3200"} <= texts
    bottom = max(float(bar.get("y", "")) + float(bar.get("height", "")) for bar in bars)
    assert bottom <= float(picture.get("viewBox", "").split()[3])


def test_the_measured_part_of_the_page_is_replaced() -> None:
    written = page.with_measured_part(page.PAGE.read_text("utf-8"), "one\n")
    again = page.with_measured_part(written, "two\n")
    assert again == written.replace("\none\n", "\ntwo\n")
    with pytest.raises(ValueError, match="has no"):
        page.with_measured_part("a page without markers", "one\n")


def test_one_core_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    with pytest.raises(SystemExit, match="needs two cores"):
        split_cores()


def test_the_server_has_a_core_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {900, 901, 902}, raising=False)
    cores = split_cores()
    assert cores.server not in cores.others
    assert {cores.server} | cores.others == {900, 901, 902}


def test_the_load_generator_knows_every_member_of_a_load() -> None:
    text = (GENERATOR / "load.go").read_text("utf-8")
    members = re.findall(r'`json:"(\w+)"`', text[text.index("type spec") : text.index("type load ")])
    assert sorted(members) == sorted(field.name for kind in (Request, Load) for field in fields(kind))


def test_rows_have_different_names() -> None:
    names = [row.name for server in SERVERS for row in server.rows]
    assert len(names) == len(set(names)) > len(SERVERS)
