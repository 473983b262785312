"""How the classes of the tokenizer follow from Unicode."""

import re
import unicodedata

import pytest

from headwater.storage.character_classes import SEPARATORS, SIGNS


def kind(character: str) -> str:
    """What a character is, by its category. An unassigned character is a letter."""
    category = unicodedata.category(character)
    if category in {"Sm", "Sc", "So"} or character in "#%&@§†‡‰＃％＆＠":
        return "sign"
    return "separator" if category[0] in "PZ" or category in {"Cc", "Cf", "Sk"} else "letter"


@pytest.mark.skipif(
    unicodedata.unidata_version != "14.0.0", reason="this Python knows another version of Unicode"
)
def test_the_classes_are_those_of_unicode() -> None:
    sign, separator = re.compile(f"[{SIGNS}]"), re.compile(f"[{SEPARATORS}]")
    for code in (*range(1, 0xD800), *range(0xE000, 0x20000)):
        character = chr(code)
        found = (sign.match(character) is not None, separator.match(character) is not None)
        assert found == (kind(character) == "sign", kind(character) == "separator"), hex(code)
