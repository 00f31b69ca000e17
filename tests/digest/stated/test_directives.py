"""directives: every value checked, none of them fatal."""

from datetime import date

import pytest

from publisher.digest.stated.directives import Stated, read_directives
from publisher.digest.stated.front import split
from publisher.model import Level


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("number: '#12'", Stated(number=12)),
        ("issue: 012", Stated(number=12)),
        ("issue: Vol. 3", Stated(number=3)),
        ("slug: 008", Stated(slug="008")),
        ("date: 2016-04-25 10:30", Stated(date=date(2016, 4, 25))),
        ("date: 2023/01/09", Stated(date=date(2023, 1, 9))),
        ("lang: zh_CN", Stated(language="zh-CN")),
        ("author: Ada; Grace", Stated(authors=("Ada", "Grace"))),
        ("author: {name: Ada, site: x}", Stated(authors=("Ada",))),
        ("editors: [{name: Ada}, {name: Grace}]", Stated(authors=("Ada", "Grace"))),
        ("extra: {editors: [Ada]}", Stated(authors=("Ada",))),
        ("translator: Ada", Stated()),
        ("cover: {image: p.png, alt: x}", Stated(image="p.png")),
        ("date: October 2022", Stated(date=date(2022, 10, 1))),
        ("date: 2018-02-24T17:48:25", Stated(date=date(2018, 2, 24))),
        ("date: 2016-08-22 23:30:00 -0000", Stated(date=date(2016, 8, 22))),
        ("permalink: /a/2020/", Stated(permalink="/a/2020/")),
        ("tags: ['#llm', llm, 大模型]", Stated(topics=("llm", "大模型"))),
        ("titel: Flüsse", Stated(title="Flüsse")),
        ("título: Ríos", Stated(title="Ríos")),
        ("title: ':tada: Ice is out'", Stated(title="🎉 Ice is out")),
        ("subject: 'Out now :rocket:'", Stated(subject="Out now 🚀")),
        (
            "description: ':fish: and nets at 12:30:45'",
            Stated(description="🐟 and nets at 12:30:45"),
        ),
        ("permalink: '/:date:/'", Stated(permalink="/:date:/")),
        ("title: '…'", Stated()),
        ("datum: 2026-05-15", Stated(date=date(2026, 5, 15))),
        ("fecha: 15 de mayo de 2026", Stated(date=date(2026, 5, 15))),
        ("data: {rain: 3}", Stated()),
        ("data: 2026-05-15", Stated(date=date(2026, 5, 15))),
        ("publishDate: 2026-05-15T12:00:00Z", Stated(date=date(2026, 5, 15))),
        ("publish_date: 2026-05-15", Stated(date=date(2026, 5, 15))),
        ("publication_date: 2026-05-15", Stated(date=date(2026, 5, 15))),
        ("published: 2026-05-15", Stated(date=date(2026, 5, 15))),
        ("published: true", Stated()),
        ("published: false", Stated(draft=True)),
        ("status: Entwurf", Stated(draft=True)),
        ("status: in review", Stated(draft=True)),
        ("status: published", Stated()),
        ("status: ''", Stated()),
        ("stream: draft", Stated(draft=True)),
        ("stream: rivers", Stated()),
        ("draft: false\nstatus: draft", Stated(draft=True)),
        ("draft: false\nstatus: wet", Stated()),
        ("autor: Ada", Stated(authors=("Ada",))),
        (
            "authors: [Ada <https://a.example>, Grace <g@a.example>]",
            Stated(authors=("Ada", "Grace")),
        ),
        ("author: <g@a.example>", Stated()),
        ("draft: no", Stated()),
        ("send: off", Stated(send="no")),
        ("send: 09:00", Stated(send="09:00")),
        ("send: 2024-04-12 09:00", Stated(send="2024-04-12 09:00")),
        ("title: ''", Stated()),
        ("title: ~", Stated()),
        ("unknown: {a: b}", Stated()),
    ],
)
def test_understood(line: str, expected: Stated) -> None:
    """Each directive takes the spellings people use."""
    stated, findings = read_directives(split(f"---\n{line}\n---\n"))
    assert stated == expected
    assert findings == []


@pytest.mark.parametrize(
    ("line", "level", "expected"),
    [
        ("title: [a]", Level.WARN, Stated()),
        ("number: soon", Level.WARN, Stated()),
        ("number: 99999999999999", Level.WARN, Stated()),
        ("date: 2024-02-30", Level.WARN, Stated()),
        ("date: {y: 1}", Level.WARN, Stated()),
        ("lang: Chinese language", Level.WARN, Stated()),
        ("tags: {a: b}", Level.WARN, Stated()),
        ("title: Untitled", Level.WARN, Stated()),
        ("title: Sans titre", Level.WARN, Stated()),
        ("draft: maybe", Level.HOLD, Stated(draft=True)),
        ("status: wet", Level.HOLD, Stated(draft=True)),
        ("status: [a]", Level.HOLD, Stated(draft=True)),
        ("published: soon", Level.HOLD, Stated(draft=True)),
        ("send: tomorrow", Level.HOLD, Stated(send="no")),
    ],
)
def test_unclear(line: str, level: Level, expected: Stated) -> None:
    """What cannot be understood is a finding with its line, read with care."""
    stated, (found,) = read_directives(split(f"---\nok: 1\n{line}\n---\n"))
    assert stated == expected
    assert (found.level, found.code, found.line) == (level, "digest/directive", 3)


def test_a_value_that_is_not_understood_is_quoted() -> None:
    """The editor sees what was read, cut where it is long."""
    _, (finding,) = read_directives(split("---\ndate: the wet one\n---\n"))
    assert "`date`" in finding.message
    assert "“the wet one”" in finding.message
    _, (finding,) = read_directives(split(f"---\ndate: {'wet ' * 90}\n---\n"))
    assert "…”" in finding.message
    assert len(finding.message) < 200
