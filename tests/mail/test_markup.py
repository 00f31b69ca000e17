"""html-validate reads our mail: sound HTML, whatever the digest and the look."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.service

Judge = Callable[..., dict[str, list[str]]]


@pytest.fixture(scope="session")
def judge(node: Callable, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """Ask html-validate about many pages at once, name -> HTML; give its findings by name."""

    def validate(pages: dict[str, str]) -> dict[str, list[str]]:
        folder = tmp_path_factory.mktemp("pages")
        files = {str(folder / f"{n}.html"): name for n, name in enumerate(pages)}
        for file, name in files.items():
            Path(file).write_text(pages[name], "utf-8")
        said = node("validate.cjs", list(files))
        assert set(said) == set(files)
        return {files[file]: findings for file, findings in said.items() if findings}

    return validate


def test_our_mail_is_sound(judge: Judge, mails: list) -> None:
    """No finding in the sample, nor in letters with all that mail can hold, in any look."""
    assert judge({mail.name: mail.html for mail in mails}) == {}


def test_mail_of_strangers_is_sound(judge: Judge, strangers: list) -> None:
    """No finding either in what strangers wrote."""
    assert judge({mail.name: mail.html for mail in strangers}) == {}


@pytest.mark.parametrize(
    ("sound", "broken", "rule"),
    [
        ("</h1>", "", "close-order"),
        (' alt="A rope', ' title="A rope', "wcag/h37"),
        ('<html lang="en"', "<html", "element-required-attributes"),
        ("</h1>", '</h1><p id="x"></p><p id="x"></p>', "no-dup-id"),
        ("</h1>", "</h1><h2></h2>", "empty-heading"),
        ("</h1>", "</h1><blink>x</blink>", "deprecated"),
        ("</h1>", "</h1><p>a & b < c</p>", "no-raw-characters"),
    ],
)
def test_the_judge_finds_what_is_broken(
    judge: Judge, maker: Callable, sound: str, broken: str, rule: str
) -> None:
    """Each fault put into a mail is found, and by its name."""
    words = "# T\n\n## [One](https://a.example.net/)\n\n![A rope](rope.png)\n\n## [Two](https://b.example.net/)\n\nx\n"
    html = maker(words).html
    assert sound in html
    found = judge({"broken": html.replace(sound, broken, 1)})
    assert any(f" {rule}: " in finding for finding in found["broken"]), found
