"""Streams held, processor time, first tokens and memory: Headwater beside other servers, in one run.

    make bench-quick                          # a few servers, two minutes
    make bench                                # all of it, and docs/performance.md is written anew
    make bench-quick ARGS="--lengths 8,500,4000 --paces 5,50,1000 --resumed 0.5 --stalled 0.1"

The server under test has a core of its own; the model server and the clients (generator/) have the others.
"""

import argparse
import json
import os
import resource
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.streams import page
from benchmarks.streams.cores import Cores, split_cores
from benchmarks.streams.installing import InstallationError, generator
from benchmarks.streams.load import Generator, running_generator
from benchmarks.streams.machine import describe_machine
from benchmarks.streams.measurements import QUICK, Measurement, Plan
from benchmarks.streams.servers.running import MeasurementError, Row, Server, running_server
from benchmarks.streams.servers.table import SERVERS
from benchmarks.streams.table import measured_part


def numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks.streams", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer servers, no search; two minutes")
    parser.add_argument("--write", action="store_true", help="write docs/performance.*")
    parser.add_argument(
        "--render", action="store_true", help="measure nothing; write the page from docs/performance.json"
    )
    parser.add_argument("--only", default="", help="parts of the names of rows, separated by commas")
    parser.add_argument("--json", type=Path, help="write the raw figures to this file")
    parser.add_argument("--steady", type=numbers, help="numbers of streams for the processor time of a token")
    mix = parser.add_argument_group("other loads, for the processor time of a token and the search")
    mix.add_argument("--paces", type=numbers, help="tokens a second, such as 5,50,1000; each reply draws one")
    mix.add_argument(
        "--lengths", type=numbers, help="tokens a reply, such as 8,500,4000; each reply draws one"
    )
    mix.add_argument(
        "--resumed", type=float, help="the share of streams that are cut and resumed every 1 to 3 s"
    )
    mix.add_argument("--stalled", type=float, help="the share of streams that stop reading after 10 tokens")
    options = parser.parse_args(arguments)
    options.mix = {
        name: getattr(options, name)
        for name in ("paces", "lengths", "resumed", "stalled")
        if getattr(options, name) is not None
    }
    if options.write and (options.quick or options.only or options.steady or options.mix):
        parser.error("--write goes with a whole run only")
    return options


def measure_server(
    server: Server, rows: Sequence[Row], load: Generator, cores: Cores, plan: Plan
) -> dict[str, dict[str, Any]]:
    """The rows of a server, each measured on a process of its own."""
    try:
        server.install()
        version = server.version()
    except InstallationError as error:
        return {row.name: {"server": server.name, "failure": f"not installed: {error}"} for row in rows}
    figures: dict[str, dict[str, Any]] = {}
    for row in rows:
        print(row.name, file=sys.stderr, flush=True)
        figures[row.name] = {
            "server": server.name,
            "version": version,
            "is_compared": row.is_compared,
        }
        row_plan = plan.with_mix(resumed=row.resumed) if row.resumed else plan
        if not row.is_compared:
            row_plan = replace(row_plan, search_limit=0)
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            try:
                with running_server(server, load.model_url, {cores.server}, Path(folder)) as running:
                    request = row.request.at(running.port, running.tls_port)
                    measurement = Measurement(running, load, cores, request, row_plan)
                    figures[row.name] |= measurement.run()
            except MeasurementError as error:
                figures[row.name]["failure"] = str(error)
    return figures


def is_wanted(row: Row, options: argparse.Namespace) -> bool:
    if options.only:
        return any(part.lower() in row.name.lower() for part in options.only.split(","))
    return row.in_quick or not options.quick


def measure(options: argparse.Namespace) -> dict[str, Any]:
    cores = split_cores()
    os.sched_setaffinity(0, cores.others)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    plan = QUICK if options.quick else Plan()
    plan = replace(plan, mix=options.mix, steady=options.steady or plan.steady)
    results: dict[str, Any] = {"machine": describe_machine(cores), "plan": asdict(plan), "rows": {}}
    with running_generator(generator()) as load:
        for server in SERVERS:
            rows = [row for row in server.rows if is_wanted(row, options)]
            if rows:
                results["rows"] |= measure_server(server, rows, load, cores, plan)
    return results


def main() -> None:
    options = parse()
    results = page.read_figures() if options.render else measure(options)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), "utf-8")
    if options.write or options.render:
        page.write(results)
    print(measured_part(results))


if __name__ == "__main__":
    main()
