"""The mail as HTML: what mail programs need, and what they stumble over."""

import re
from dataclasses import replace

import pytest
from lxml import html as lxml_html

from publisher.model import Look, Newsletter, Published, Slot, Variant
from publisher.render import mail

ZH = Variant("zh-CN")
EN = Variant("en")


@pytest.fixture
def body(published: Published, newsletter: Newsletter, templates: dict[str, str]) -> str:
    """The small issue's mail."""
    return mail.render(published, newsletter, ZH, templates).body


def without_styles(body: str) -> str:
    """The mail as programs see it that drop <style>."""
    return re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)


def test_sample_is_far_from_clipped(
    sample: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Gmail clips at 102 KB; seventeen papers take less than 90."""
    edition = mail.render(sample, newsletter, ZH, templates)
    assert len(edition.body.encode()) < 90_000
    assert edition.body.count("prefers-color-scheme") == 1
    styles = re.findall(r"<style.*?</style>", edition.body, flags=re.DOTALL)
    assert sum(map(len, styles)) < 16_000


def test_slots_stand_open(body: str) -> None:
    """The way out stands at the top and at the end, as a slot and nothing else."""
    assert body.count(f'href="{Slot.UNSUBSCRIBE}"') == 2
    assert body.count("__publisher-slot-") == 2


def test_subject(published: Published, newsletter: Newsletter, templates: dict[str, str]) -> None:
    """The subject is the editor's, else the headline."""
    assert mail.render(published, newsletter, ZH, templates).subject == "风、茶与绳子"
    ours = Published(replace(published.issue, subject="看这里"), published.record)
    assert mail.render(ours, newsletter, ZH, templates).subject == "看这里"


def test_languages_are_marked(body: str) -> None:
    """The mail says its language, and each foreign title says its own."""
    assert '<html lang="zh-CN"' in body
    assert re.search(r'<p [^>]*lang="en"[^>]*>Why Kites Stay Up</p>', body)
    assert re.search(r'<h2 [^>]*lang="en"[^>]*><a [^>]*>Ropes Remember</a>', body)


def test_our_sentences_follow_the_variant(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """An English reader of a Chinese newsletter reads our sentences in English."""
    body = mail.render(published, newsletter, EN, templates).body
    assert "You receive this because you subscribed to 杂货周刊." in body
    assert ">Unsubscribe</a>" in body
    assert "退订" not in body


def test_contents_lead_to_the_web_edition(
    body: str, published: Published, homeless: Newsletter, templates: dict[str, str]
) -> None:
    """Many programs cannot jump inside a mail; anchors serve the others."""
    assert 'href="https://news.example.org/issues/7/#i-kites"' in body
    assert 'name="i-kites"' not in body
    alone = mail.render(published, homeless, ZH, templates).body
    assert 'href="#i-kites"' in alone
    assert re.search(r'<a id="i-kites" name="i-kites"[^>]*></a>', alone)
    assert "i-gone" not in body


def test_preheader_is_ours(body: str) -> None:
    """The preheader comes from the items and wears no colour a filter could suspect."""
    hidden = re.search(r'<div style="display:none;([^"]*)">(.*?)</div>', body)
    assert hidden is not None
    assert "color" not in hidden.group(1)
    assert hidden.group(2).startswith("风筝为什么掉不下来：一份给孩子的说明 · 茶凉得比咖啡快 · ")


def test_dark_is_designed(body: str) -> None:
    """Dark reaches those who ask for it and those who rewrite us, important with its space."""
    assert '<meta name="color-scheme" content="light dark">' in body
    assert '<meta name="supported-color-schemes" content="light dark">' in body
    assert "@media (prefers-color-scheme:dark)" in body
    assert "[data-ogsc] .ink{color:#dcdfe4 !important}" in body
    assert not re.search(r"\S!important", body)


def test_styles_are_inlined(body: str) -> None:
    """Without <style> the mail keeps its sizes and colours."""
    page = without_styles(body)
    title = re.search(r'<h2 [^>]*class="title"[^>]*style="([^"]*)"', page)
    title = title or re.search(r'<h2 [^>]*style="([^"]*)"[^>]*class="title"', page)
    assert title is not None
    assert "font-size: 20px" in title.group(1)
    assert "line-height: 31px" in title.group(1)
    assert re.search(r'<a [^>]*style="[^"]*color: #0b57d0[^"]*"[^>]*>papers\.example\.net', page)


def test_look_is_obeyed(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """The newsletter's colours, logo and footer are in the mail."""
    look = Look(accent="#aa1133", accent_dark="#ffaabb", logo="https://img.example.net/l.png",
                footer="手工出版")  # fmt: skip
    body = mail.render(published, replace(newsletter, look=look), ZH, templates).body
    assert "#aa1133" in body
    assert "#ffaabb !important" in body
    assert 'src="https://img.example.net/l.png"' in body
    assert "手工出版" in body
    assert "#0b57d0" not in body


def test_nothing_is_fetched(body: str) -> None:
    """No web font, no script, no remote style; quoted font names would be escaped."""
    assert "googleapis" not in body
    assert "<link" not in body
    assert "<script" not in body
    assert "&#39;" not in body
    assert "&quot;Segoe" not in body


def test_words_survive_mjml(body: str) -> None:
    """Every word of every item is in the mail, code with its lines."""
    shown = lxml_html.fromstring(body).text_content()
    assert "a < b\n  c & d" in shown
    assert "结论很短：风比线懂事" in shown
    assert "海边站了三年，只为" in shown
    assert '1 < 2 & "so on"' in shown


def test_bodies_are_markup_once(body: str) -> None:
    """The digest's HTML is HTML in the mail, not its source."""
    tree = lxml_html.fromstring(body)
    shown = tree.xpath("//div[contains(@class, 'body')]//text()[not(ancestor::pre)]")
    assert "<p" not in "".join(shown)
    assert tree.xpath("//a[@href='https://video.example.net/k']")


def test_own_look_has_own_template(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """A variant's look names its template; an unknown one falls back to ours."""
    plain = "<mjml><mj-body><mj-section><mj-column><mj-text>{{ issue.headline }}</mj-text></mj-column></mj-section></mj-body></mjml>"
    more = templates | {"mail/plain.mjml": plain}
    assert len(mail.render(published, newsletter, Variant("en", "plain"), more).body) < 4000
    assert len(mail.render(published, newsletter, Variant("en", "none"), more).body) > 9000


def test_what_is_drawn_can_be_asked_of_others(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """The MJML of a mail is to be had, and it is what the mail is made of."""
    source = mail.source(published, newsletter, ZH, templates)
    assert source.startswith("<mjml")
    assert source.endswith("</mjml>")
    assert "Why Kites Stay Up" in source
