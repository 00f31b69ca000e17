"""What a newsletter says about its sends: canary, editors, quiet hours, retries."""

import tomllib
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


def hubs(tmp_path: Path, value: str, above: str = "", below: str = "") -> tuple[str, ...]:
    """Read the hubs of a home with a site."""
    text = f"{above or SITE}\n{ONE}hubs = {value}\n{below}\n"
    (tmp_path / "publisher.toml").write_text(text, "utf-8")
    return settings.load(tmp_path, {}).newsletters[0].hubs


SITE = 'site_url = "https://news.test/"'
CLOSED = "which nothing of ours may reach"


@pytest.mark.parametrize(
    ("value", "below"),
    [
        ("[]", ""),
        ('["https://hub.test/", "https://other.test:8443/hub?a=b"]', ""),
        ('["http://127.0.0.1:9/hub"]', '[network]\nallow = ["127.0.0.1"]'),
        ('["http://127.0.0.1:9/hub"]', '[network]\nallow = ["10.0.0.0/8", "127.0.0.0/8"]'),
        ('["http://[::1]:9/hub"]', '[network]\nallow = ["::1/128"]'),
        ('["http://localhost:9/hub"]', '[network]\nallow = ["localhost"]'),
        ('["http://localhost:9/hub"]', '[network]\nallow = ["127.0.0.0/8"]'),
    ],
)
def test_hubs_are_as_written(tmp_path: Path, value: str, below: str) -> None:
    """Hubs are https, or on this machine and opened to us; the newsletter has them as written."""
    assert list(hubs(tmp_path, value, below=below)) == tomllib.loads(f"a = {value}")["a"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ('["hub.test"]', "a whole address"),
        ('["ftp://hub.test/"]', "a whole address"),
        ('["https://"]', "a whole address"),
        ('["https://ann:word@hub.test/"]', "a whole address"),
        ('["https://hub.test:99999/"]', "a whole address"),
        ('["https://hub.test/#here"]', "a whole address"),
        ('["https://hub.test/a b"]', "a whole address"),
        ('["https://hub.test/>; rel=self"]', "a whole address"),
        ('["https://hub.test/\\r\\nA: b"]', "a whole address"),
        ('["https://枢纽.test/"]', "a whole address"),
        ('["http://hub.test/"]', "is not https"),
        ('["http://10.0.0.1/"]', "is not https"),
        ('["https://hub.test/", "https://hub.test/"]', "there twice"),
        ('["http://127.0.0.1:9/"]', CLOSED),
        ('["http://localhost:9/"]', CLOSED),
    ],
)
def test_strange_hubs_are_refused(tmp_path: Path, value: str, words: str) -> None:
    """A hub is an address that fits into a header and can be reached, named once."""
    with pytest.raises(SettingsError, match=words):
        hubs(tmp_path, value)


def test_hubs_need_a_site(tmp_path: Path) -> None:
    """Without a site_url feeds have no address a hub could be told, and the settings say so."""
    with pytest.raises(SettingsError, match="without a site_url") as caught:
        hubs(tmp_path, '["https://hub.test/"]', above="# nothing")
    assert "site_url = " in caught.value.hint
