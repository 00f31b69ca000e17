"""What is wrong with a template of the mail is told, with the file and line that drew it."""

import pytest

from publisher.errors import TemplateError
from publisher.model import Newsletter, Published, Variant
from publisher.render import mail


@pytest.fixture
def fault(published: Published, newsletter: Newsletter, templates: dict[str, str]):
    """What a mail drawn with templates of one's own is refused with."""

    def refused(**own: str) -> TemplateError:
        mine = {
            f"mail/{name.replace('_', '.')}": templates.get(f"mail/{name.replace('_', '.')}", "")
            if text is None
            else text
            for name, text in own.items()
        }
        with pytest.raises(TemplateError) as caught:
            mail.render(published, newsletter, Variant("zh-CN"), templates | mine)
        assert caught.value.hint
        return caught.value

    return refused


FOOTER = """{# Ours. #}
<mj-section><mj-column>
{% if newsletter.postal_address %}
<mj-text>{{ newsletter.postal_address }}</mj-text>
{% endif %}
FAULT
</mj-column></mj-section>
"""


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("<mj-text><p>{{ newsletter.title }}</mj-text>", "<p> is never closed"),
        ("<mj-text>{{ newsletter.title }}</p></mj-text>", "</p> closes nothing"),
        ("<mj-text>{{ newsletter.title }} < 3</mj-text>", "a < that begins no whole tag"),
        ("<mj-text align=left>{{ newsletter.title }}</mj-text>", "a < that begins no whole tag"),
        ("<mj-text>{{ newsletter.title }}", "<mj-text> is never closed"),
        ("<mj-social><mj-text>{{ newsletter.title }}</mj-text></mj-social>", "unexpected element"),
        ("<mj-include path='x.mjml' />", "mj-include reads no files here"),
    ],
)
def test_what_is_not_mjml_is_told_with_its_line(fault, written: str, said: str) -> None:
    """A fault is found in an own template, between values filled in and lines that others have."""
    found = fault(footer_mjml=FOOTER.replace("FAULT", written))
    assert said in found.message
    assert found.where == "templates/mail/footer.mjml:6"


def test_a_template_that_draws_nothing_is_named(fault) -> None:
    """What has no line at all is told with the name of the look's template."""
    assert fault(digest_mjml="").where == "templates/mail/digest.mjml"


def test_the_remedy_names_both_signs(fault) -> None:
    """Both signs that have to be written out are named."""
    hint = fault(footer_mjml=FOOTER.replace("FAULT", "<mj-text>a < b</mj-text>")).hint
    assert "&lt;" in hint
    assert "&amp;" in hint


@pytest.mark.parametrize(
    "written",
    [
        "<mj-txt>{{ newsletter.title }}</mj-txt>",
        "<mj-text><mj-txt>x</mj-txt></mj-text>",
        "<mj-raw><mj-txt /></mj-raw>",
    ],
)
def test_an_unknown_element_is_told(fault, written: str) -> None:
    """MJML puts what it does not know into the mail as it is; it is an error here."""
    found = fault(footer_mjml=FOOTER.replace("FAULT", written))
    assert found.message.startswith("unknown element mj-txt")
    assert found.where == "templates/mail/footer.mjml:6"


def test_words_that_look_like_mjml_are_words(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """An element's name inside an attribute, or written out, is no element."""
    own = "<mj-text><img src='https://a.test/x.png' alt='<mj-txt>'>&lt;mj-txt&gt;</mj-text>"
    mine = templates | {"mail/footer.mjml": FOOTER.replace("FAULT", own)}
    assert "&lt;mj-txt" in mail.render(published, newsletter, Variant("en"), mine).body


@pytest.mark.parametrize(
    ("sheet", "said", "line"),
    [
        ("/* { */\np{\n.a{color:red}", "a { is never closed", 2),
        ("p{color:red}\n}", "a } has no { before it", 2),
        ("p{color:red}\n/* p{}", "a /* is never closed", 2),
        ("p{font-family:{{ '\"'|safe }}Arial}", 'a " is never closed', 1),
    ],
)
def test_a_style_sheet_that_cannot_be_read_is_told(fault, sheet: str, said: str, line: int) -> None:
    """What would take all styles with it, without a word, is an error with file and line."""
    found = fault(style_css=sheet)
    assert said in found.message
    assert found.where == f"templates/mail/style.css:{line}"


def test_the_sheets_of_small_screens_and_the_dark_are_read_as_well(fault) -> None:
    """Each style sheet is named by its own file."""
    assert fault(dark_css="\n@media screen{p{gap:0}").where == "templates/mail/dark.css:2"
    assert fault(digest_css="p{}}").where == "templates/mail/digest.css:1"
