"""The file of alerts: what it says of each, and refusals with line and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from kpi import alerts, goals
from kpi.alerts.file import VERDICT
from kpi.alerts.segments import of_segments
from kpi.errors import Refused
from kpi.meaning.filters import Filters
from kpi.numbers.segments import Segment, Segments

ALERT = """[[alert]]
id = "ratio"
title = "Ratio"
rule = "swing"
measure = "engagement_ratio"
"""
OF_GOAL = ALERT.replace("swing", "verdict").replace(
    'measure = "engagement_ratio"', 'goal = "multi_device_share"'
)


def read(folder: Path, text: str) -> tuple[alerts.Alert, ...]:
    """The alerts of a file with this text."""
    file = folder / "alerts.toml"
    file.write_text(text)
    return alerts.read(file)


def test_every_goal_has_an_alert_of_its_verdict() -> None:
    """The file that comes with the program watches each goal's verdict, and reads."""
    watched = [alert.goal.id for alert in alerts.read() if alert.rule == VERDICT and alert.goal]
    assert watched == [goal.id for goal in goals.read()]


def test_an_alert_is_about_a_segment(tmp_path: Path) -> None:
    """Filters are those of goals, and are in the name; an empty file watches nothing."""
    (alert,) = read(tmp_path, ALERT + 'filters = { os = ["Android"], users = "new" }\n')
    assert alert.subject.filters == Filters(os=("Android",), users="new")
    assert alert.name == f"Ratio, {alert.subject.filters.sentence()}"
    (alert,) = read(tmp_path, OF_GOAL)
    assert alert.goal is not None and alert.subject.kpi == alert.goal.kpi
    assert read(tmp_path, "# nothing yet\n") == ()


def test_a_segment_by_name_is_watched_or_said_to_be_lost(tmp_path: Path) -> None:
    """Its filters are those of the name now; where nobody is left, a sentence says so."""
    named = ALERT + 'segment = "mine"\n'
    android, region = Filters(os=("Android", "Gone")), Filters(region=("US",))
    known = {"os": ["Android"], "region": ["US"]}

    def of(text: str, *saved: Segment) -> tuple[list[alerts.Alert], list[str]]:
        return of_segments(read(tmp_path, text), Segments(saved), known)

    (alert,), (fault,) = of(named, Segment("Mine", android))
    assert alert.subject.filters == Filters(os=("Android",))
    assert alert.name == "Ratio, mine"
    assert "no os 'Gone'" in fault
    for saved, why in (
        ((), "no segment is named 'mine'"),
        ((Segment("mine", Filters(os=("Gone",))),), "the segment 'mine' is empty"),
        ((Segment("mine", region),), "Engagement ratio has no region"),
    ):
        watched, (fault,) = of(named, *saved)
        assert watched == []
        assert fault.startswith(f"the alert ratio: {why}")
        assert fault.endswith("it watches nobody until that is mended")
    (alert,), faults = of(ALERT)
    assert (alert.subject.filters, faults) == (Filters(), [])


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (ALERT + 'title "x"', 6, "Expected '='"),
        ("alerts = 1\n", 1, "alerts is no setting"),
        ("alert = 1\n", 1, r"must hold \[\[alert\]\] tables"),
        (ALERT + "mail = 1\n", 6, "mail is no setting of an alert"),
        (ALERT.replace('title = "Ratio"\n', ""), 1, "title is missing"),
        (ALERT.replace('"Ratio"', "3"), 3, "title must be a text"),
        (ALERT.replace('"Ratio"', '""'), 3, "title must be a line of 1 to 120"),
        (ALERT.replace('"ratio"', '"Ratio!"'), 2, "id must be 1 to 64"),
        (ALERT.replace("swing", "wobble"), 4, "rule must be one of swing, step, verdict"),
        (ALERT.replace("engagement_ratio", "happiness"), 5, "measure must be one of"),
        (ALERT.replace("swing", "verdict"), 4, "goal is missing, which the rule verdict needs"),
        (OF_GOAL.replace("multi_device_share", "none"), 5, "goal must be one of"),
        (OF_GOAL + 'measure = "dau"\n', 6, "measure doesn't go with the rule verdict"),
        (OF_GOAL + "device_window = 3\n", 6, "device_window doesn't go with the rule verdict"),
        (ALERT + "device_window = 3\n", 6, "device_window is for multi-device users only"),
        (ALERT + "filters = 3\n", 6, "filters must be a table"),
        (ALERT + 'filters = { city = ["x"] }\n', 6, "filters.city must be one of"),
        (ALERT + "\n[alert.filters]\nregion = ['US']\n", 7, "filters.region goes with"),
        (ALERT + "segment = 1\n", 6, "segment must be a text"),
        (
            ALERT + 'segment = "x"\nfilters = { os = ["iOS"] }\n',
            7,
            "segment and filters exclude each other",
        ),
        (ALERT + ALERT, 7, "another alert has the id ratio"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, text: str, line: int, reason: str) -> None:
    """One line names the file, the line and the reason."""
    with pytest.raises(Refused, match=rf"alerts\.toml: line {line}: .*{reason}") as refusal:
        read(tmp_path, text)
    assert "\n" not in str(refusal.value)
