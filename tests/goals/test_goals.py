"""Goals: the file that holds them, and how they are scored, by hand and against the oracle."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import oracle
import pandas as pd
import pytest
from conftest import Ran, Store, daily, environment, same
from event_files import write
from goals_oracle import GOALS, goal_rows
from logs import at, days_from, device, event, heartbeat, random_log, user

from kpi import goals
from kpi.errors import Refused
from kpi.goals.figures import Figures
from kpi.goals.scoring import by_device_window, by_scoring_window, segment_of
from kpi.meaning.filters import Filters, Period
from kpi.meaning.kpis import GOAL_KPIS
from kpi.numbers.kpi_values import WindowValue, values_within
from kpi.numbers.warehouse import open_warehouse
from kpi.settings import Settings

FIREFOX = [
    (day, product, dau, mau)
    for day in days_from("2015-10-20", 130)
    for product, dau, mau in (("desktop", 330, 1000), ("android", 50, 400), ("ios", 7, 90))
]


def printed(store: Store, *arguments: str, status: int = 0) -> list[dict[str, Any]]:
    """The rows of ``export goals``: figures as floats, an empty field as None."""
    ran = store.run("export", "goals", "--min-users=0", *arguments)
    assert ran.status == status, ran.said
    return rows_of(ran)


def rows_of(ran: Ran) -> list[dict[str, Any]]:
    """The rows that ``export goals`` printed."""
    words = ("goal", "measure", "comparison", "as_of", "status")
    return [
        {
            name: cell if name in words else float(cell) if cell else None
            for name, cell in row.items()
        }
        for row in csv.DictReader(io.StringIO(ran.text))
    ]


def assert_scored(got: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """The same goals, figures and verdicts."""
    assert [row["goal"] for row in got] == [row["goal"] for row in expected]
    for mine, theirs in zip(got, expected, strict=True):
        wrong = {k: (mine[k], v) for k, v in theirs.items() if not same(mine[k], v)}
        assert not wrong, f"{theirs['goal']}: got and expected {wrong}"


def firefox_file(folder: Path, figures: list[tuple[str, str, int, int]]) -> Path:
    """A file for ``load-firefox``."""
    path = folder / "firefox.csv"
    rows = [",".join(map(str, row)) for row in figures]
    path.write_text("\n".join(("day,product,dau,mau", *rows, "")))
    return path


@pytest.fixture(scope="module")
def without_firefox(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, oracle.Log]:
    """A random log over the turn of the year, and what the oracle knows of it."""
    log = random_log(21, first="2015-10-20", days=130, unloaded=(70,))
    store = Store(tmp_path_factory.mktemp("without"))
    store.load(write(store.files / "events.parquet", log))
    store.summarise()
    return store, oracle.Log(log)


@pytest.fixture(scope="module")
def scored_store(
    without_firefox: tuple[Store, oracle.Log], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Store, oracle.Log]:
    """The same with Firefox's figures."""
    other, known = without_firefox
    store = other.copied_to(tmp_path_factory.mktemp("scored"))
    store.must("load-firefox", firefox_file(store.files, FIREFOX))
    return store, known


# --- the file ---------------------------------------------------------------------------------------


def test_the_seven_goals_of_2016_stand_in_the_file() -> None:
    """The file holds the design's seven goals, each scored over 28 days of 2016."""
    found = {goal.id: goal for goal in goals.read()}
    assert list(found) == list(GOALS)
    for name, (measure, kind, comparator, threshold) in GOALS.items():
        goal = found[name]
        assert (goal.measure, goal.kind, goal.comparator) == (measure, kind, comparator)
        assert (goal.threshold, goal.year, goal.window_days) == (threshold, 2016, 28)
        assert goal.lower == (kind == "ceiling")


GOAL = """[[goal]]
id = "share"
title = "Share"
measure = "multi_device_percent"
kind = "floor"
threshold = 20
year = 2016
"""


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (GOAL + "threshold = 2", 8, "Cannot overwrite a value"),
        (GOAL + 'title "x"', 8, "Expected '='"),
        (GOAL.replace("2016", "2016\nfilters = {os = ["), 8, "Invalid"),
        (GOAL.replace("threshold = 20\n", ""), 1, "threshold is missing"),
        (GOAL.replace("20\n", '"20"\n'), 6, "threshold must be a number"),
        (GOAL.replace("20\n", "nan\n"), 6, "threshold must be a finite number"),
        (GOAL.replace("20\n", "true\n"), 6, "threshold must be a number"),
        (GOAL.replace("2016", "16"), 7, "year must be a year such as 2016"),
        (GOAL.replace("floor", "flor"), 5, "kind must be one of baseline_plus"),
        (GOAL.replace("multi_device_percent", "dau"), 4, "measure must be one of"),
        (GOAL + 'comparator = "desktop"', 8, "comparator is for the kind comparator_plus"),
        (GOAL.replace("floor", "comparator_plus"), 5, "comparator is for"),
        (
            GOAL.replace("floor", "comparator_plus") + 'comparator = "desktop"',
            4,
            "Firefox has an engagement_ratio only",
        ),
        (GOAL + "window_days = 0", 8, "window_days must be 1 to 366"),
        (GOAL + "device_window = 4", 8, "device_window must be one of 3, 5, 7, 14"),
        (GOAL + 'direction = "lower"', 8, "the direction of a floor is higher"),
        (GOAL + "colour = 1", 8, "colour is no setting of a goal"),
        (GOAL + 'filters = {region = ["GB"]}', 8, "goes with measures of connection attempts only"),
        (GOAL + 'filters = {regio = ["GB"]}', 8, "filters.regio must be one of"),
        (GOAL + "[goal.filters]\nusers = 3", 8, "filters.users must be one of"),
        (GOAL.replace('"share"', '"Share!"'), 2, "id must be 1 to 64"),
        (GOAL.replace('"Share"', '"  "'), 3, "title must have 1 to 120 characters"),
        (GOAL + "\n" + GOAL, 10, "another goal has the id share"),
        (
            GOAL.replace("multi_device_percent", "connection_time_new").replace(
                "floor", "baseline_plus"
            ),
            5,
            "direction must say",
        ),
        ("[goals]\nx = 1", 1, "goals is no setting"),
        ("", 1, "must hold [[goal]] tables"),
        ("goal = 3", 1, "must hold [[goal]] tables"),
        ("\n\ngoal = [1]", 3, "must be a [[goal]] table"),
    ],
)
def test_broken_file_is_refused_with_line_and_reason(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:
    """Whatever is wrong with the file, the message names the line and says why, in one line."""
    path = tmp_path / "goals.toml"
    path.write_text(text)
    with pytest.raises(Refused) as refused:
        goals.read(path)
    told = str(refused.value)
    assert f": line {line}: " in told, told
    assert reason in told
    assert "\n" not in told


def test_file_that_is_no_text_is_refused_with_its_line(tmp_path: Path) -> None:
    """A byte that isn't UTF-8 is told by its line; a missing file is told too."""
    path = tmp_path / "goals.toml"
    path.write_bytes(GOAL.encode() + b"# \xff\n")
    with pytest.raises(Refused, match="line 8: is no UTF-8 text"):
        goals.read(path)
    with pytest.raises(Refused, match="can't be read"):
        goals.read(tmp_path / "none.toml")


def test_another_year_and_segment_need_no_code(tmp_path: Path) -> None:
    """A goal of 2017 about a segment, with its own windows and direction, is read as written."""
    path = tmp_path / "goals.toml"
    path.write_text(
        """[[goal]]
id = "faster"
title = "Two seconds faster on Android"
measure = "connection_time_new"
kind = "baseline_plus"
direction = "lower"
threshold = -2
year = 2017
window_days = 7
[goal.filters]
os = ["Android"]
users = "new"
"""
    )
    (goal,) = goals.read(path)
    assert goal.filters == Filters(os=("Android",), users="new")
    assert (goal.lower, goal.threshold, goal.window_days, goal.year) == (True, -2.0, 7, 2017)


def test_goal_about_attempts_of_a_campaign(
    scored_store: tuple[Store, oracle.Log], tmp_path: Path
) -> None:
    """A goal about attempts can be about an entrypoint; its value is that of these attempts alone."""
    store, log = scored_store
    entrypoint = log.values("entrypoint")[-1]
    path = tmp_path / "goals.toml"
    path.write_text(
        GOAL.replace("multi_device_percent", "completion")
        + f'filters = {{entrypoint = ["{entrypoint}"]}}\n'
    )
    (goal,) = goals.read(path)
    with environment(**store.settings()):
        warehouse = open_warehouse(Settings.read())
    score = goals.score(Figures(warehouse, 0), goal)
    warehouse.close()
    days = [score.as_of - timedelta(days=back) for back in range(goal.window_days)]
    attempts = [
        attempt
        for attempt in log.attempts_picked(oracle.Filters(entrypoint=(entrypoint,)))
        if attempt.day_begun is not None
        and date.fromisoformat(oracle.day_name(attempt.day_begun)) in days
        and log.counts_attempts(attempt.day_begun, oracle.Filters())
    ]
    ready = [attempt for attempt in attempts if attempt.ready_ms is not None]
    assert score.n == len(attempts) > 0
    assert score.actual == pytest.approx(100 * len(ready) / len(attempts))


# --- scoring, by hand -------------------------------------------------------------------------------


class ByHand(Figures):
    """Figures written down by hand: one daily value per measure and day."""

    def __init__(self, last: date, **measures: pd.Series) -> None:
        self._measures = measures
        self.min_users, self.incomplete, self.last_day = 0, False, last
        self.frozen, self.definitions = (), ""

    def over(self, goal: goals.Goal, window: Period) -> WindowValue:
        days = values_within(self.days(goal), window)
        if not len(days):
            return WindowValue(window, None, reason="no value")
        value, newest = days.mean(), days.index[-1].date()
        return WindowValue(window, value, 100, len(days), newest, (value, value))

    def days(self, goal: goals.Goal) -> pd.Series:
        return self._measures.get(goal.measure, pd.Series(dtype=float, index=pd.DatetimeIndex([])))

    def compared_users(self, goal: goals.Goal) -> pd.Series:
        return self.compared_days(goal) * 0 + 10**9

    def compared_days(self, goal: goals.Goal) -> pd.Series:
        return self._measures.get("firefox", pd.Series(dtype=float, index=pd.DatetimeIndex([])))


def by_day(first: str, values: list[float]) -> pd.Series:
    """Values on consecutive days."""
    return pd.Series(values, index=pd.date_range(first, periods=len(values)), dtype=float)


FLOOR = goals.Goal("share", "Share", "multi_device_percent", "floor", 20.0, 2016)


def test_actual_is_the_mean_of_the_28_days_that_end_as_of() -> None:
    """Day 29 back doesn't count, an absent day is left out, and exactly at the target is met."""
    values = by_day("2016-03-01", [1000.0] + [20.0] * 27 + [float("nan")] + [20.0])
    score = goals.score(ByHand(date(2016, 3, 30), multi_device_percent=values), FLOOR)
    assert score.as_of == date(2016, 3, 30)
    assert score.actual == pytest.approx(20.0)
    assert (score.days, score.gap, score.plain_status) == (27, pytest.approx(0.0), "met")


def test_ceiling_is_met_strictly_below_only() -> None:
    """The specification says "less than": exactly at a ceiling is not met, with a gap of 0."""
    ceiling = replace(FLOOR, kind="ceiling", lower=True)
    at_it = ByHand(date(2016, 3, 28), multi_device_percent=by_day("2016-03-01", [20.0] * 28))
    score = goals.score(at_it, ceiling)
    assert (score.plain_status, score.gap) == ("not met", 0.0)
    below = ByHand(date(2016, 3, 28), multi_device_percent=by_day("2016-03-01", [19.0] * 28))
    score = goals.score(below, ceiling)
    assert (score.status, score.gap) == ("met", 1.0)


def test_baseline_is_the_mean_of_the_days_that_exist_in_the_year_before() -> None:
    """Of 2015 only the days with a value count; a chosen period takes the year's place."""
    goal = replace(FLOOR, kind="baseline_plus", threshold=5.0)
    values = by_day("2015-12-30", [10.0, 14.0] + [18.0] * 40)
    figures = ByHand(date(2016, 2, 9), multi_device_percent=values)
    score = goals.score(figures, goal)
    assert (score.baseline, score.target, score.actual) == (12.0, 17.0, 18.0)
    assert (score.gap, score.status) == (1.0, "met")
    chosen = Period(date(2015, 12, 31), date(2016, 1, 1))
    assert goals.score(figures, goal, base=chosen).target == 16.0 + 5.0
    assert goals.score(figures, goal, base=Period(date(2015, 12, 31))).baseline == 14.0


def test_goal_about_a_lower_time_than_before_is_met_at_or_below() -> None:
    """With direction lower, "baseline + -2" is met at or below it, and the gap counts downwards."""
    goal = replace(FLOOR, kind="baseline_plus", threshold=-2.0, lower=True)
    values = by_day("2015-12-31", [12.0] + [10.0] * 30)
    score = goals.score(ByHand(date(2016, 1, 30), multi_device_percent=values), goal)
    assert (score.target, score.gap, score.plain_status) == (10.0, 0.0, "met")


def test_scored_on_the_last_complete_day_but_not_after_the_year() -> None:
    """In 2017 the goal of 2016 is scored as of 31 December 2016, unless another day is asked for."""
    values = by_day("2016-12-01", [21.0] * 31 + [1.0] * 40)
    figures = ByHand(date(2017, 2, 9), multi_device_percent=values)
    score = goals.score(figures, FLOOR)
    assert (score.as_of, score.actual, score.status) == (date(2016, 12, 31), 21.0, "met")
    asked = goals.score(figures, FLOOR, as_of=date(2017, 1, 31))
    assert (asked.as_of, asked.status) == (date(2017, 1, 31), "not met")


def test_comparator_target_is_its_actual_of_the_same_days_plus_the_threshold() -> None:
    """Firefox's own ratio is averaged over the same 28 days; days before them don't count."""
    goal = replace(
        FLOOR, measure="engagement_ratio", kind="comparator_plus", comparator="ios", threshold=5.0
    )
    figures = ByHand(
        date(2016, 3, 29),
        engagement_ratio=by_day("2016-03-01", [40.0] * 29),
        firefox=by_day("2016-03-01", [99.0] + [30.0] * 28),
    )
    score = goals.score(figures, goal)
    assert (score.compared, score.target, score.gap) == (30.0, 35.0, 5.0)
    assert goals.table([score])["comparison"].iloc[0] == "comparator_plus ios"


@pytest.mark.parametrize(
    ("own", "reader", "both"),
    [
        (Filters(), Filters(os=("Linux",)), Filters(os=("Linux",))),
        (
            Filters(os=("Linux", "Android")),
            Filters(os=("Android", "iOS")),
            Filters(os=("Android",)),
        ),
        (Filters(os=("Linux",)), Filters(os=("iOS",)), None),
        (Filters(users="new"), Filters(users="existing"), None),
        (Filters(users="new"), Filters(not_os=("iOS",)), Filters(users="new", not_os=("iOS",))),
        (Filters(), Filters(devices="multi"), Filters()),
    ],
)
def test_filters_score_the_part_in_both_segments(
    own: Filters, reader: Filters, both: Filters | None
) -> None:
    """A goal about a segment is scored for its part in the reader's; devices narrow attempts only."""
    assert segment_of(replace(FLOOR, filters=own), reader) == both


def test_goal_that_the_filters_leave_out_has_no_data_and_says_so() -> None:
    """A goal about Linux has no data under a filter to iOS, with a reason."""
    goal = replace(FLOOR, filters=Filters(os=("Linux",)))
    score = goals.score(ByHand(date(2016, 3, 1)), goal, Filters(os=("iOS",)))
    assert score.status == "no data"
    assert "leave out" in (score.reason or "")


def test_other_windows_are_variants_of_the_goal() -> None:
    """Verdicts are tried over 7, 28 and 91 days, and of multi-device goals with 3, 5, 7 and 14."""
    assert [goal.window_days for goal in by_scoring_window(FLOOR)] == [7, 28, 91]
    assert [goal.window_days for goal in by_scoring_window(replace(FLOOR, window_days=14))] == [
        *(7, 14, 28, 91)
    ]
    assert [goal.device_window for goal in by_device_window(FLOOR)] == [3, 5, 7, 14]
    assert by_device_window(replace(FLOOR, measure="engagement_ratio")) == []


# --- scoring, against the oracle --------------------------------------------------------------------


@pytest.mark.long
def test_export_equals_the_oracle(scored_store: tuple[Store, oracle.Log]) -> None:
    """All seven goals, their figures and verdicts are the oracle's."""
    store, log = scored_store
    expected = goal_rows(log, FIREFOX)
    assert {row["status"] for row in expected} == {"met", "too close to call"}
    assert_scored(printed(store), expected)


@pytest.mark.every_engine("long")
def test_every_engine_scores_and_pools_weeks_alike(store: Store) -> None:
    """On DuckDB, PostgreSQL and Redshift's dialect goals are the oracle's, as are weeks' medians."""
    log = random_log(23, first="2015-12-10", days=50, attempts_per_day=4)
    known = oracle.Log(log)
    store.load(write(store.files / "events.parquet", log))
    store.summarise()
    assert_scored(printed(store), goal_rows(known))
    last = max(known.loaded_days)
    with environment(**store.settings()):
        warehouse = open_warehouse(Settings.read())
    figures = Figures(warehouse, min_users=0)
    for goal in goals.read():
        if not goal.kpi.timed:
            continue
        got = figures.scored_weeks(goal, figures.last_day)
        assert len(got.dropna()) >= 5
        for sunday, value in got.items():
            end = (sunday.date() - oracle.EPOCH).days
            ready = range(end - 6, end + 1)
            if end > last or ready[0] < min(known.loaded_days):
                assert pd.isna(value)
                continue
            seconds = [
                attempt.ready_ms / 1000
                for attempt in known.attempts
                if attempt.day_ready in ready
                and attempt.segment.users == goal.measure.removeprefix("connection_time_")
            ]
            expected = oracle.percentile(seconds, 0.5)
            assert same(None if pd.isna(value) else value, expected)
    warehouse.close()


SEGMENTS = (
    oracle.Filters(os=("Android",)),
    oracle.Filters(not_os=("Linux",), users="existing"),
    oracle.Filters(browser=("Firefox",), users="new"),
)


@pytest.mark.long
@pytest.mark.parametrize("filters", SEGMENTS)
def test_filters_score_the_segment(
    scored_store: tuple[Store, oracle.Log], filters: oracle.Filters
) -> None:
    """With filters every figure is the segment's; Firefox's own stay as they are."""
    store, log = scored_store
    arguments = [*filters.arguments(), "--allow-unknown"]
    assert_scored(printed(store, *arguments), goal_rows(log, FIREFOX, filters))


@pytest.mark.parametrize(
    "filters", daily(SEGMENTS[1], of=(SEGMENTS[1], oracle.Filters())), ids=("segment", "all")
)
def test_as_of_and_baseline_period_are_as_told(
    scored_store: tuple[Store, oracle.Log], filters: oracle.Filters
) -> None:
    """--as-of and --baseline-from/-to move the windows, to the day; with filters, of the segment."""
    store, log = scored_store
    told = ["--as-of=2016-01-31", "--baseline-from=2015-12-01", "--baseline-to=2015-12-20"]
    days = {"as_of": "2016-01-31", "baseline": ("2015-12-01", "2015-12-20")}
    expected = goal_rows(log, FIREFOX, filters, **days)
    assert_scored(printed(store, *told, *filters.arguments(), "--allow-unknown"), expected)


def test_without_firefox_three_goals_have_no_data_and_four_stay(
    without_firefox: tuple[Store, oracle.Log],
) -> None:
    """The goals that compare with Firefox say what to load; the others are scored all the same."""
    store, log = without_firefox
    ran = store.must("export", "goals", "--min-users=0")
    rows = rows_of(ran)
    assert_scored(rows, goal_rows(log))
    assert [row["status"] for row in rows].count("no data") == 3
    told = ran.err.splitlines()
    assert sum("load-firefox" in line for line in told) == 3


def test_pooled_median_is_no_mean_of_medians(store: Store) -> None:
    """One slow attempt on one day and nine fast ones on another have a fast median."""
    log = heartbeat("2016-03-01", 30)
    waits = [("2016-03-29", [90_000]), ("2016-03-28", [4_000] * 9)]
    for day, times in waits:
        for number, wait in enumerate(times):
            name = f"{day}{number}"
            told = {"seq_id": name, "service": "sync", "uid": user(name)}
            log.append(event(at(day), "sequence.begin", seq_time=0, **told))
            told["device_id"] = device(name)
            log.append(event(at(day), "device.created", seq_time=wait - 100, **told))
            log.append(event(at(day), "device.connected", seq_time=wait, **told))
    store.load(write(store.files / "events.parquet", log))
    store.summarise()
    row = next(r for r in printed(store) if r["measure"] == "connection_time_existing")
    assert (row["actual"], row["status"]) == (4.0, "met")
    assert row["gap"] == pytest.approx(1.0)


def test_incomplete_day_enters_no_goal(
    scored_store: tuple[Store, oracle.Log], tmp_path: Path
) -> None:
    """A day loaded before its end is neither the day scored nor part of a median, unless asked for."""
    store, log = scored_store
    copy = store.copied_to(tmp_path / "copy")
    last = oracle.day_name(max(log.loaded_days))
    with duckdb.connect(str((copy.home / "kpi.duckdb").resolve())) as raw:
        raw.execute("UPDATE day_status SET complete = 0 WHERE day >= ?", [last])
    day_before = (date.fromisoformat(last) - timedelta(days=1)).isoformat()
    assert_scored(printed(copy), goal_rows(log, FIREFOX, as_of=day_before))
    expected = goal_rows(log, FIREFOX)
    assert {row["status"] for row in expected} == {"met", "too close to call"}
    assert_scored(printed(copy, "--include-incomplete"), expected)


def test_small_cells_are_no_data_and_the_reason_is_privacy(
    scored_store: tuple[Store, oracle.Log],
) -> None:
    """Where fewer people match than the minimum, a goal says hidden, not zero and not absent."""
    store, _ = scored_store
    ran = store.must("export", "goals", "--min-users=1000")
    assert ran.text.count("no data") == 7
    assert ran.err.count("hidden for privacy: fewer than 1000 people or attempts match") >= 5


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--from=2016-01-01"], 2, "goals have no period"),
        (["--weekly"], 2, "goals have no period"),
        (["--by=os"], 2, "goals have no period"),
        (["--devices=multi"], 2, "--devices goes with attempts only"),
        (["--baseline=x", "--baseline-from=2015-01-01"], 2, "--baseline has its own period"),
        (["--baseline=x"], 1, "no frozen baseline has the id 'x'"),
        (["--baseline-from=2015-12-31", "--baseline-to=2015-01-01"], 1, "before it begins"),
        (["--baseline-from=2016-01-02"], 1, "before it begins"),
        (["--as-of=2016-02-30"], 2, "is no day"),
        (["--os=Plan9"], 1, "no os is named"),
    ],
)
def test_what_goals_cannot_take_is_refused(
    scored_store: tuple[Store, oracle.Log], arguments: list[str], status: int, told: str
) -> None:
    """An option that has no meaning for goals is wrong usage; a wrong value is refused in one line."""
    store, _ = scored_store
    ran = store.run("export", "goals", *arguments)
    assert ran.status == status
    assert told in ran.err
    assert "Traceback" not in ran.err


# --- verdicts that the data can bear ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([21.0] * 20 + [float("nan")] * 8, "only 20 of the 28 days have a value"),
        ([float("nan")] * 8 + [21.0] * 20, "only 20 of the 28 days have a value"),
        ([21.0] * 21 + [float("nan")] * 7, None),
        ([21.0] * 20 + [float("nan")] * 8, "and 21 are needed"),
    ],
)
def test_verdict_needs_three_quarters_of_its_days(values: list[float], reason: str | None) -> None:
    """Under 21 of 28 days with a value there is no verdict, though the gap is shown with its reason."""
    figures = ByHand(date(2016, 3, 28), multi_device_percent=by_day("2016-03-01", values))
    score = goals.score(figures, FLOOR)
    assert score.gap == pytest.approx(1.0)
    assert (score.status == "no data") == (reason is not None)
    assert (reason or "") in (score.reason or "")


def test_verdict_needs_a_value_of_the_last_week() -> None:
    """A newest value of eight days before, on a longer window with enough days, gives no verdict."""
    values = by_day("2016-01-01", [21.0] * 82 + [float("nan")] * 9)
    quarter = replace(FLOOR, window_days=91)
    score = goals.score(ByHand(date(2016, 3, 31), multi_device_percent=values), quarter)
    assert score.status == "no data"
    assert "the newest value is of 22 Mar 2016" in (score.reason or "")


def test_goals_of_any_ratio_share_or_time_need_no_code(
    scored_store: tuple[Store, oracle.Log], tmp_path: Path
) -> None:
    """A goal about any ratio, share or time of the registry is scored, and equals the oracle's value."""
    store, log = scored_store
    path = tmp_path / "goals.toml"
    path.write_text(
        "".join(
            f'[[goal]]\nid = "{name}"\ntitle = "{name}"\nmeasure = "{name}"\nkind = "floor"\n'
            "threshold = 1\nyear = 2016\n"
            for name in GOAL_KPIS
        )
    )
    with environment(**store.settings()):
        warehouse = open_warehouse(Settings.read())
    figures = Figures(warehouse, min_users=0)
    scored = {score.goal.id: score for score in goals.scores(figures, goals.read(path))}
    last = max(log.loaded_days)
    days = range(last - 27, last + 1)
    begun = [attempt for attempt in log.attempts if attempt.day_begun in days]
    ready = [attempt.ready_ms for attempt in begun if attempt.ready_ms is not None]
    monthly = [
        row["monthly_multi_device_percent"]
        for row in log.multi_device(oracle.Filters())
        if row["day"] >= oracle.day_name(days[0])
    ]
    steps = [
        attempt.first_seq_time["account.verified"] / 1000
        for attempt in begun
        if attempt.first_seq_time.get("account.verified") is not None
    ]
    expected = {
        "completion": 100 * len(ready) / len(begun),
        "ready_within_10": 100 * sum(ms <= 10_000 for ms in ready) / len(begun),
        "monthly_multi_device_percent": sum(monthly) / len(monthly),
        "step_time_account_verified": oracle.percentile(steps, 0.5),
    }
    assert {name: scored[name].actual for name in expected} == pytest.approx(expected)
    assert scored["completion"].n == len(begun)
    assert all(score.status != "no data" for score in scored.values())
    for score in scored.values():
        assert figures.scored_weeks(score.goal, figures.last_day).notna().any(), score.goal.id
    warehouse.close()
