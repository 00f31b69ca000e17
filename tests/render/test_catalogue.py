"""A catalogue that cannot be used is told with its place, before a reader sees it."""

import pytest

from publisher.errors import TemplateError
from publisher.render.environment import draw
from publisher.render.words import words

HEAD = 'msgid ""\nmsgstr ""\n"Plural-Forms: {}\\n"\n\n'


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ('msgid "Feeds"\nmsgstr "a"\n\nmsgidd "x"\n', "no line of a catalogue: msgidd", 4),
        ('msgid "Feeds"\nmsgstr "a\n', 'no line of a catalogue: msgstr "a', 2),
        ('msgid "Feeds"\nmsgstr "a"b"\n', "no line of a catalogue", 2),
        ('"Feeds"\n', "not in msgid", 1),
        ('msgid "Feeds"\n', "missing msgstr", 1),
        ('\nmsgid "No. {number}"\nmsgstr "n° {nombre}"\n', "the blank {nombre}", 2),
        ('msgid "No. {number}"\nmsgstr "{number.__class__}"\n', "the blank {number.__class__}", 1),
        ('msgid "No. {number}"\nmsgstr "{number:>999}"\n', "the blank {number}", 1),
        ('msgid "No. {number}"\nmsgstr "{number"\n', "cannot be filled", 1),
        ('msgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\nmsgstr[1] "{d}"\n', "the blank {d}", 1),
        (HEAD.format("nplurals=x; plural=0;") + 'msgid "a"\nmsgstr "b"\n', "no gettext", None),
        (HEAD.format("nplurals=2; plural=n=;") + 'msgid "a"\nmsgstr "b"\n', "no gettext", None),
    ],
)
def test_faults_name_file_line_and_remedy(source: str, message: str, line: int | None) -> None:
    """A fault says what, in which file and, where a line is to blame, in which; and what to do."""
    templates = {"words/de.po": source, "a.html": "{{ say('de-AT', 'Feeds') }}"}
    for ask in (
        lambda: words(templates).say("de", "Feeds"),
        lambda: draw(templates, "a.html"),
    ):
        with pytest.raises(TemplateError) as caught:
            ask()
        assert message in caught.value.message
        place = f"templates/words/de.po:{line}" if line else "templates/words/de.po"
        assert caught.value.where == place
        assert "msgfmt" in caught.value.hint


def test_a_broken_catalogue_stops_its_own_language_only() -> None:
    """Who is spoken to in another language is."""
    ours = words({"words/de.po": "broken", "words/fr.po": 'msgid "Feeds"\nmsgstr "Flux"\n'})
    assert (ours.say("fr", "Feeds"), ours.say("en", "Feeds")) == ("Flux", "Feeds")


@pytest.mark.parametrize("header", ["charset=gb2312", "charset=nonsense", "charset=utf-8"])
def test_the_header_cannot_garble(header: str) -> None:
    """A catalogue is UTF-8 like every template, whatever charset it claims."""
    source = f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; {header}\\n"\n\nmsgid "Feeds"\nmsgstr "ﬂ 😀"\n'
    assert words({"words/zh.po": source}).say("zh", "Feeds") == "ﬂ 😀"
