import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.ids import new_id
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import Database
from headwater.storage.highlight import SNIPPET, SnippetPart
from headwater.storage.rows import message_row
from headwater.storage.search import SearchCursor, SearchMatch, SearchRepository
from headwater.storage.tables import messages
from headwater.storage.tokenizer import words_of
from tests.storage.trees import kept, line, new_conversation

QUESTIONS = [
    ("rivers", True),
    ("RIVERS", True),
    ("riv", True),
    ("begin small", True),
    ("small begin", True),
    ("smal begin", False),
    ("begin smal", True),
    ("iver", False),
    ("rivers missing", False),
    ("small alpine", False),
    ("  rivers\t\n begin  ", True),
    ("", False),
    ("…!?", False),
]

HOSTILE = [
    '" OR 1=1 *',
    "NEAR(",
    "a:*&!|",
    "'",
    '"',
    "''",
    '""',
    "\\",
    "\\'",
    "river AND",
    "NOT river",
    "river OR",
    "text:river",
    "owner:me",
    "-river",
    "^river",
    "riv*er",
    "(river",
    "river)",
    "<->",
    "river <-> a",
    "river:A",
    "%s %(x)s :x ? $1",
    "\0",
    "river\0",
    "\ud800",
    "😀",
    "😀 river",
    "́",
    "🏳️‍🌈",
    "a" * 10_000,
    "日本" * 5_000,
    "river " * 2_000,
    " ".join(f"w{n}" for n in range(2_000)),
    "_",
    "___",
    "\u1d173",
    "İ",
    "ß",
]

WRITTEN = [
    ("snake_case_name", ["snake_case_name", "snake", "case", "name", "snake_ca"]),
    ("well-known up-to-date", ["well-known", "known", "up-to-date", "date"]),
    (
        "see https://example.com/springs/river-delta?from=map#top",
        ["https://example.com/springs", "river", "springs", "river-delta", "map", "example.com", "top"],
    ),
    ("mail jane.doe@example.org", ["jane.doe@example.org", "doe", "example", "jane"]),
    ("version 1.2.3-rc4, 3.14e10 and -42", ["1.2.3", "rc4", "3.14", "42", "-42"]),
    ("/usr/local/bin/headwater", ["headwater", "/usr/local", "local"]),
    ("don't can’t", ["don't", "don", "can’t", "can't"]),
    ("ÄRGER über Łódź ΣΊΣΥΦΟΣ Москва İzmir", ["ärger", "ÜBER", "łódź", "Łó", "МОСКВА"]),
    (
        "café naïve re\u0301sume\u0301",
        ["café", "cafe", "CAFÉ", "cafe\u0301", "naive", "résumé", "resume"],
    ),
    ("हिन्दी में लिखा", ["हिन्दी", "लिखा", "हिन्दी में"]),
    ("ภาษาไทย เขียน", ["ภาษาไทย", "เขียน"]),
    ("שָׁלוֹם עולם مَرحَبا", ["שָׁלוֹם", "עולם", "مَرحَبا"]),
    ("日本語 テスト 한국어 검색", ["日本語", "日本", "テスト", "한국어", "한국", "검색"]),
    ("川は山から海へ流れます。", ["川", "海", "海へ", "から", "山から海", "流れます", "海 川", "ます"]),
    ("我最喜欢的河流是长江,1998年去过", ["长江", "喜欢", "河流 长江", "1998", "199", "年", "去过"]),
    ("東京タワーのA4サイズ", ["タワー", "A4", "サイズ a4", "京タ", "東京タワーのA4サイズ"]),
    ("か\u3099っこう", ["がっこう", "が", "っこ", "か\u3099"]),
    ("C++ und C# 𝒳 x²", ["c", "x²", "C++", "c+", "C++ und", "C#", "𝒳", "x² c#"]),
    ("a->b costs $5 or 10 €, R&D", ["->b", ">", "$5", "$", "€", "10 €", "r&d", "R&"]),
    (
        "party👍🏽 🎉🎉 of ❤️ 👨\u200d👩\u200d👧",
        ["👍", "👍🏿", "party👍", "🎉", "🎉🎉", "❤", "👩", "👨\u200d👩"],
    ),
    ("∑ ≥ 3°→←", ["∑", "≥ 3", "3°", "°", "→", "°→", "←"]),
    ("ภาษาไทยที่ดี", ["ไทย", "ภาษา", "ที่", "ดี", "ไทย ภาษา"]),
    ("ພາສາລາວງາມ", ["ລາວ", "ພາສາ", "ງາມ"]),
    ("ភាសាខ្មែរ។ល្អ", ["ខ្មែរ", "ភាសា", "ល្អ"]),
    ("မြန်မာစာ၊လှ", ["မာ", "စာ", "မြန်မာ", "လှ"]),
    ("ㄅㄆㄇ 你好!", ["ㄆ", "ㄅㄆ", "你好!"]),
    ("<b>bold</b> &amp; \x02marks\x03", ["bold", "marks", "amp"]),
    ("river—mountain “quoted” (paren) a|b", ["mountain", "quoted", "paren", "b", "river—mountain"]),
]

NOT_WRITTEN = [
    ("川は山から海へ流れます", ["海流", "江", "へ海", "から川"]),
    ("がっこう", ["か", "かっこう"]),
    ("東京タワー", ["京都", "タワ1"]),
    ("a C and i++, Abc++ or # C", ["C++", "C#", "c+", "$"]),
    ("ภาษาไทย", ["ทยไ", "ษาท"]),
    ("🎉👍", ["👍🎉", "🎈"]),
]

ANY = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def repository(database: Database) -> ConversationRepository:
    return ConversationRepository(database)


@pytest.fixture
def search(database: Database) -> SearchRepository:
    return SearchRepository(database)


async def names(search: SearchRepository, question: str, client: str = "me") -> list[str]:
    found, cursor = await search.search(client, question, 100, None)
    assert cursor is None
    return [each.conversation.id for each in found]


async def paged(search: SearchRepository, question: str, limit: int, client: str = "me") -> list[SearchMatch]:
    found: list[SearchMatch] = []
    after: SearchCursor | None = None
    while True:
        page, after = await search.search(client, question, limit, after)
        assert len(page) <= limit
        found += page
        if after is None:
            return found
        assert len(page) == limit


def marked(parts: tuple[SnippetPart, ...]) -> list[str]:
    return [part.text for part in parts if part.match]


def whole(parts: tuple[SnippetPart, ...]) -> str:
    return "".join(part.text for part in parts)


async def test_all_words_are_in_one_message_the_last_one_as_a_beginning(
    repository: ConversationRepository, search: SearchRepository
) -> None:
    conversation, _ = await kept(
        repository, "me", "Rivers begin as small springs.", "In alpine meadows.", title="Untitled"
    )
    for question, found in QUESTIONS:
        assert await names(search, question) == ([conversation.id] if found else []), question


async def test_what_was_found_says_where(
    repository: ConversationRepository, search: SearchRepository
) -> None:
    both, said = await kept(
        repository, "me", "a river", "no", "the RIVERS of old", "no", title="How rivers begin"
    )
    title, _ = await kept(repository, "me", "nothing", title="River Thames")
    message, other = await kept(repository, "me", "what is a river?", title="Water")
    found = {each.conversation.id: each for each in (await search.search("me", "river", 9, None))[0]}
    assert set(found) == {both.id, title.id, message.id}
    assert found[both.id].message == said[2].id
    assert marked(found[both.id].snippet) == ["RIVERS"]
    assert found[both.id].title == (
        SnippetPart("How ", False),
        SnippetPart("rivers", True),
        SnippetPart(" begin", False),
    )
    assert (found[title.id].message, found[title.id].snippet) == (None, ())
    assert marked(found[title.id].title) == ["River"]
    assert found[message.id].message == other[0].id
    assert found[message.id].snippet == (
        SnippetPart("what is a ", False),
        SnippetPart("river", True),
        SnippetPart("?", False),
    )
    assert found[message.id].title == (SnippetPart("Water", False),)
    assert found[both.id].conversation == await repository.get("me", both.id)


async def test_titles_come_first_then_messages_each_from_the_newest_on(
    repository: ConversationRepository, search: SearchRepository
) -> None:
    titles, inside = [], []
    for n in range(3):
        titles.append((await kept(repository, "me", "nothing", title=f"River {n}"))[0].id)
        inside.append((await kept(repository, "me", f"a river {n}"))[0].id)
    assert await names(search, "river") == [*titles[::-1], *inside[::-1]]


async def test_what_changes_is_found_as_it_is_now(
    repository: ConversationRepository, search: SearchRepository
) -> None:
    conversation, _ = await kept(repository, "me", "one", title="Rivers")
    await repository.change("me", conversation.id, {"title": "Mountains"})
    assert await names(search, "rivers") == []
    assert await names(search, "mountains") == [conversation.id]
    await repository.change("me", conversation.id, {"archived": True})
    assert await names(search, "mountains") == [conversation.id]
    await repository.delete("me", conversation.id, 5)
    assert await names(search, "mountains") == await names(search, "one") == []
    await repository.restore("me", conversation.id)
    assert await names(search, "mountains") == await names(search, "one") == [conversation.id]
    await repository.delete("me", conversation.id, 5)
    await repository.purge(6)
    assert await names(search, "mountains") == await names(search, "one") == []


async def test_nothing_of_another_client_is_found(
    repository: ConversationRepository, search: SearchRepository
) -> None:
    mine, _ = await kept(repository, "me", "a river of mine")
    for other in ("you", "ME", "m", "me2"):
        await kept(repository, other, "a river of yours", title="River")
    for question in ("river", "me", "6d65", "you", "r", "owner", "owner river"):
        assert await names(search, question) == ([mine.id] if question in {"river", "r"} else [])
    assert await names(search, "yours") == []


async def test_a_question_is_words_and_nothing_else(
    repository: ConversationRepository, search: SearchRepository
) -> None:
    conversation, _ = await kept(repository, "me", "the river and a lake or near it not text owner")
    theirs = "\n".join(HOSTILE).replace("\0", "").replace("\ud800", "")
    await kept(repository, "other", theirs, title="river")
    for question in HOSTILE:
        assert await names(search, question) in ([], [conversation.id]), question
    for question in ("river AND", "NOT river", "-river", "^river", "(river", "river\0"):
        assert question in HOSTILE
        assert await names(search, question) == [conversation.id], question


async def test_words_are_found_however_they_are_written(
    repository: ConversationRepository, search: SearchRepository
) -> None:
    for text, questions in WRITTEN:
        client = new_id("client")
        conversation, _ = await kept(repository, client, text, title="Untitled")
        titled, _ = await kept(repository, client, title=text)
        for question in questions:
            found, _ = await search.search(client, question, 9, None)
            assert {each.conversation.id for each in found} == {conversation.id, titled.id}, question
            for each in found:
                parts = each.snippet or each.title
                assert whole(parts) == unicodedata.normalize("NFC", text)
                assert marked(parts), question


async def test_signs_without_spaces_are_found_where_they_stand_together(
    repository: ConversationRepository, search: SearchRepository
) -> None:
    for text, questions in NOT_WRITTEN:
        client = new_id("client")
        await kept(repository, client, text, title=text)
        for question in questions:
            assert await names(search, question, client) == [], question
    many = "".join(chr(0x20000 + n % 40_000) for n in range(100_000))
    long, _ = await kept(repository, "me", many, title="Most of a dictionary")
    assert await names(search, many[70_000:70_002]) == [long.id]


@ANY
@given(
    text=st.text(st.characters(exclude_categories=["C"]), max_size=60)
    | st.text("ab川山から 。9", max_size=30)
    | st.text("ab é-_ß’—Ж9", max_size=30)
    | st.text("ab+#🎉 ไท。", max_size=30),
    start=st.integers(0, 10),
    count=st.integers(1, 4),
)
async def test_any_words_of_any_text_find_it(
    repository: ConversationRepository,
    search: SearchRepository,
    text: str,
    start: int,
    count: int,
) -> None:
    client = new_id("client")
    conversation, _ = await kept(repository, client, text, title="")
    wanted = words_of(text)[start : start + count]
    if wanted:
        assert await names(search, " ".join(wanted), client) == [conversation.id]


@ANY
@given(question=st.text(max_size=40))
async def test_no_question_is_too_strange(search: SearchRepository, question: str) -> None:
    assert await names(search, question) == []


@pytest.mark.parametrize("limit", [7, 100])
async def test_pages_of_what_was_found_hold_every_conversation_once(
    repository: ConversationRepository, search: SearchRepository, limit: int
) -> None:
    """Hundreds of messages: in some conversations many, in some the title as well."""
    titles, inside = [], []
    made = []
    for n in range(150):
        in_title, count = n % 5 == 0, (0, 1, 3, 12)[n % 4]
        said = line(*[f"A river, {m}." if m % 2 == 0 else "No." for m in range(2 * count)] or ["No."])
        conversation = new_conversation(said, "Rivers" if in_title else "Other")
        made.append((conversation, said))
        if in_title:
            titles.append(conversation.id)
        elif count:
            inside.append(conversation.id)
    await repository.insert("me", made)
    found = await paged(search, "river", limit)
    assert [each.conversation.id for each in found] == [*titles[::-1], *inside[::-1]]
    by_id = {conversation.id: said for conversation, said in made}
    for each in found:
        river = [message.id for message in by_id[each.conversation.id] if "river" in message.text]
        assert each.message == (river[-1] if river else None)
        assert (marked(each.snippet) == ["river"]) == bool(river)


async def test_conversations_of_many_messages_between_one_another_are_found_once(
    database: Database, repository: ConversationRepository, search: SearchRepository
) -> None:
    """Their messages take turns, so that each page meets conversations that were shown before."""
    made = [new_conversation() for _ in range(40)]
    await repository.insert("me", [(each, []) for each in made])
    rows = [message_row(line("A river.")[0], made[n * 7 % 40].id, "me") for n in range(400)]
    await database.write(lambda connection: connection.execute(messages.insert(), rows))
    newest_first = list(dict.fromkeys(made[n * 7 % 40].id for n in reversed(range(400))))
    for limit in (1, 9):
        assert [each.conversation.id for each in await paged(search, "river", limit)] == newest_first


async def test_a_long_message_is_found_by_its_beginning_and_shows_where(
    repository: ConversationRepository, search: SearchRepository
) -> None:
    early, _ = await kept(repository, "me", "word " * 15_000 + "needle " + "word " * 200_000, title="One")
    await kept(repository, "me", "word " * 150_000 + "needle", title="Two")
    assert await names(search, "needle") == [early.id]
    found, _ = await search.search("me", "needle", 9, None)
    assert marked(found[0].snippet) == ["needle"]
    text = whole(found[0].snippet)
    assert len(text) < 2 * SNIPPET
    assert text.startswith("…word")
    assert text.endswith("word…")


async def test_a_snippet_is_the_place_with_most_of_the_words(
    repository: ConversationRepository, search: SearchRepository
) -> None:
    filler = "nothing to see here, " * 30
    await kept(repository, "me", f"A river. {filler} The river in spring floods. {filler} floods", title="")
    found, _ = await search.search("me", "floods river", 9, None)
    assert marked(found[0].snippet) == ["river", "floods"]
    assert "The river in spring floods." in whole(found[0].snippet)
