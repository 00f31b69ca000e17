"""The templates: ours, a publication's own over them, and those of a process that runs for long."""

from pathlib import Path

import pytest

from publisher import templates
from publisher.errors import TemplateError
from publisher.render.words import words


def own(home: Path, text: bytes) -> Path:
    """Write a publication's own text template."""
    file = home / "templates" / "mail" / "digest.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text)
    return file


def test_a_publication_overrides_one_file(tmp_path: Path) -> None:
    """A file of the same name wins; all others are ours."""
    ours = templates.load()
    own(tmp_path, b"mine")
    loaded = templates.load(tmp_path)
    assert loaded == {**ours, "mail/digest.txt": "mine"}


def test_a_catalogue_is_overridden_by_sentence(tmp_path: Path) -> None:
    """What a publication's own catalogue does not say, ours says; a new language is added."""
    folder = tmp_path / "templates" / "words"
    folder.mkdir(parents=True)
    (folder / "zh.po").write_text('msgid "All issues"\nmsgstr "旧刊"\n', "utf-8")
    (folder / "de.po").write_text('msgid "All issues"\nmsgstr "Archiv"\n', "utf-8")
    ours = words(templates.load(tmp_path))
    assert [ours.say("zh-CN", one) for one in ("All issues", "Feeds")] == ["旧刊", "订阅源"]
    assert [ours.say("de", one) for one in ("All issues", "Feeds")] == ["Archiv", "Feeds"]


@pytest.mark.parametrize("tag", ["zh-Hant", "zh-hant", "ZH-HANT"])
def test_a_tag_has_no_case(tmp_path: Path, tag: str) -> None:
    """A publication's catalogue is laid over ours however its tag is written."""
    file = tmp_path / "templates" / "words" / f"{tag}.po"
    file.parent.mkdir(parents=True)
    file.write_text('msgid "All issues"\nmsgstr "舊刊"\n', "utf-8")
    ours = words(templates.load(tmp_path))
    said = [ours.say("zh-TW", one) for one in ("All issues", "Unsubscribe")]
    assert said == ["舊刊", "取消訂閱"]


def test_one_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    """The fault says which file, and what to do."""
    file = own(tmp_path, b"caf\xe9")
    with pytest.raises(TemplateError, match="cannot be read") as caught:
        templates.load(tmp_path)
    assert caught.value.where == str(file)
    assert "UTF-8" in caught.value.hint


def test_what_has_no_effect_is_noted(tmp_path: Path) -> None:
    """A file of a name none of ours has is named with the one meant, unless a template includes it."""
    assert templates.idle(tmp_path) == ()
    files = {
        "mial/footer.mjml": "mine",
        "mail/card2.mjml": "mine",
        "mail/footer.mjml": "{% include 'mail/card2.mjml' %}",
        "mail/footer.mjml~": "old",
        "mail/.footer.mjml.swp": "old",
        "words/de.po": "",
        "zzz.css": "p{}",
        "footer.mjml": "mine",
    }
    for name, text in files.items():
        path = tmp_path / "templates" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    found = templates.idle(tmp_path)
    assert {one.code for one in found} == {"template/idle"}
    assert [one.message.partition(" ")[0] for one in found] == [
        "templates/footer.mjml",
        "templates/mial/footer.mjml",
        "templates/zzz.css",
    ]
    assert ["templates/mail/footer.mjml" in one.hint for one in found] == [True, True, False]


def test_live_templates_follow_the_disk(tmp_path: Path) -> None:
    """What is changed, removed or broken while a process runs is so at the next look."""
    live = templates.Live(tmp_path)
    ours = dict(live)
    assert len(live) == len(ours)
    file = own(tmp_path, b"mine")
    assert live["mail/digest.txt"] == "mine"
    file.write_bytes(b"caf\xe9")
    with pytest.raises(TemplateError):
        live.items()
    file.unlink()
    assert dict(live.items()) == ours
