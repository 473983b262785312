from headwater.generation.kinds.text import Text
from headwater.generation.log import Page
from headwater.transports.json import JsonEncoder
from tests.golden import load


def test_a_reply_as_one_object_has_bytes_only_at_its_ends_and_in_silence() -> None:
    golden = load("heartbeats")
    encoder = JsonEncoder(golden.generation)
    assert encoder.opening(0).startswith(b"{")
    assert encoder.page(Page((Text("Hello"),), 1)) == b""
    assert encoder.page(Page((), 1)) == b" "
    assert encoder.page(Page((Text(" there"),), 2)) == b""
    end = encoder.page(Page((Text("!"),), 3, golden.outcome))
    assert b'"text":"Hello there!"' in end
    assert end.endswith(b"}")
