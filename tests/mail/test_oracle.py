"""npm mjml as an oracle: another engine reads our MJML without a complaint and draws the same.

The MJML in question is what our templates draw of an issue. Our engine validates nothing, so faults
in templates are for the oracle to find. What both make of it is compared piece by piece: tags, their
attributes and the text between them, those in conditional comments for Outlook included. Alike to
every mail program, and so to us, are:

- one run of white space and another, also none at the ends of a text and around the signs of CSS;
- attributes, and the names in a class, in one order and another;
- an attribute that says nothing and one that is not there (npm writes `style=""`);
- `<meta ...>` and `<meta .../>`;
- two conditional comments with one condition, one after the other, and one with the text of both
  (npm joins them), as two <style> blocks and one: ours stay apart, which Gmail likes better, for it
  throws away a whole block for one rule it does not understand.
"""

import re
from collections.abc import Callable
from difflib import unified_diff
from html.parser import HTMLParser

import pytest
from mjml import mjml2html

pytestmark = pytest.mark.service


VOID = {"br", "hr", "img", "link", "meta", "wbr"}
JOINT = re.compile(r"<!\[endif\]-->\s*<!--\[if mso \| IE\]>")
CONDITION = re.compile(r"(\[if [^]]+\])>(.*)<!\[endif\]", re.DOTALL)


class Pieces(HTMLParser):
    """Reads HTML into pieces that are equal where two engines mean the same."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.feed(JOINT.sub("", html))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Write a tag."""
        if tag == "style" and self.found[-1:] == ["</style>"]:
            self.found.pop()
            return
        told = sorted(f' {name}="{meant}"' for name, value in attrs if (meant := mean(name, value)))
        self.found.append(f"<{tag}{''.join(told)}>")

    def handle_endtag(self, tag: str) -> None:
        """Write an end."""
        if tag not in VOID:
            self.found.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Write text."""
        words = " ".join(data.split())
        if self.cdata_elem:
            words = re.sub(r"\s*([{}:;,])\s*", r"\1", words)
            if not self.found[-1].startswith("<"):
                words = self.found.pop() + words
        if words:
            self.found.append(words)

    def handle_comment(self, data: str) -> None:
        """Write what is in a comment, for Outlook reads it."""
        told = CONDITION.fullmatch(data.strip())
        self.found += (
            [f"<!--{told[1]}", *Pieces(told[2]).found, "-->"] if told else [f"<!--{data}-->"]
        )

    def handle_decl(self, decl: str) -> None:
        """Write the kind of the document."""
        self.found.append(f"<!{decl}>")


def mean(name: str, value: str | None) -> str:
    """Write an attribute's value as both mean it."""
    words = (value or "").split()
    return " ".join(sorted(words) if name == "class" else words)


Asked = Callable[[dict[str, str]], dict[str, list[str]]]


@pytest.fixture(scope="session")
def ask(node: Callable) -> Asked:
    """Ask the oracle about sources, name -> MJML: what it finds wrong, and what it draws unlike us."""

    def differences(sources: dict[str, str]) -> dict[str, list[str]]:
        said = node("mjml.cjs", sources)
        assert set(said) == set(sources)
        found = {}
        for name, source in sources.items():
            ours = Pieces(mjml2html(source, fonts={}, disable_comments=True)).found
            theirs = Pieces(said[name]["html"]).found
            unlike = list(unified_diff(ours, theirs, "ours", "npm", n=1, lineterm=""))
            if said[name]["errors"] or unlike:
                found[name] = said[name]["errors"] + unlike
        return found

    return differences


def test_another_engine_draws_our_mail_the_same(ask: Asked, mails: list) -> None:
    """No complaint and no difference in the sample and our letters, in any look."""
    assert ask({mail.name: mail.source for mail in mails}) == {}


def test_another_engine_draws_mail_of_strangers_the_same(ask: Asked, strangers: list) -> None:
    """No complaint and no difference either in what strangers wrote."""
    assert ask({mail.name: mail.source for mail in strangers}) == {}


@pytest.mark.parametrize(
    ("sound", "broken", "complaint"),
    [
        ("<mj-body", '<mj-body colour="red"', "Attribute colour is illegal"),
        ("<mj-text", "<mj-box></mj-box><mj-text", "Element mj-box doesn't exist"),
        ("<mj-column", '<mj-column width="wide"', "Attribute width has invalid value"),
    ],
)
def test_the_oracle_finds_what_is_broken(
    ask: Asked, maker: Callable, sound: str, broken: str, complaint: str
) -> None:
    """What our engine passes over in silence the oracle names."""
    source = maker("# T\n\n## [One](https://a.example.net/)\n\nx\n").source
    assert sound in source
    found = ask({"broken": source.replace(sound, broken, 1)})
    assert any(complaint in line for line in found["broken"]), found


def test_a_difference_is_seen(ask: Asked) -> None:
    """Of two classes that contradict each other our engine takes the first, npm the last."""
    classes = '<mj-class name="a" align="left" /><mj-class name="b" align="right" />'
    head = (
        f'<mj-head><mj-attributes><mj-all font-family="Arial" />{classes}</mj-attributes></mj-head>'
    )
    column = "<mj-column><mj-text{}>x</mj-text></mj-column>"
    frame = f"<mjml>{head}<mj-body><mj-section>{column}</mj-section></mj-body></mjml>"
    found = ask({"one": frame.format(' mj-class="a"'), "two": frame.format(' mj-class="a b"')})
    assert set(found) == {"two"}
    assert any(line.startswith("+") and "text-align:right" in line for line in found["two"])
