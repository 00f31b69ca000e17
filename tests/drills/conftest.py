"""What the drills share: how long they are, their report, homes, relays, sinks, publications."""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from drills.home import Home
from drills.publication import Publication, everything, published, sample
from drills.relay import Relay
from drills.sink import Sink

LONG = os.environ.get("PUBLISHER_DRILL") == "long"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Log what goes wrong, not each of thousands of deliveries."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.reset_defaults()


@pytest.fixture
def scaled() -> Callable[[int, int], int]:
    """Choose between the number of `make test` and that of `make drill`."""
    return lambda short, long: long if LONG else short


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Write a line that is shown when all is over, whatever comes of the test."""
    return lambda line: request.node.user_properties.append(("drill", line))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home on SQLite with one issue; readers and relay are to be added."""
    made = Home(tmp_path, f"sqlite:///{tmp_path}/publisher.db")
    made.write()
    yield made
    made.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Relay]]:
    """Start relays that answer as told, and stop them afterwards."""
    relays: list[Relay] = []

    def start(**options: object) -> Relay:
        relays.append(Relay(**options))
        return relays[-1]

    yield start
    for relay in relays:
        relay.stop()


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Callable[..., Sink]]:
    """Start countsinks, and stop them afterwards."""
    sinks: list[Sink] = []

    def start(*options: str) -> Sink:
        folder = tmp_path / f"sink{len(sinks)}"
        folder.mkdir()
        sinks.append(Sink(folder, *options))
        return sinks[-1]

    yield start
    for one in sinks:
        one.stop()


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publication]:
    """The repository's sample, published and served."""
    with published(sample(tmp_path_factory.mktemp("sample"))) as made:
        yield made


@pytest.fixture(scope="module")
def strangers(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publication]:
    """All the corpora as one newsletter, published and served."""
    with published(everything(tmp_path_factory.mktemp("everything"), corpora)) as made:
        yield made


@pytest.fixture(params=["own", "strangers"])
def publication(request: pytest.FixtureRequest) -> Publication:
    """Each of the two."""
    return request.getfixturevalue(request.param)
