"""Custom periods in the URL: both days always, and days without the word "custom"."""

from __future__ import annotations

import pytest
from app_pages import opened, words

from kpi.meaning.filters import Filters


@pytest.mark.usefixtures("at_demo")
def test_both_days_are_always_in_the_url() -> None:
    """Days that are today's default are written too, so that a link names the same days later."""
    page = opened("pages/explore.py", period="custom", **{"from": "2016-02-01"})
    assert dict(page.query_params) == {
        "period": "custom",
        "from": "2016-02-01",
        "to": "2016-03-31",
    }


@pytest.mark.usefixtures("at_demo")
def test_days_alone_are_a_custom_period() -> None:
    """A link with days and no period shows these days."""
    page = opened("pages/explore.py", **{"from": "2016-02-01", "to": "2016-02-20"})
    assert "1 Feb – 20 Feb 2016" in words(page)
    assert page.query_params["period"] == "custom"


@pytest.mark.usefixtures("at_demo")
def test_days_beside_another_period_are_ignored_with_a_notice() -> None:
    """Days that another period makes meaningless leave the URL, and a notice says why."""
    page = opened("pages/explore.py", period="last 28 days", **{"from": "2016-02-01"})
    assert "from" not in page.query_params
    assert any("another period is chosen" in each.value for each in page.toast)


def test_many_values_are_counted_in_the_sentence() -> None:
    """Up to eight values are named, more are counted, picked or left out."""
    many = tuple(str(version) for version in range(200))
    assert "all browsers 200 versions on all systems" in Filters(version=many).sentence()
    assert "all browsers except 9 browsers" in Filters(not_browser=many[:9]).sentence()
    assert "0 or 1 or 2 or 3 or 4 or 5 or 6 or 7 on" in Filters(browser=many[:8]).sentence()


@pytest.mark.usefixtures("at_demo")
def test_custom_comparison_is_in_the_link() -> None:
    """A day to compare from means a custom comparison; the link holds it, and another removes it."""
    page = opened("pages/explore.py", period="last 28 days", compare_from="2015-12-03")
    assert not page.exception
    assert page.selectbox(key="compare").value == "custom"
    assert "Compared with 4 Dec – 31 Dec 2015" in words(page)
    page.selectbox(key="compare").set_value("previous period").run()
    assert "compare_from" not in page.query_params


@pytest.mark.usefixtures("at_demo")
def test_an_emptied_day_is_the_default() -> None:
    """Where a reader empties a day, the default counts, and the link holds the two days that are shown."""
    page = opened("app.py", period="custom", **{"from": "2016-02-01", "to": "2016-02-20"})
    page.date_input(key="from").set_value(None).run()
    assert not page.exception
    assert "1 Jan – 20 Feb 2016" in words(page)
    assert (page.query_params["from"], page.query_params["to"]) == ("2016-01-01", "2016-02-20")


@pytest.mark.usefixtures("at_demo")
def test_two_choices_before_the_browser_has_written_the_first() -> None:
    """A choice whose URL the browser hasn't yet when the next is made isn't lost; Back still leads back."""
    page = opened("pages/engagement.py", users="new")
    before = {name: page.query_params[name] for name in page.query_params}
    page.radio(key="granularity").set_value("week").run()
    assert page.query_params["granularity"] == "week"
    page.query_params.clear()  # as the browser has it until it writes the first choice
    page.query_params.update(before)
    page.selectbox(key="period").set_value("last 90 days").run()
    assert page.radio(key="granularity").value == "week"
    assert dict(page.query_params) == {
        "granularity": "week",
        "period": "last 90 days",
        "users": "new",
    }
    page.query_params.clear()  # as Back leaves it
    page.query_params.update(before)
    page.run()
    assert page.radio(key="granularity").value == "day"
    assert page.selectbox(key="period").value == "this year"


@pytest.mark.usefixtures("at_demo")
def test_copy_link_can_fix_the_days() -> None:
    """Beside the link of a period that moves with the data is the link of its two days."""
    page = opened("pages/explore.py", period="last 28 days", users="new")
    moving, fixed = (str(part.value) for part in page.code[:2])
    assert moving == "?period=last+28+days&users=new"
    assert set(fixed[1:].split("&")) == {
        *("period=custom", "from=2016-03-04", "to=2016-03-31", "users=new")
    }
    assert len(opened("pages/explore.py", **{"period": "custom", "from": "2016-03-04"}).code) == 1
