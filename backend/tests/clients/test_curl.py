"""curl, over HTTP/2 without TLS, with prior knowledge."""

import threading
from queue import Queue

import httpx
import msgspec
import pycurl

from headwater.identity.identify import HEADER
from tests.running import RunningServer, SseEvent, SseReader, text_of


def test_curl_sees_a_reply_grow_over_h2c(server: RunningServer) -> None:
    arrived: Queue[SseEvent | None] = Queue()
    reader, headers = SseReader(), {}

    def take_header(line: bytes) -> None:
        name, _, value = line.decode().strip().partition(": ")
        headers[name] = value

    def take(data: bytes) -> None:
        for event in reader.feed(data):
            arrived.put(event)

    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, f"{server.url}/api/chat")
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE)
    curl.setopt(pycurl.HTTPHEADER, ["Content-Type: application/json"])
    gated = {"faults": [{"after": 1, "kind": "gate"}]}
    body = {"message": "one two three", "model": "scripted/echo", "script": gated}
    curl.setopt(pycurl.POSTFIELDS, msgspec.json.encode(body))
    curl.setopt(pycurl.HEADERFUNCTION, take_header)
    curl.setopt(pycurl.WRITEFUNCTION, take)
    curl.setopt(pycurl.TIMEOUT, 30)

    def perform() -> None:
        curl.perform()
        arrived.put(None)

    asking = threading.Thread(target=perform)
    asking.start()
    try:
        start, first = arrived.get(timeout=20), arrived.get(timeout=20)
        assert start is not None
        assert first is not None
        assert first.data == {"token": "one"}
        assert arrived.empty()
        path = f"{server.url}/api/scripted/gates/{start.data['generation']}"
        assert httpx.post(path, headers={HEADER: headers[HEADER]}).status_code == 204
        rest = [event for event in iter(lambda: arrived.get(timeout=20), None) if event is not None]
    finally:
        asking.join()
    assert curl.getinfo(pycurl.INFO_HTTP_VERSION) == pycurl.CURL_HTTP_VERSION_2_0
    assert (text_of(rest), rest[-1].event) == (" two three", "outcome")
    curl.close()
