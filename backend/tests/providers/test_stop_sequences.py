from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.providers.stop_sequences import StopSequences

PIECES = st.lists(st.text(alphabet="abé", max_size=4), max_size=8)
SEQUENCES = st.lists(st.text(alphabet="abé", min_size=1, max_size=4), max_size=4)


def said(pieces: list[str], sequences: list[str]) -> tuple[str, bool]:
    stops = StopSequences(sequences)
    parts = [stops.feed(piece) for piece in pieces]
    return "".join([*parts, stops.rest()]), stops.met


def expected(text: str, sequences: list[str]) -> tuple[str, bool]:
    """By looking at each character's end, one after the other."""
    for end in range(1, len(text) + 1):
        ending = [len(each) for each in sequences if text[:end].endswith(each)]
        if ending:
            return text[: end - max(ending)], True
    return text, False


@settings(deadline=None)
@given(PIECES, SEQUENCES)
def test_a_text_ends_before_the_first_sequence_wherever_it_is_cut(
    pieces: list[str], sequences: list[str]
) -> None:
    assert said(pieces, sequences) == expected("".join(pieces), sequences)


@settings(deadline=None)
@given(PIECES, SEQUENCES)
def test_nothing_is_held_back_but_what_may_begin_a_sequence(pieces: list[str], sequences: list[str]) -> None:
    stops = StopSequences(sequences)
    seen = given_back = ""
    for piece in pieces:
        seen += piece
        given_back += stops.feed(piece)
        if stops.met:
            break
        held = seen[len(given_back) :]
        assert held == "" or any(each.startswith(held) and each != held for each in sequences)


def test_a_sequence_over_three_tokens() -> None:
    assert said(["He said", " goodb", "ye,", " and left"], ["bye, and"]) == ("He said good", True)
    assert said(["one", " two"], []) == ("one two", False)
