import re

from hypothesis import example, given
from hypothesis import strategies as st

from headwater.providers.lines import Lines

texts = st.text(st.sampled_from("ab\r\n"), max_size=30).map(str.encode)


@example(b"\r\n\n", [1, 2])
@given(texts, st.lists(st.integers(0, 30), max_size=8))
def test_lines_are_the_same_wherever_the_bytes_are_cut(text: bytes, cuts: list[int]) -> None:
    cuts = sorted(min(cut, len(text)) for cut in cuts)
    lines = Lines()
    found = [
        line
        for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)
        for line in lines.feed(text[start:end])
    ]
    *expected, rest = re.split(rb"\r\n|\r|\n", text)
    assert found == expected
    assert (lines.rest(), lines.held) == (rest, len(rest))
