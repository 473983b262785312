"""Headwater itself, as it is served, on each of its transports."""

import sys
from dataclasses import replace
from importlib.metadata import version

from benchmarks.streams.installing import ROOT, run
from benchmarks.streams.load import Request
from benchmarks.streams.servers.running import Command, Row, Server, Surroundings

BODY = '{"message":"{message}","model":"openai/paced"}'
RESUME = "/api/generations/{generation}/events"
SSE = Request(
    "http://127.0.0.1:{port}/api/chat",
    BODY,
    headers={"Accept": "text/event-stream"},
    resume_url="http://127.0.0.1:{port}" + RESUME,
)
SSE_TLS = replace(
    SSE, url="https://127.0.0.1:{tls_port}/api/chat", resume_url="https://127.0.0.1:{tls_port}" + RESUME
)
WEBSOCKET = Request(
    "ws://127.0.0.1:{port}/api/ws",
    '{"action":"chat","message":"{message}","model":"openai/paced"}',
    transport="websocket",
    ending='"event":"outcome"',
)
COMPLETIONS = Request(
    "http://127.0.0.1:{port}/v1/chat/completions",
    '{"model":"openai/paced","stream":true,"messages":[{"role":"user","content":"{message}"}]}',
)
RESPONSES = Request(
    "http://127.0.0.1:{port}/v1/responses",
    '{"model":"openai/paced","stream":true,"input":"{message}"}',
    repeats=True,
)
UI_MESSAGES = Request(
    "http://127.0.0.1:{port}/api/ui-message-stream",
    '{"id":"{message}","trigger":"submit-message","model":"openai/paced","messages":'
    '[{"id":"1","role":"user","parts":[{"type":"text","text":"{message}"}]}]}',
)
NDJSON = replace(SSE, headers={"Accept": "application/x-ndjson"}, resume_url="")
GRPC = Request(
    "https://127.0.0.1:{tls_port}/headwater.v1.ChatService/StreamChat",
    "\x0a{length}{message}\x22\x0copenai/paced",  # a ChatRequest as Protocol Buffers
    headers={"Content-Type": "application/grpc", "TE": "trailers"},
    enveloped=True,
)
GRPC_WEB = replace(
    GRPC,
    url="http://127.0.0.1:{port}/headwater.v1.ChatService/StreamChat",
    headers={"Content-Type": "application/grpc-web"},
)
CONNECT = replace(
    GRPC_WEB,
    body='{"message":"{message}","model":"openai/paced"}',
    headers={"Content-Type": "application/connect+json", "Connect-Protocol-Version": "1"},
)


class Headwater(Server):
    name = "Headwater"
    rows = (
        Row("Headwater, SSE over HTTP/1.1", SSE, in_quick=True),
        Row("Headwater, SSE, cut and resumed every 2 s", SSE, resumed=1.0),
        Row("Headwater, SSE over HTTP/2 with TLS", SSE_TLS),
        Row("Headwater, HTTP/2, a connection a stream", replace(SSE_TLS, own_connections=True)),
        Row("Headwater, WebSocket", WEBSOCKET),
        Row("Headwater, `/v1/chat/completions`", COMPLETIONS),
        Row("Headwater, `/v1/responses`", RESPONSES, is_compared=False),
        Row("Headwater, UI message stream", UI_MESSAGES, is_compared=False),
        Row("Headwater, NDJSON", NDJSON, is_compared=False),
        Row("Headwater, gRPC", GRPC, is_compared=False),
        Row("Headwater, gRPC-Web", GRPC_WEB, is_compared=False),
        Row("Headwater, Connect (JSON)", CONNECT, is_compared=False),
    )

    def version(self) -> str:
        commit = run(["git", "describe", "--always", "--dirty"], cwd=ROOT).strip()
        return (
            f"Headwater {version('headwater')} ({commit}), Hypercorn {version('hypercorn')},"
            f" Quart {version('quart')}, Python {sys.version.split()[0]}"
        )

    def command(self, surroundings: Surroundings) -> Command:
        return Command(
            [sys.executable, "-m", "headwater", "serve"],
            {
                "HEADWATER_PORT": str(surroundings.port),
                "HEADWATER_TLS_PORT": str(surroundings.tls_port),
                "HEADWATER_GRPC_PORT": "0",
                "HEADWATER_DATA_DIR": str(surroundings.folder / "data"),
                "HEADWATER_LOCAL_MODEL": "off",
                "HEADWATER_RATE_LIMIT": "1000000/second",
                "HEADWATER_MAX_ACTIVE": "100000",
                "HEADWATER_MAX_ACTIVE_PER_CLIENT": "100000",
                "OPENAI_BASE_URL": f"{surroundings.model_url}/v1",
                "OPENAI_API_KEY": "none",
                "HEADWATER_OPENAI_MODELS": "paced",
            },
        )
