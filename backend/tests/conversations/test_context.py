import itertools

from hypothesis import given
from hypothesis import strategies as st

from headwater.conversations.context import MESSAGE_TOKENS, alternate, estimate, fit
from headwater.generation.provider import PromptMessage

contexts = st.lists(
    st.builds(PromptMessage, st.sampled_from(["user", "assistant"]), st.text(min_size=1, max_size=200)),
    min_size=1,
).map(lambda said: [*said, PromptMessage("user", "and now?")])


def user(text: str) -> PromptMessage:
    return PromptMessage("user", text)


def assistant(text: str) -> PromptMessage:
    return PromptMessage("assistant", text)


def cost(given: tuple[PromptMessage, ...]) -> int:
    return sum(estimate(message.text) + MESSAGE_TOKENS for message in given)


@given(contexts, st.integers(100, 2000), st.none() | st.text(min_size=1, max_size=50))
def test_what_is_given_fits_and_is_the_newest(
    said: list[PromptMessage], window: int, system: str | None
) -> None:
    fitted = fit(said, system, window, 20)
    given = fitted.messages[1:] if system else fitted.messages
    assert system is None or fitted.messages[:1] == (PromptMessage("system", system),)
    assert given[-1] == said[-1]
    assert len(given) == 1 or cost(fitted.messages) + 20 <= window
    assert given[0].role == "user" or fitted.omitted == 0
    kept = said[fitted.omitted :]
    assert "".join(message.text for message in given) == "".join(message.text for message in kept)


@given(contexts)
def test_a_window_that_is_not_known_takes_everything(said: list[PromptMessage]) -> None:
    assert fit(said, None, None, None).omitted == 0


def test_the_oldest_is_left_out_first_and_never_half_of_an_exchange() -> None:
    said = [user("a " * 30), assistant("b " * 30), user("c " * 30), assistant("d " * 30), user("e")]
    window = 1 + MESSAGE_TOKENS + 2 * (10 + MESSAGE_TOKENS) + 20
    assert fit(said, None, window, 20).omitted == 2
    assert fit(said, None, window - 1, 20).omitted == 4


def test_a_question_is_asked_however_long_it_is() -> None:
    assert fit([user("a"), assistant("b"), user("long " * 1000)], None, 100, None).omitted == 2


def test_room_is_kept_for_the_reply() -> None:
    said = [user("a" * 300), assistant("b" * 300), user("c")]
    assert fit(said, None, 250, 10).omitted == 0
    assert fit(said, None, 250, 100).omitted == 2


def test_a_reply_and_its_continuation_are_one_turn() -> None:
    said = [user("go"), assistant("one "), assistant("two")]
    assert fit(said, None, None, None).messages == (user("go"), assistant("one two"))


@given(st.lists(st.builds(PromptMessage, st.sampled_from(["user", "assistant"]), st.sampled_from("ab \n"))))
def test_roles_alternate_and_nothing_with_words_is_lost(said: list[PromptMessage]) -> None:
    given = alternate(said)
    assert all(one.role != next_.role for one, next_ in itertools.pairwise(given))
    words = [(message.role, message.text) for message in said if message.text.strip()]
    assert [(message.role, text) for message in given for text in message.text.split("\n\n")] == words


def test_a_question_without_an_answer_is_asked_with_the_next_one() -> None:
    said = [PromptMessage("system", "Be brief."), user("one"), assistant(" \n"), user("two"), user("three")]
    assert alternate(said) == (said[0], user("one\n\ntwo\n\nthree"))


def test_estimates_are_rather_too_many_than_too_few() -> None:
    """Known counts of the bundled model's tokenizer, which is a small one."""
    assert estimate("Explain how rivers begin, with a short table of three famous springs") >= 13
    assert estimate("12345678") >= 8
    assert estimate("日本語") >= 5
    assert estimate("") == 0
