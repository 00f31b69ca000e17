"""What a newsletter says about its sends: canary, editors, quiet hours, retries."""

from datetime import timedelta
from pathlib import Path

import pytest

from publisher import settings
from publisher.errors import SettingsError
from publisher.model import Newsletter

ONE = '[newsletter]\ntitle = "Weekly"\n'
HOUR = timedelta(hours=1)


def newsletter(tmp_path: Path, line: str) -> Newsletter:
    """Read the newsletter of a home with one more line."""
    (tmp_path / "publisher.toml").write_text(f"{ONE}{line}\n", "utf-8")
    return settings.load(tmp_path, {}).newsletters[0]


def test_what_nobody_wrote_is_as_the_model_has_it(tmp_path: Path) -> None:
    """The defaults of the file are those of a newsletter made without one."""
    read, made = newsletter(tmp_path, ""), Newsletter("weekly", "Weekly")
    for name in ("retries", "give_up", "quiet", "canary", "editors", "local_time"):
        assert getattr(read, name) == getattr(made, name), name


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ('canary = "off"', "canary", 0.0),
        ('canary = "2.5 %"', "canary", 0.025),
        ('quiet = "22:00 - 7:00"', "quiet", "22:00-07:00"),
        ('quiet = ""', "quiet", ""),
        ('retries = ["30m", "2h"]', "retries", (HOUR / 2, 2 * HOUR)),
        ('give_up = "2d"', "give_up", 48 * HOUR),
        ('editors = ["ann@rivers.test"]', "editors", ("ann@rivers.test",)),
        ("local_time = true", "local_time", True),
    ],
)
def test_sends_go_as_written(tmp_path: Path, line: str, name: str, value: object) -> None:
    """What is written about sends comes out as figures and spans of time."""
    assert getattr(newsletter(tmp_path, line), name) == value


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('canary = "1"', 'such as "1%", or "off"'),
        ('canary = "0%"', 'such as "1%", or "off"'),
        ('canary = "60%"', "up to half of it"),
        ('quiet = "22:00"', 'such as "22:00-07:00"'),
        ('quiet = "24:00-07:00"', 'such as "22:00-07:00"'),
        ('quiet = "07:00-07:00"', 'such as "22:00-07:00"'),
        ("retries = []", "at least one wait"),
        ('retries = ["5"]', "'5' is no span of time"),
        ('retries = ["0m"]', "'0m' is no span of time"),
        ('retries = ["2h"]\ngive_up = "1h"', "before the first retry, which comes after 2h"),
        ('give_up = "soon"', "'soon' is no span of time"),
        ('editors = ["Ann <ann@rivers.test>"]', "not an e-mail address"),
    ],
)
def test_what_no_send_could_do_is_refused(tmp_path: Path, line: str, words: str) -> None:
    """A part that is none, hours that are none and waits that end before they begin are refused."""
    with pytest.raises(SettingsError) as caught:
        newsletter(tmp_path, line)
    assert words in caught.value.message
