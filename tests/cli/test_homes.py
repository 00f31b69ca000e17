"""init: a home made with any title is one that opens."""

from pathlib import Path

import pytest

from publisher import settings
from publisher.cli.console import Context
from publisher.cli.homes import init


@pytest.mark.parametrize("title", ['A "quoted" \\ one', "two\nlines", "周报 👨\u200d👩"])
def test_any_title_makes_a_home(tmp_path: Path, title: str) -> None:
    """What was typed as the title is the title, on one line."""

    class Asked:
        obj = Context(tmp_path, None, quiet=True)

    init(Asked(), None, title)  # type: ignore[arg-type]  # all that is looked at
    assert settings.load(tmp_path, {}).newsletters[0].title == " ".join(title.split())
