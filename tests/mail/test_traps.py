"""What mail programs and MJML engines stumble over, looked for in every mail of ours in every look.

Each trap has been fallen into by somebody. Those of one room's own making are tested with it:
headers and encodings in tests/render/test_message.py, tests/render/test_headers.py; white space
between tags and newlines in code in tests/render/test_fragments.py; what html-validate, axe and npm
mjml see in test_markup.py, test_access.py, test_oracle.py.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import html as lxml_html
from mjml import mjml2html

from publisher import templates
from publisher.model import Newsletter, Published, Variant
from publisher.render import mail

STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
CONDITION = re.compile(r"<!--\[if [^]]*\]>")
INLINE = re.compile(r'\sstyle="([^"]*)"')
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def test_templates_use_nothing_the_engine_gets_wrong() -> None:
    """No template of ours has what our engine draws wrongly, drops in silence or rejects."""
    wrong = (
        "<mj-include",  # loses every width in pixels
        "<mj-preview",  # white letters on white paper: filters take it for a trick
        "<mj-font",  # readers would fetch one from a stranger
        "<mj-html-attributes",  # rejected
        "<mj-class",  # of two that contradict each other, the wrong one wins
        "<![CDATA[",  # rejected
        "<?xml",  # rejected
        'inline="inline"',  # left in <style>
        "file-start",  # rejected
        "gap=",  # ignored
        "owa=",  # dropped
    )
    ours = {name: text for name, text in templates.load(None).items() if name.startswith("mail/")}
    assert [(name, word) for name, text in ours.items() for word in wrong if word in text] == []


def test_nothing_is_fetched_but_pictures(mails: list) -> None:
    """No style sheet, font, script or frame from anywhere; pictures over https alone."""
    for one in mails:
        tree = lxml_html.fromstring(one.html)
        assert tree.xpath("//link | //script | //iframe | //object | //form | //video") == []
        assert not re.search(r"@import|@font-face|url\(|googleapis", one.html), one.name
        for picture in tree.xpath("//img"):
            assert picture.get("src").startswith("https://news.example.org/"), one.name


def test_pictures_are_of_kinds_all_programs_show(mails: list) -> None:
    """PNG, JPEG or GIF, never inside the mail; each with a size, and words or none on purpose."""
    for one in mails:
        for picture in lxml_html.fromstring(one.html).xpath("//img"):
            assert re.search(r"\.(?:png|jpg|gif)$", picture.get("src")), one.name
            size = picture.get("width") or picture.get("height")  # a logo has the second only
            assert (size or "").isdigit(), one.name
            assert picture.get("alt") is not None, one.name
        assert not re.search(r'(?:src|href)="(?:data|cid):|<svg|background="', one.html), one.name


def test_what_is_for_outlook_survives(mails: list) -> None:
    """Every conditional comment the engine writes is in the mail, open and closed."""
    for one in mails:
        drawn = mjml2html(one.source, fonts={}, disable_comments=True)
        assert CONDITION.findall(drawn) == CONDITION.findall(one.html), one.name
        assert one.html.count("<!--[if mso | IE]>") > 4
        assert one.html.count("<!--[if") == one.html.count("<![endif]-->"), one.name


def test_rules_for_small_and_dark_windows_survive(mails: list) -> None:
    """Writing styles into the elements leaves every rule where it was, none gone or rewritten."""
    for one in mails:
        drawn = mjml2html(one.source, fonts={}, disable_comments=True)
        assert STYLE.findall(drawn) == STYLE.findall(one.html), one.name
        styles = "".join(STYLE.findall(one.html))
        assert "@media (prefers-color-scheme:dark){" in styles
        assert re.search(r"@media only screen and \(min-width:\d+px\)", styles)
        assert "[data-ogsc] " in styles


def test_important_has_its_space(mails: list) -> None:
    """`red!important` is dropped by Outlook; it is written with a space."""
    for one in mails:
        assert not re.search(r"[^\s]!important", one.html), one.name


def test_styles_are_few_and_flat(mails: list) -> None:
    """Gmail drops what goes beyond 16 KB, and a whole block for an at-rule inside another."""
    for one in mails:
        blocks = STYLE.findall(one.html)
        assert sum(len(block.encode()) for block in blocks) < 16_000, one.name
        for block in blocks:
            depth, rule = 0, 0
            for sign in re.findall(r"@|[{}]", block):
                depth += {"{": 1, "}": -1}.get(sign, 0)
                assert sign != "@" or depth == 0, one.name
                rule = max(rule, depth)
            assert depth == 0, one.name
            assert rule <= 2, one.name


def test_what_gmail_may_reject_stands_apart(mails: list) -> None:
    """Rules for small windows share no block with selectors that Gmail does not know."""
    for one in mails:
        blocks = STYLE.findall(one.html)
        small = [block for block in blocks if "max-width:" in block and "@media" in block]
        assert small, one.name
        assert not any("[data-" in block or "prefers-color" in block for block in small), one.name


def test_the_encoding_is_told_early(mails: list) -> None:
    """Gmail clips a mail whose encoding it must guess: header and first kilobyte both say it."""
    for one in mails:
        part = one.message.get_body(("html",))
        assert part.get_content_charset() == "utf-8"
        head = one.html.encode()[:1024]
        assert re.search(rb'content="text/html; charset=utf-8"', head, re.IGNORECASE), one.name


def test_the_way_out_stands_before_the_news(mails: list) -> None:
    """Clipping hides the footer, so the way out stands above the first item as well."""
    for one in mails:
        way = one.html.index('href="https://app.example.org/unsubscribe/abc"')
        assert way < one.html.index("<h2"), one.name
        assert one.html.count('href="https://app.example.org/unsubscribe/abc"') >= 2, one.name


def test_anchors_serve_old_and_new(published: Published, newsletter: Newsletter) -> None:
    """Some programs jump to an `id`, some to a `name`: an anchor, while there is no page, has both."""
    alone = replace(newsletter, site_url=None)
    for look in ("digest", "letter"):
        made = mail.render(published, alone, Variant("en", look), templates.load(None))
        anchors = lxml_html.fromstring(made.body).xpath("//a[@id or @name]")
        assert len(anchors) == len(published.issue.items)
        assert all(anchor.get("id") == anchor.get("name") for anchor in anchors)


def test_language_and_direction_are_told(mails: list) -> None:
    """On the page and in the article, and right to left where it is Arabic; never on a link."""
    for one in mails:
        tree = lxml_html.fromstring(one.html)
        article = tree.xpath('//*[@role="article"]')[0]
        for element in (tree, article):
            assert element.get("lang"), one.name
            assert element.get("dir"), one.name
        is_arabic = tree.get("lang").startswith("ar")
        assert (tree.get("dir") == "rtl") == is_arabic, one.name
        assert tree.xpath("//a[@dir]") == [], one.name  # Outlook gets that wrong


def test_dark_programs_find_no_pure_black_or_white(mails: list) -> None:
    """What inverts colours makes the hardest contrasts of pure ones; text and paper have none."""
    pure = re.compile(r"(?<![-\w])(?:color|background(?:-color)?):\s*#(?:000|fff)(?:000|fff)?\b")
    for one in mails:
        shown = COMMENT.sub("", one.html)
        assert not pure.search(shown), (one.name, pure.search(shown))


def test_lines_are_as_high_as_they_say(mails: list) -> None:
    """Outlook takes only heights in pixels exactly; every text of ours has one."""
    for one in mails:
        for style in INLINE.findall(COMMENT.sub("", one.html)):
            for height in re.findall(r"line-height:\s*([^;]+)", style):
                assert re.fullmatch(r"\d+px|100%|0", height.strip()), (one.name, style)


def test_fonts_cost_little(mails: list) -> None:
    """A quoted font name is escaped in every element that bears it; ours have no quotes."""
    for one in mails:
        assert not any("&#39;" in s or "&quot;" in s for s in INLINE.findall(one.html)), one.name


def test_long_words_may_break(mails: list) -> None:
    """Whatever stands in the mail, the engine's cells let a word that fits no line break."""
    for one in mails:
        assert "word-break:break-word" in one.html.replace(": ", ":"), one.name


HOSTILE = """# A week of signs

## [3 < 4 & 5 > 2, said {% if a < b %} {{ x }}](https://a.example.net/?a=1&b=2&copy=3)

1 <2 and a<b <- {% if a < b %}{{ slot_unsubscribe }}{% endif %} </b></mj-text></mjml> <mj-text>in</mj-text>

<ul><li>one<li>two</ul> <P CLASS=x>Upper</P> <!-- a -- b --> <script>if (a < b) x()</script>

<table><tr><td>cell<td>cell</table> ]]> <![CDATA[ & ]]> <?php echo 1 < 2 ?> &nbsp; &copy; &#0; &bogus;

```html
<mj-raw>{{ code }}
  </mjml> <!-- -->
```
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_signs_in_a_digest_stay_signs(maker: Callable, newline: str) -> None:
    """What looks like markup, MJML or a template is shown as it was written, and breaks nothing."""
    arrived = maker(HOSTILE.replace("\n", newline))
    shown = " ".join(lxml_html.fromstring(COMMENT.sub("", arrived.html)).text_content().split())
    assert "3 < 4 & 5 > 2, said" in shown
    assert "1 <2 and a<b <-" in shown
    assert "<mj-raw>{{ code }} </mjml> <!-- -->" in shown
    assert "one two" in " ".join(re.sub(r"(one)(two)", r"\1 \2", shown).split())
    assert "if (a" not in shown.replace("{% if a < b", "")
    assert arrived.html.rstrip().endswith("</html>")


def test_control_characters_never_arrive(maker: Callable) -> None:
    """Neither those XML forbids nor the C1 range, for which Gmail clips a mail."""
    signs = "".join(
        map(chr, [*range(1, 9), 11, 12, *range(14, 32), *range(127, 160), 0xFFFE, 0xFFFF])
    )
    words = f"# T{signs}t\n\n## [On{signs}e](https://a.example.net/)\n\nx{signs}y `a{signs}b`\n"
    arrived = maker(words)
    assert not set(signs) & set(arrived.html)
    assert re.search(r"x\s?y", arrived.html)  # U+0085 ends a line


def test_templates_may_end_their_lines_as_they_like(
    published: Published, newsletter: Newsletter
) -> None:
    """A template saved with CRLF, or with an empty line at its end, draws the same mail."""
    ours = templates.load(None)
    other = {
        name: text.replace("\n", "\r\n") + "\r\n" if name.startswith("mail/") else text
        for name, text in ours.items()
    }
    variant = Variant("en")
    drawn = mail.render(published, newsletter, variant, ours).body
    assert mail.render(published, newsletter, variant, other).body.split() == drawn.split()


DEPTH = 60_000


@pytest.mark.whole
@pytest.mark.parametrize(
    "words",
    [
        "'<div>' * n + 'deep' + '</div>' * n",
        "'<b>' * n + 'deep'",
        "'> ' * n + 'deep'",
        "'- ' * n + 'deep'",
        "'<table><tr><td>' * n + 'deep'",
    ],
)
def test_no_depth_kills_the_process(words: str) -> None:
    """Sixty thousand elements within each other end in a mail, or in a finding; nothing dies."""
    program = (
        "from publisher import digest, identity, templates\n"
        "from publisher.model import Newsletter, Published, Variant\n"
        "from publisher.render import mail, text\n"
        "from datetime import UTC, datetime\n"
        f"n = {DEPTH}\n"
        f"words = '# T\\n\\n## [One](https://a.example.net/)\\n\\n' + {words}\n"
        "newsletter = Newsletter(slug='w', title='W')\n"
        "reading = digest.read(words.encode(), name='x.md', newsletter=newsletter)\n"
        "assert reading.issues or reading.findings\n"
        "now = datetime(2026, 5, 1, tzinfo=UTC)\n"
        "for issue in reading.issues:\n"
        "    published = Published(issue, identity.provisional(issue, newsletter, now))\n"
        "    body = mail.render(published, newsletter, Variant('en'), templates.load(None)).body\n"
        "    assert body.endswith('</html>')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
