"""Fixtures every room may use: the corpora, where they lie."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of digests by strangers; tests on it run only where it exists."""
    folder = Path(os.environ.get("PUBLISHER_CORPORA") or ROOT.parent / "shared" / "corpora")
    if not folder.is_dir():
        pytest.skip("no corpora on this machine; PUBLISHER_CORPORA names them")
    return folder
