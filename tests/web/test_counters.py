"""What is counted of feeds: every answer once, in bounded memory."""

import threading

from publisher.web.counters import KEPT, LONGEST, Counters


def test_counts_are_taken_once() -> None:
    """Each answer is counted by feed, program and status, and given away once."""
    counters = Counters()
    for status in (200, 304, 304):
        counters.count("rss.xml", "newsboat/2.21", status)
    counters.count("topics/llm/rss.xml", "", 200)
    assert counters.taken() == {
        ("rss.xml", "newsboat/2.21", 200): 1,
        ("rss.xml", "newsboat/2.21", 304): 2,
        ("topics/llm/rss.xml", "", 200): 1,
    }
    assert counters.taken() == {}


def test_invented_programs_fill_no_memory() -> None:
    """Of endless names only so many are told apart, cut to a length; what follows still counts."""
    counters = Counters()
    for number in range(KEPT + 100):
        counters.count("rss.xml", f"{number} {'x' * 5000}", 200)
    taken = counters.taken()
    assert len(taken) == KEPT + 1
    assert taken["rss.xml", "", 200] == 100
    assert max(len(user_agent) for _, user_agent, _ in taken) == LONGEST


def test_nothing_is_lost_between_threads() -> None:
    """What one thread counts while another takes is in one of the takings."""
    counters, total, is_done = Counters(), 0, threading.Event()

    def poll() -> None:
        for _ in range(20_000):
            counters.count("rss.xml", "", 304)
        is_done.set()

    thread = threading.Thread(target=poll)
    thread.start()
    while not is_done.is_set():
        total += sum(counters.taken().values())
    thread.join()
    assert total + sum(counters.taken().values()) == 20_000
