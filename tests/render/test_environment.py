"""The templates' small world and how its faults are told."""

import pytest

from publisher.errors import TemplateError
from publisher.model import Newsletter
from publisher.render.environment import draw


def fault_of(source: str, **values: object) -> TemplateError:
    """The fault a template is told with, found in an included one."""
    with pytest.raises(TemplateError) as caught:
        draw({"site/a.html": "{% include 'site/b.html' %}", "site/b.html": source}, "site/a.html",
             **values)  # fmt: skip
    return caught.value


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ("x\n{% if %}", "Expected an expression", 2),
        ("x\n\n{{ titel }}", "'titel' is undefined", 3),
        ("{{ 1 / 0 }}", "division by zero", 1),
        ("{{ ''.__class__.__mro__ }}", "unsafe", 1),
        ("{{ say('en', 'of {newsletter}') }}", "newsletter", 1),
    ],
)
def test_faults_name_template_line_and_remedy(source: str, message: str, line: int) -> None:
    """A fault says what, in which template and line, and what to do."""
    fault = fault_of(source)
    assert message in fault.message
    assert fault.where == f"templates/site/b.html:{line}"
    assert fault.hint


@pytest.mark.parametrize("what", ["__class__", "_replace", "summary.__globals__", "nothing"])
def test_our_own_values_are_no_way_out(what: str) -> None:
    """Of them a template has what they have, and nothing that begins with `_` or is not there."""
    card = Newsletter("w", "Weekly")
    assert draw({"a.html": "{{ v.title }}"}, "a.html", v=card) == "Weekly"
    fault = fault_of("{{ v." + what + " }}", v=card)
    assert "unsafe" in fault.message or "no attribute" in fault.message


def test_missing_template() -> None:
    """A template that is not there is named."""
    with pytest.raises(TemplateError, match="there is no template site/none"):
        draw({}, "site/none")


def test_everything_but_text_is_escaped() -> None:
    """Values are escaped in HTML, MJML and styles, not in plain text."""
    sources = dict.fromkeys(("a.html", "a.mjml", "a.css", "a.txt"), "{{ v }}")
    drawn = {name: draw(sources, name, v="<&") for name in sources}
    assert drawn == dict.fromkeys(sources, "&lt;&amp;") | {"a.txt": "<&"}


def test_only_colours_enter_a_style() -> None:
    """What is no colour is replaced by ours."""
    source = {"a.css": "{{ v|colour }}"}
    assert draw(source, "a.css", v="#A1b2C3") == "#A1b2C3"
    assert draw(source, "a.css", v="red}body{display:none") == "#0b57d0"


def test_output_holds_only_xml_characters() -> None:
    """Whatever a value holds, the drawn text can be written as UTF-8."""
    assert draw({"a.html": "{{ v }}"}, "a.html", v="a\x00\ud800b") == "ab"
