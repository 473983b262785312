"""What streaming is up against: a proxy that reads a whole answer before it passes any of it on."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

OF_ONE_CONNECTION = {"connection", "transfer-encoding", "content-length", "date", "server"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        upstream = HTTPConnection("127.0.0.1", self.server.to_port)
        upstream.request(self.command, self.path, body, dict(self.headers.items()))
        with upstream.getresponse() as answer:
            whole = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in OF_ONE_CONNECTION:
                    self.send_header(name, value)
        upstream.close()
        self.send_header("Content-Length", str(len(whole)))
        self.end_headers()
        self.wfile.write(whole)

    do_GET = do_POST = _pass_on  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: object) -> None:
        """Say nothing: the tests say what went wrong."""


class _Server(ThreadingHTTPServer):
    def __init__(self, to_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.to_port = to_port


@contextmanager
def buffering_proxy(to_port: int) -> Iterator[str]:
    """Run a proxy in front of a port of this machine for a while; gives its address."""
    server = _Server(to_port)
    thread = Thread(target=server.serve_forever, name="buffering proxy", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
