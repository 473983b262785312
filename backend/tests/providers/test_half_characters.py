import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.providers.half_characters import HalfCharacters


def joined(*pieces: str) -> list[str]:
    halves = HalfCharacters()
    return [*map(halves.feed, pieces), halves.rest()]


@given(st.text(st.sampled_from("aé€😀"), max_size=8), st.data())
def test_characters_cut_into_halves_are_whole_again(text: str, data: st.DataObject) -> None:
    encoding, errors = data.draw(
        st.sampled_from([("utf-16-le", "surrogatepass"), ("utf-8", "surrogateescape")])
    )
    unit = 2 if encoding == "utf-16-le" else 1
    encoded = text.encode(encoding)
    cuts = data.draw(st.lists(st.integers(0, len(encoded) // unit), max_size=6).map(sorted))
    pieces = [
        encoded[unit * start : unit * end].decode(encoding, errors)
        for start, end in zip([0, *cuts], [*cuts, len(encoded) // unit], strict=True)
    ]
    assert "".join(joined(*pieces)) == text


@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=5), max_size=5))
def test_what_comes_out_can_always_be_encoded(pieces: list[str]) -> None:
    "".join(joined(*pieces)).encode()


@given(st.lists(st.text(), max_size=5))
def test_whole_characters_pass_at_once(pieces: list[str]) -> None:
    assert joined(*pieces) == [*pieces, ""]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["Hi \ud83d", "\ude00 there"], ["Hi ", "😀 there", ""]),
        (["a\ud83d", "b"], ["a", "\ufffdb", ""]),
        (["a\ud83d"], ["a", "\ufffd"]),
        (["a\udc00b"], ["a\ufffdb", ""]),
        (["\udcf0\udc9f", "\udc98", "\udc80!"], ["", "", "😀!", ""]),
        (["\udcff!"], ["\ufffd!", ""]),
    ],
)
def test_halves(pieces: list[str], expected: list[str]) -> None:
    assert joined(*pieces) == expected
