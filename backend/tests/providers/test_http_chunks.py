"""A body is taken out of its chunks wherever they are cut, and another parser can go on from anywhere."""

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.providers.http_chunks import HELD_BYTES, Chunks

bodies = st.lists(st.binary(min_size=1, max_size=20), max_size=6)
extensions = st.sampled_from([b"", b" ", b";a=1", b';a="x y"'])
trailers = st.sampled_from([b"", b"Server-Timing: a\r\n"])


@st.composite
def sent(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A body, and the bytes that are sent for it."""
    body = draw(bodies)
    chunks = [
        draw(st.sampled_from([b"%x", b"%X", b"00%x", b"00000000000000000%x"])) % len(piece)
        + draw(extensions)
        + b"\r\n%b\r\n" % piece
        for piece in body
    ]
    return b"".join(body), b"".join([*chunks, b"0", draw(extensions), b"\r\n", draw(trailers), b"\r\n"])


def cut(data: bytes, at: list[int]) -> list[bytes]:
    return [data[start:end] for start, end in zip([0, *at], [*at, len(data)], strict=True)]


cuts = st.lists(st.integers(0, 200), max_size=20).map(sorted)


@given(sent(), cuts)
def test_wherever_the_bytes_are_cut_the_body_is_the_same(sent: tuple[bytes, bytes], cuts: list[int]) -> None:
    body, data = sent
    chunks = Chunks()
    assert b"".join([chunks.feed(piece) for piece in cut(data, cuts)]) == body
    assert chunks.is_complete
    assert not chunks.is_broken


@given(sent(), st.integers(0, 200))
def test_another_parser_goes_on_from_anywhere(sent: tuple[bytes, bytes], at: int) -> None:
    body, data = sent
    chunks = Chunks()
    before = chunks.feed(data[:at])
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    parser.send(h11.EndOfMessage())
    parser.receive_data(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks.rest() + data[at:])
    after = b""
    while not isinstance(event := parser.next_event(), h11.EndOfMessage):
        assert event is not h11.NEED_DATA
        if isinstance(event, h11.Data):
            after += event.data
    assert before + after.removeprefix(b".") == body


@pytest.mark.parametrize(
    "data",
    [
        b"xyz\r\n",
        b"\r\n5\r\nhello\r\n",
        b"-5\r\n",
        b"0x5\r\nhello",
        b"5\nhello\r\n",
        b"5\r\nhello!\r\n",
        b"5\r\nhelloabc",
        b"5;" + b"a" * HELD_BYTES,
        b"1" * 16 + b"\r\n",
    ],
)
def test_what_is_no_chunk_is_seen(data: bytes) -> None:
    chunks = Chunks()
    said = chunks.feed(b"2\r\nhi\r\n") + chunks.feed(data)
    assert chunks.is_broken
    assert said == b"hi" + (b"hello" if b"hello" in data and data.startswith(b"5\r\n") else b"")


@given(st.lists(st.binary(max_size=30), max_size=10))
def test_anything_is_taken_without_an_exception(pieces: list[bytes]) -> None:
    chunks = Chunks()
    for piece in pieces:
        chunks.feed(piece)
