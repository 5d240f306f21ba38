"""Lines are hidden and shown again, and the link holds which."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_pages import alts, opened
from conftest import daily, environment
from product import publication, table_of

CHARTS = {
    ("app.py", "hide"): ("desktop", "Firefox desktop"),
    ("app.py", "hide_multi_device"): ("monthly_users", "All, monthly"),
    ("pages/engagement.py", "hide_users"): ("mau", "Monthly"),
    ("pages/multi_device.py", "hide_windows"): ("14", "14 days"),
    ("pages/connection_time.py", "hide_within"): ("completion_percent", "Ever"),
    ("pages/engagement.py", "hide_values"): ("Android", "Android"),
}


@pytest.mark.parametrize(("file", "key"), daily(*list(CHARTS)[::3], of=CHARTS))
def test_a_hidden_line_is_in_the_link(file: str, key: str, at_demo: None) -> None:
    """A line that the link hides isn't drawn; shown again, it leaves the link."""
    line, title = CHARTS[file, key]
    page = opened(file, view="lines", **{key: line})
    assert not page.exception and key in page.query_params
    hidden = " ".join(alts(page))
    page.button_group(key=key).set_value([]).run()
    assert key not in page.query_params
    shown = " ".join(alts(page))
    assert shown.count(f" {title} ") == hidden.count(f" {title} ") + 1


def test_a_line_without_data_is_not_offered(demo_home: Path, no_caches: None) -> None:
    """Hide names the lines that are drawn: none of multi-device users where all their days are hidden.

    Nor are those days gaps of the lines that are drawn.
    """
    with environment(KPI_HOME=str(demo_home), KPI_MIN_USERS="30"):
        page = opened("app.py", period="all")
    with publication(demo_home) as warehouse:
        engagement = table_of(warehouse, "engagement", min_users=30)
        bare = table_of(warehouse, "engagement", min_users=0)
    bare_ratio = bare.loc[bare["audience"] == "all", "engagement_ratio"]
    assert not page.exception
    offered = list(page.button_group(key="hide").options)
    (drawn,) = (alt for alt in alts(page) if alt.startswith("Engagement ratio"))
    assert [name for name in offered if name not in drawn] == []
    assert "Firefox desktop" in offered and "Multi-device" not in " ".join(offered), offered
    gaps = next(str(part.value) for part in page.caption if "Gaps are not zeros" in str(part.value))
    hidden_days = int(gaps.split("zeros: ")[1].split(" days hidden")[0])
    everybody = engagement[engagement["audience"] == "all"]
    assert hidden_days == (everybody["engagement_ratio"].isna() & bare_ratio.notna()).sum() < 20


def test_every_line_hidden(at_demo: None) -> None:
    """A sentence says how to show lines again; a value that is no line is ignored, with a notice."""
    page = opened("pages/engagement.py", hide=["all", "multi_device", "single_device", "x"])
    assert any("Every line is hidden" in str(part.value) for part in page.info)
    assert any("“x” in the link was ignored" in str(part.value) for part in page.toast)


def test_lines_of_another_tag_are_not_hidden(at_demo: None) -> None:
    """What was hidden of one breakdown is no value of the next."""
    page = opened("pages/engagement.py", view="lines", hide_values="Android")
    page.button_group(key="by").set_value("Browser").run()
    assert not page.exception and "hide_values" not in page.query_params
