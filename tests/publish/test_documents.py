"""Which documents a publication touches, as a table."""

from publisher.publish.documents import OLDER, Standing, Touched, beside, everything, touched

NOTHING = frozenset()


def standing(issues: int, years: dict[int, int], **topics: dict[int, int]) -> Standing:
    """Say what stands on a shelf."""
    return Standing(issues, years, {topic: topic for topic in topics}, topics)


def change(before: Standing, after: Standing, **changed: object) -> Touched:
    """Ask what is touched, ten issues to an archive."""
    given = {"years": {2026}, "topics": set(), "places": [], "first_new": None} | changed
    return touched(before, after, per_archive=10, **given)  # type: ignore[arg-type] # a table


def test_a_revision_touches_its_year_and_its_archive() -> None:
    """What an issue is in is touched, and nothing else."""
    there = standing(25, {2025: 20, 2026: 5})
    found = change(there, there, years={2025}, places=[7])
    assert (found.years, found.archives) == ({2025}, {1})
    assert found.topics == found.topic_years == found.gone_years == NOTHING


def test_an_issue_that_is_in_no_archive_touches_none() -> None:
    """The newest issues stand in the current feed alone."""
    there = standing(25, {2026: 25})
    assert change(there, there, places=[20, 24]).archives == NOTHING
    more = standing(26, {2026: 26})
    assert change(there, more, places=[25], first_new=25).archives == NOTHING


def test_the_tenth_issue_closes_an_archive_and_the_one_before_leads_on() -> None:
    """Of the others no byte changes."""
    found = change(standing(29, {2026: 29}), standing(30, {2026: 30}), places=[29], first_new=29)
    assert found.archives == {2, 3}
    first = change(standing(9, {2026: 9}), standing(10, {2026: 10}), places=[9], first_new=9)
    assert first.archives == {1}


def test_an_issue_put_in_between_moves_those_behind_it() -> None:
    """Where a clock went back, the archives from there on are joined anew."""
    found = change(standing(35, {2026: 35}), standing(36, {2026: 36}), places=[12], first_new=12)
    assert found.archives == {2, 3}


def test_a_new_year_is_led_to_by_those_beside_it() -> None:
    """And one that has no issues any more is gone."""
    before, after = standing(2, {2020: 1, 2024: 1}), standing(3, {2020: 1, 2022: 1, 2024: 1})
    assert change(before, after, years={2022}).years == {2020, 2022, 2024}
    back = change(after, before, years={2022})
    assert (back.years, back.gone_years) == ({2020, 2024}, {2022})


def test_a_topic_with_many_items_has_pages_of_its_years() -> None:
    """From the hundred and first item on; then all its years get one at once."""
    few = standing(3, {2026: 3}, water={2025: OLDER - 1, 2026: 1})
    many = standing(3, {2026: 3}, water={2025: OLDER - 1, 2026: 2})
    found = change(few, many, topics={"water"})
    assert found.topics == {"water"}
    assert found.topic_years == {("water", 2025), ("water", 2026)}
    more = standing(3, {2026: 3}, water={2025: OLDER - 1, 2026: 3})
    assert change(many, more, topics={"water"}).topic_years == {("water", 2026)}
    assert change(many, few, topics={"water"}).gone_topic_years == found.topic_years


def test_a_topic_without_items_is_gone() -> None:
    """Its page and feeds are taken away."""
    found = change(
        standing(1, {2026: 1}, water={2026: 1}), standing(1, {2026: 1}), topics={"water"}
    )
    assert (found.topics, found.gone_topics) == (NOTHING, {"water"})


def test_everything_is_every_document_there_is() -> None:
    """A rebuild draws them all."""
    found = everything(standing(25, {2025: 5, 2026: 20}, water={2025: 200}, stone={2026: 2}), 10)
    assert (found.years, found.archives) == ({2025, 2026}, {1, 2})
    assert (found.topics, found.topic_years) == ({"water", "stone"}, {("water", 2025)})


def test_beside_a_year_stand_its_neighbours() -> None:
    """Years without issues are passed over."""
    assert beside(2024, [2019, 2022, 2024, 2026]) == (2022, 2026)
    assert beside(2019, [2019]) == ()
