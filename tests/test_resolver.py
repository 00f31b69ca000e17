"""Questions to a real name server on loopback."""

import pytest

from publisher import resolver
from publisher.authentication import Question
from publisher.errors import SettingsError

LONG = "v=DKIM1; p=" + "A" * 1500


def test_what_there_is_and_what_not(name_server) -> None:
    """Records come whole, however long; a name without them is empty, a failure is None."""
    names = name_server()
    names.set("rivers.example", "TXT", "v=spf1 ~all", "other; 河")
    names.set("rivers.example", "MX", "10 mail.rivers.example.")
    names.set("long.rivers.example", "TXT", LONG)
    names.failing.add("broken.example")
    wanted = [
        Question("rivers.example"),
        Question("rivers.example", "MX"),
        Question("rivers.example", "A"),
        Question("long.rivers.example"),
        Question("nobody.example"),
        Question("broken.example"),
        Question("a..b.example"),
    ]
    got = resolver.ask(wanted, server=f"127.0.0.1:{names.port}")
    assert [got[one] for one in wanted] == [
        ("other; 河", "v=spf1 ~all"),
        ("10 mail.rivers.example.",),
        (),
        (LONG,),
        (),
        None,
        None,
    ]


def test_silence_ends(name_server) -> None:
    """A server that never answers is asked once within a short time, and then no more."""
    names = name_server()
    wanted = [Question(f"n{number}.example") for number in range(40)]
    names.silent |= {one.name for one in wanted}
    got = resolver.ask(wanted, server=f"127.0.0.1:{names.port}", seconds=0.3)
    assert set(got.values()) == {None}
    assert len(names.asked) == len(set(names.asked)) < len(wanted)


@pytest.mark.parametrize("server", ["names.example", "127.0.0.1:0", "127.0.0.1:x", "[::1]:70000"])
def test_what_is_no_server(server: str) -> None:
    """What cannot be asked is refused with how to write it."""
    with pytest.raises(SettingsError, match="not the address"):
        resolver.ask([Question("rivers.example")], server=server)


@pytest.mark.parametrize(
    ("server", "parted"),
    [("9.9.9.9", ("9.9.9.9", 53)), ("127.0.0.1:5353", ("127.0.0.1", 5353)),
     ("::1", ("::1", 53)), ("[::1]:5353", ("::1", 5353))],
)  # fmt: skip
def test_how_a_server_is_written(server: str, parted: tuple[str, int]) -> None:
    """An address of either kind, with or without a port."""
    assert resolver._parted(server) == parted
