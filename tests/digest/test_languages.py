"""languages: told by the script, or not at all."""

import pytest

from publisher.digest.languages import of_text, of_title


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("这是一篇关于 Transformer 的文章", "zh"),
        ("これは記事です", "ja"),
        ("이것은 기사입니다 記事", "ko"),
        ("Это статья о новостях", "ru"),
        ("Це стаття про їжу", None),
        ("هذا مقال", "ar"),
        ("The cat sat on the mat and looked at the dog from the door", "en"),
        ("Die Katze saß auf der Matte und sah den Hund an der Tür", None),
        ("GPT-4", None),
        ("123 …", None),
    ],
)
def test_text(text: str, expected: str | None) -> None:
    """A text's language is named where script or small words tell."""
    assert of_text(text) == expected


@pytest.mark.parametrize(
    ("title", "other", "expected"),
    [
        ("Small Models", "小模型", "en"),
        ("小模型", "Small Models", "zh"),
        ("Small Models", None, None),
        ("Small Models", "Малые модели", None),
        ("2024", "小模型", None),
    ],
)
def test_title(title: str, other: str | None, expected: str | None) -> None:
    """A Latin title is English only beside its Chinese, Japanese or Korean translation."""
    assert of_title(title, other) == expected
