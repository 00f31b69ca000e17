"""What every room's tests share: the corpora, where they lie, and how long properties are tried.

HYPOTHESIS_PROFILE names a profile: `default`, `ci` (the default where CI=true: as random, and a
failure prints the line that replays it elsewhere), `long` (what `make fuzz` runs).
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent

settings.register_profile("default", deadline=None)  # no test is timed
settings.register_profile("ci", deadline=None, print_blob=True)
settings.register_profile(
    "long",
    deadline=None,
    print_blob=True,
    max_examples=5000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "default")
)


WHOLE = ("cli/", "whole/", "test_run.py", "test_sample.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start the whole program: `make check` leaves them to `make test`."""
    for item in items:
        if item.path.relative_to(ROOT / "tests").as_posix().startswith(WHOLE):
            item.add_marker(pytest.mark.whole)


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of digests by strangers; tests on it run only where it exists."""
    folder = Path(os.environ.get("PUBLISHER_CORPORA") or ROOT.parent / "shared" / "corpora")
    if not folder.is_dir():
        pytest.skip("no corpora on this machine; PUBLISHER_CORPORA names them")
    return folder
