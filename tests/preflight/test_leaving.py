"""preflight.leaving: no mail leaves that a reader could not leave by, in either half."""

from collections.abc import Callable

import pytest

from publisher.model import Finding, Issue, Item, Level, Newsletter, Section, Slot

Checked = Callable[..., list[Finding]]
GOOD = Issue((Section((Item("Title", "https://a.test/1", line=3),)),))


@pytest.mark.parametrize(
    "way_out",
    [
        "",
        '<a href="#">Unsubscribe</a>',
        f'<a href="{Slot.UNSUBSCRIBE}"> </a>',
        f'<a href="https://a.test/?{Slot.UNSUBSCRIBE}">Unsubscribe</a>',
        f"<p>{Slot.UNSUBSCRIBE}</p>",
        f'<!--[if mso]><a href="{Slot.UNSUBSCRIBE}">Unsubscribe</a><![endif]-->',
    ],
)
def test_a_mail_without_a_way_out_is_stopped(checked: Checked, way_out: str) -> None:
    """Only a link that can be seen and is each reader's own lets them go."""
    (found,) = checked(GOOD, body="<p>News</p>", way_out=way_out)
    assert (found.level, found.code) == (Level.STOP, "preflight/no-way-out")
    assert "HTML part" in found.message
    assert "{{ slot_unsubscribe }}" in found.hint
    assert "templates/mail/footer.mjml" in found.hint


@pytest.mark.parametrize("inside", ["Out", '<img src="https://a.test/out.png" alt="Out">'])
def test_words_or_a_picture_lead_out(checked: Checked, inside: str) -> None:
    """A link that can be followed passes, once is enough."""
    assert checked(GOOD, way_out=f'<a href="{Slot.UNSUBSCRIBE}">{inside}</a>') == []


def test_the_text_needs_it_as_well(checked: Checked) -> None:
    """The half that is plain text is stopped alike."""
    found = [one for one in checked(GOOD, text="News") if one.level is Level.STOP]
    assert [one.code for one in found] == ["preflight/no-way-out"]
    assert "text part" in found[0].message


def test_where_there_is_none_to_offer_it_is_not_missed(checked: Checked) -> None:
    """A newsletter without any address has its own finding, and the template no fault."""
    found = checked(GOOD, way_out="", newsletter=Newsletter("weekly", "Weekly"))
    assert [one.code for one in found] == ["preflight/no-unsubscribe"]
