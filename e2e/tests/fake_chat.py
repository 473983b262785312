"""A chat that is no Headwater, with a server and a page that can each be made to misbehave."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

PAGE = Path(__file__).with_name("fake_chat.html")
WORDS = tuple(f"word{number}" for number in range(30))
REPLY = " ".join(WORDS)
PACE_SECONDS = 0.04
SECONDS = PACE_SECONDS * len(WORDS)
"""How long the reply takes at that pace."""

STALL_SECONDS = 3 * SECONDS


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        fault = parse_qs(address.query).get("fault", [""])[0]
        if address.path == "/reply":
            self._reply(fault)
        else:
            self._answer("text/html; charset=utf-8", PAGE.read_bytes())

    def _reply(self, fault: str) -> None:
        """The words at an even pace, after a sign that something comes; or as the fault has it."""
        tokens = [word if index == 0 else f" {word}" for index, word in enumerate(WORDS)]
        if fault == "buffers":
            self._pause(SECONDS)
            self._answer("text/plain", REPLY.encode())
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for index, token in enumerate(tokens):
            self._pause(STALL_SECONDS if fault == "stalls" and index == len(tokens) // 2 else PACE_SECONDS)
            self._send_part(token.encode())
        self._send_part(b"")

    def _send_part(self, part: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.flush()

    def _answer(self, content_type: str, body: bytes) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _pause(self, seconds: float) -> None:
        """The model's own pace, over at once when the server stops."""
        self.server.stopping.wait(seconds)

    def log_message(self, *_: object) -> None:
        """Say nothing: the tests say what went wrong."""


class _Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stopping = Event()


@contextmanager
def fake_chat() -> Iterator[str]:
    """Serve the chat for a while; gives its address. `?fault=` names what goes wrong, see the page."""
    server = _Server()
    thread = Thread(target=server.serve_forever, name="fake chat", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
