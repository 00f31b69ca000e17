"""Where things stand: the names that addresses are made of."""

import pytest

from publisher.addresses import topic_slug


@pytest.mark.parametrize(
    ("topic", "slug"),
    [
        ("Large Language Models", "large-language-models"),
        ("ＬＬＭ", "llm"),
        ("machine_learning", "machine-learning"),
        ("Straße", "strasse"),
        ("机器学习", "机器学习"),
        ("Обучение", "обучение"),
        ("हिंदी भाषा", "हिंदी-भाषा"),
        ("هوش\u200cمصنوعی", "هوشمصنوعی"),
        ("C++", "c++"),
        ("C#", "c#"),
        ("Issue #5 + more", "issue-5-more"),
        ("../etc", "etc"),
        ("🎉", ""),
    ],
)
def test_a_topic_is_addressed_by_its_letters(topic: str, slug: str) -> None:
    """Letters of any script stay, case and width do not, and nothing climbs out of a folder."""
    assert topic_slug(topic) == slug
