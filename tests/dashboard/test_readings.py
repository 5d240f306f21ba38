"""The two readings of a segment's engagement ratio on pages."""

from __future__ import annotations

import pytest
from app_pages import alts, opened, words
from conftest import daily

OVERVIEW, ENGAGEMENT = "app.py", "pages/engagement.py"
SAME, CAREFUL = "This is the ratio of the same people", "Careful: whoever"


@pytest.mark.usefixtures("at_demo")
def test_without_a_segment_there_is_a_single_reading() -> None:
    """Of all users the two readings are equal, so there is no choice."""
    seen = opened(OVERVIEW)
    assert SAME not in words(seen) and CAREFUL not in words(seen)
    assert not any(control.label == "Ratio of" for control in seen.segmented_control)
    assert not any(sentence.startswith("Engagement ratio, same people") for sentence in alts(seen))


PEOPLE = [
    (filters, who, page)
    for filters, who in (
        ({"version": "48"}, "changes version"),
        ({"users": "new"}, "is no longer new"),
    )
    for page in (OVERVIEW, ENGAGEMENT)
]


@pytest.mark.usefixtures("at_demo")
@pytest.mark.parametrize(("filters", "who", "page"), daily(PEOPLE[1], PEOPLE[2], of=PEOPLE))
def test_people_who_change_tags_are_counted_whole(
    filters: dict[str, str], who: str, page: str
) -> None:
    """Under a filter by a tag that people change, card and chart are of the same people, and it is said."""
    seen = opened(page, **filters)
    assert f"{SAME}, wherever they are active now. Whoever {who}" in words(seen)
    assert any(sentence.startswith("Engagement ratio, same people") for sentence in alts(seen))
    other = opened(page, reading="in the segment", by_reading="in the segment", **filters)
    assert CAREFUL in words(other)
    assert not any(sentence.startswith("Engagement ratio, same people") for sentence in alts(other))


@pytest.mark.usefixtures("at_demo")
def test_a_system_is_read_by_the_specification() -> None:
    """Few people change their system: the specification's ratio is the default, the other a choice away."""
    seen = opened(OVERVIEW, os="Android")
    assert SAME not in words(seen) and CAREFUL not in words(seen)
    other = opened(OVERVIEW, os="Android", reading="same people")
    assert any(sentence.startswith("Engagement ratio, same people") for sentence in alts(other))


@pytest.mark.usefixtures("at_demo")
def test_a_breakdown_by_version_is_of_the_same_people() -> None:
    """By version the ratio is that of the same people, by system that of the specification."""
    assert SAME in words(opened(ENGAGEMENT, by="Browser version"))
    assert SAME not in words(opened(ENGAGEMENT))
    assert CAREFUL in words(opened(ENGAGEMENT, by="Browser version", by_reading="in the segment"))
