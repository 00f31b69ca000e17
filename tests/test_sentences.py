"""sentences: what ends the first one, and what only looks like an end."""

import time

import pytest

from publisher.digest.markup.plain import first_sentence


@pytest.mark.parametrize(
    "text",
    [
        "The U.S. Coast Guard moved the buoy.",
        "Dr. Osei on why eels climb.",
        "Ver. 2.0 of the tide table.",
        "Bring a net, e.g. The small one.",
        "J. R. Ackroyd counts herons.",
        "J.-P. Morel counts herons.",
        "Soil by K. Marsh",
        "Мост им. А. С. Пушкина открыт.",
        "Так говорит проф. Иванова.",
        "Построен в 1911 г. и закрыт.",
        "Am Ufer, z. B. Weiden, u. a. Arten.",
        "Am 3. Mai fließt die Isar.",
        "Rund 4 Mio. Euro für die Brücke.",
        "Le pont de M. Dupont rouvre.",
        "El puente del Sr. López reabre.",
        "Eels vs. Herons: a tally.",
        "Ferry No. 5 is back.",
        "It costs approx. 40 crowns.",
        "The lock at St. Ives leaks.",
        "We waited... and the tide came.",
        "“下雨了！”——这是小说的第一句。",
        "“下雨了！”，船夫喊道。",
        "《桥为什么会塌？》是一本书。",
        "他说：“好。”",
        "“Is it deep?” asked the ferryman.",
        "« Quoi ? » demanda le passeur.",
        "See node.js for the map.",
    ],
)
def test_goes_on(text: str) -> None:
    """Abbreviations, initials, ordinals and quotations within a sentence do not end it."""
    assert first_sentence(text + " The rest." if text[-1] == "." else text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The tide is out. Walk.", "The tide is out."),
        ("The tide is out. 40 people walk.", "The tide is out."),
        ("The tide is out. 走吧。", "The tide is out."),
        ("The tide is out. “Walk”, they say.", "The tide is out."),
        ("It was built in 1911. Then it fell.", "It was built in 1911."),
        ("Is it safe? No. We swam.", "Is it safe?"),
        ("They said no. We swam.", "They said no."),
        ("This is art. We looked.", "This is art."),
        ("He said “It is deep.” We swam.", "He said “It is deep.”"),
        ("(The tide is out.) Walk.", "(The tide is out.)"),
        ("他说：“好。”我们走了。", "他说：“好。”"),
        ("真的吗？！走吧。", "真的吗？！"),
        ("潮退了。走吧。", "潮退了。"),
        ("Dr. Osei\nWalk.", "Dr. Osei"),
        ("No end at all", "No end at all"),
        ("", ""),
    ],
)
def test_ends(text: str, expected: str) -> None:
    """A stop before a new sentence ends one, with the marks that close it."""
    assert first_sentence(text) == expected


def test_time_grows_with_the_text() -> None:
    """Neither stops that are none nor closing marks make it slow."""
    for part in ("J. ", "!”", ". ", "a" * 50 + ". b", "? » x", ". \t\t"):
        began = time.perf_counter()
        first_sentence(part * (400_000 // len(part)))
        assert time.perf_counter() - began < 5, part
