"""characters: forbidden ones go once, with their place."""

from publisher.digest.source.characters import MOST_REPORTED, at_the_door, scrub, straighten


def test_line_ends() -> None:
    """Every line end is a line feed; separators become spaces, so that lines stay countable."""
    assert straighten("a\r\nb\rc\u2028d\u2029e\x85f\n\rg") == "a\nb\nc d e f\n\ng"


def test_removed_with_place() -> None:
    """A control character and a bidi override go and are reported at line and column."""
    clean, findings = at_the_door("ok\nab\x02c\n\u202ex")
    assert clean == "ok\nabc\nx"
    assert [(f.code, f.line, f.column) for f in findings] == [
        ("digest/control-character", 2, 3),
        ("digest/control-character", 3, 1),
    ]


def test_noncharacters() -> None:
    """Surrogates, noncharacters and inner byte order marks go; no others near them."""
    assert scrub("a\ud800b\ufdd0c\ufeffd\U0001fffee\U0010ffff") == "abcde"
    assert scrub("\ufdcf\ufdf0\U0001fffd\U00020000") == "\ufdcf\ufdf0\U0001fffd\U00020000"


def test_lost_characters() -> None:
    """A replacement character stays, and is reported once with its first place."""
    clean, (found,) = at_the_door("one\ntw\ufffd th\ufffdee\n")
    assert clean == "one\ntw\ufffd th\ufffdee\n"
    assert (found.code, found.line, found.column) == ("digest/lost-character", 2, 3)
    assert "at 1 more place" in found.message


def test_references() -> None:
    """A forbidden character spelt as a number goes too, even when its halves are joined so."""
    assert at_the_door("a&#x202E;b&#8238;c&#x20&#1;2E;d&#65;")[0] == "abcd&#65;"


def test_many_are_summed_up() -> None:
    """More than ten are counted, not listed."""
    _, findings = at_the_door("\x01" * 25)
    assert len(findings) == MOST_REPORTED + 1
    assert findings[-1].message.startswith("15 more")


def test_scrub_leaves_text_alone() -> None:
    """Emoji sequences, direction marks and tabs stay."""
    text = "👩\u200d💻\tא\u200f"
    assert scrub(text) == text
