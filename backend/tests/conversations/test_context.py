from hypothesis import given
from hypothesis import strategies as st

from headwater.conversations.context import TURN_TOKENS, estimate, fit
from headwater.generation.provider import Turn

turns = st.lists(
    st.builds(Turn, st.sampled_from(["user", "assistant"]), st.text(min_size=1, max_size=200)), min_size=1
).map(lambda said: [*said, Turn("user", "and now?")])


def user(text: str) -> Turn:
    return Turn("user", text)


def assistant(text: str) -> Turn:
    return Turn("assistant", text)


def cost(given: tuple[Turn, ...]) -> int:
    return sum(estimate(turn.text) + TURN_TOKENS for turn in given)


@given(turns, st.integers(100, 2000), st.none() | st.text(min_size=1, max_size=50))
def test_what_is_given_fits_and_is_the_newest(said: list[Turn], window: int, system: str | None) -> None:
    fitted = fit(said, system, window, 20)
    given = fitted.turns[1:] if system else fitted.turns
    assert fitted.turns[:1] == (Turn("system", system),) or system is None
    assert given[-1] == said[-1]
    assert len(given) == 1 or cost(fitted.turns) + 20 <= window
    assert given[0].role == "user" or fitted.left_out == 0
    kept = said[fitted.left_out :]
    assert "".join(turn.text for turn in given) == "".join(turn.text for turn in kept)


@given(turns)
def test_a_window_that_is_not_known_takes_everything(said: list[Turn]) -> None:
    assert fit(said, None, None, None).left_out == 0


def test_the_oldest_is_left_out_first_and_never_half_of_an_exchange() -> None:
    said = [user("a " * 30), assistant("b " * 30), user("c " * 30), assistant("d " * 30), user("e")]
    window = 1 + TURN_TOKENS + 2 * (10 + TURN_TOKENS) + 20
    assert fit(said, None, window, 20).left_out == 2
    assert fit(said, None, window - 1, 20).left_out == 4


def test_a_question_is_asked_however_long_it_is() -> None:
    assert fit([user("a"), assistant("b"), user("long " * 1000)], None, 100, None).left_out == 2


def test_room_is_kept_for_the_reply() -> None:
    said = [user("a" * 300), assistant("b" * 300), user("c")]
    assert fit(said, None, 250, 10).left_out == 0
    assert fit(said, None, 250, 100).left_out == 2


def test_a_reply_and_its_continuation_are_one_turn() -> None:
    said = [user("go"), assistant("one "), assistant("two")]
    assert fit(said, None, None, None).turns == (user("go"), assistant("one two"))


def test_estimates_are_rather_too_many_than_too_few() -> None:
    """Known counts of the bundled model's tokenizer, which is a small one."""
    assert estimate("Explain how rivers begin, with a short table of three famous springs") >= 13
    assert estimate("12345678") >= 8
    assert estimate("日本語") >= 5
    assert estimate("") == 0
