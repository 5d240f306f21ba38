"""Scores and outlooks for the Goals page, under the reader's filters and the chosen baseline."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date

import pandas as pd
import streamlit as st

from kpi import goals
from kpi.dashboard.address import notify_ignored
from kpi.dashboard.page import Page
from kpi.dashboard.sidebar import BOUND, notify_bad_values
from kpi.dashboard.source import cache_key
from kpi.errors import Refused
from kpi.goals import outlook, projected, words
from kpi.goals.backtest import Backtest
from kpi.goals.baseline import Baseline, Calendar, Proposal, baseline, calendar, proposal
from kpi.goals.frozen import Frozen
from kpi.goals.outlook import Outlook
from kpi.goals.projected import Projected
from kpi.goals.scoring import baseline_period, by_device_window, by_scoring_window
from kpi.meaning.filters import Period
from kpi.text import days_text

OWN_DAYS, TEAMS = "own days", "the team's"


class GoalsPage:
    """The answers for the Goals page, under the reader's filters and the baseline that was chosen."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.figures = page.source.figures()
        self.key = cache_key(page.source.notes_key, page.min_users)
        every = goals.read()
        self.year = _chosen_year(every, page.today)
        self.goals = tuple(goal for goal in every if goal.year == self.year)
        self.frozen = self.figures.frozen
        self.base = self._chosen_base()
        self.own_days = {goal.id: days for goal in self.goals if (days := chosen_days(goal))}
        """The days that a reader chose for a goal alone, by its id."""
        self.as_of = min(page.last_shown_day, date(self.year, 12, 31))
        """The day that ends the period, as on every page."""

    def outlooks(self) -> list[Outlook]:
        """Every goal's score and outlook."""
        return _outlooks(key=self._key_of_all(), _here=self)

    def other_windows(self, of_devices: bool) -> pd.DataFrame:
        """Each goal's verdict under other scoring windows, or, of multi-device goals, device windows."""
        key = cache_key(self._key_of_all(), of_devices)
        return _other_windows(key=key, _of_devices=of_devices, _here=self)

    def baseline(self, shown: Outlook) -> tuple[Baseline | None, Proposal]:
        """The baseline of the chosen days, and the days to propose: before the goal's year."""
        before = min(date(shown.goal.year - 1, 12, 31), shown.score.as_of)
        return _baseline_and_proposal(
            key=cache_key(self.key, shown.goal, shown.base, before),
            _goal=shown.goal,
            _base=shown.base,
            _before=before,
            _here=self,
        )

    def tested(self, shown: Outlook) -> Backtest:
        """The share of the method's ranges that held on a goal's history; raises TooShort."""
        return _tested(key=cache_key(self.key, shown.goal, shown.score.as_of), _shown=shown)

    def accounted(self, goal: goals.Goal) -> list[Projected]:
        """The projections of a goal whose day has come, beside what came; none under a filter."""
        if self.page.filters != goal.filters:
            return []
        every = _accounted(key=cache_key(self.key, self.goals), _here=self)
        return [each for each in every if each.goal_id == goal.id and each.due <= self.as_of]

    def _key_of_all(self) -> str:
        """The key of what is computed of every goal under the page's choices."""
        return cache_key(self.key, self.goals, self.page.filters, self.as_of, self.bases())

    def bases(self) -> tuple[Period | Frozen | None, ...]:
        """The choice of each goal: its own days, or else the page's; None without a choice."""
        return tuple(self.own_days.get(goal.id, self.base) for goal in self.goals)

    def _chosen_base(self) -> Period | Frozen | None:
        before = self.year - 1
        periods = {f"Q{n} {before}": Period(*_quarter(before, n)) for n in (1, 2, 3, 4)}
        by_label = {frozen_label(each): each for each in self.frozen if each.withdrawal is None}
        usual, quarters = [str(before)], list(periods)
        if any(self.figures.team_baseline(goal) for goal in self.goals):
            usual = [TEAMS, *usual]
            periods[str(before)] = Period(date(before, 1, 1), date(before, 12, 31))
        options = [*usual, *quarters, OWN_DAYS, *by_label]
        notify_bad_values("baseline", options)
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            chosen = st.selectbox(
                "Baseline",
                options,
                key="baseline",
                width=330,
                help="What goals are compared with: a period, or a frozen baseline. A frozen baseline "
                "holds for goals of its measure and segment; others have the team's, or the year before.",
                **BOUND,
            )
            if chosen == OWN_DAYS:
                return Period(*self._own_days(baseline_period(self.goals[0], None)))
        if chosen in by_label:
            return by_label[chosen]
        return periods.get(chosen)

    def _own_days(self, usual: Period) -> tuple[date, date]:
        first, last = usual.bounds
        low, high = min(first, self.page.first_day), max(last, self.page.today)
        begin = _day("From", first, low, high, "baseline_from")
        end = _day("To", last, low, high, "baseline_to")
        if end < begin:
            st.caption("The baseline ended before it began: its two days were exchanged.")
            return end, begin
        return begin, end


def _day(label: str, usual: date, low: date, high: date, key: str) -> date:
    """A day that a reader chose; the usual where the field is cleared."""
    picked = st.date_input(
        label, usual, low, high, key=key, format="YYYY-MM-DD", width=150, **BOUND
    )
    return picked if isinstance(picked, date) else usual


@st.cache_resource(max_entries=64, show_spinner="Looking ahead …")
def _outlooks(key: str, _here: GoalsPage) -> list[Outlook]:
    """The outlook of each goal; shared by all readers, so nobody may change it in place."""
    figures, filters, as_of = _here.figures, _here.page.filters, _here.as_of
    return [
        outlook.outlook(figures, goals.score(figures, goal, filters, as_of, base))
        for goal, base in zip(_here.goals, _here.bases(), strict=True)
    ]


@st.cache_data(max_entries=64, show_spinner=False)
def _other_windows(key: str, _of_devices: bool, _here: GoalsPage) -> pd.DataFrame:
    variants = by_device_window if _of_devices else by_scoring_window
    filters, as_of = _here.page.filters, _here.as_of
    rows = []
    for goal, base in zip(_here.goals, _here.bases(), strict=True):
        scored = goals.scores(_here.figures, variants(goal), filters, as_of, base)
        names = [words.window_of(score.goal, _of_devices) for score in scored]
        if scored:
            verdicts = dict(zip(names, map(words.verdict, scored), strict=True))
            rows.append({"Goal": goal.title, **verdicts})
    return pd.DataFrame(rows)


@st.cache_data(max_entries=128, show_spinner=False)
def _baseline_and_proposal(
    key: str, _goal: goals.Goal, _base: Period, _before: date, _here: GoalsPage
) -> tuple[Baseline | None, Proposal]:
    days = _here.figures.scored_days(_goal)
    known = _calendar(_here.page)
    pooled = _here.figures.over(_goal, _base) if _goal.kpi.measure.pooled_in else None
    return baseline(days, _base, known, pooled), proposal(days, _before, known)


@st.cache_data(max_entries=128, show_spinner=False)
def _tested(key: str, _shown: Outlook) -> Backtest:
    return outlook.tested(_shown)


def _calendar(page: Page) -> Calendar:
    return calendar(page.source.warehouse.volumes, page.source.markers)


def days_key(goal: goals.Goal) -> str:
    """The key in the URL of the days that are the baseline of a goal alone."""
    return f"base_{goal.id}"


def choose_days(goal: goals.Goal, days: Period | None) -> None:
    """Put the days of a goal's own baseline into the URL; None removes them."""
    if days is None:
        st.query_params.pop(days_key(goal), None)
    else:
        st.query_params[days_key(goal)] = "_".join(day.isoformat() for day in days.bounds)


def chosen_days(goal: goals.Goal) -> Period | None:
    """The days in the URL for a goal alone; None without them. A bad value is dropped with a notice."""
    given = st.query_params.get(days_key(goal))
    if given is None:
        return None
    try:
        first, last = (date.fromisoformat(day) for day in given.split("_"))
        if first <= last:
            return Period(first, last)
    except ValueError:
        pass
    choose_days(goal, None)
    notify_ignored(given, "isn't two days such as 2015-03-01_2015-06-30")
    return None


def forget_baseline() -> None:
    """Remove the page's choice of baseline, so that the team's default holds."""
    st.session_state.pop("baseline", None)
    st.query_params.pop("baseline", None)


def frozen_label(frozen_baseline: Frozen) -> str:
    """The name of a frozen baseline in the choice and in the URL; its id makes it unique."""
    value = words.value_of(frozen_baseline, frozen_baseline.baseline)
    days = days_text(frozen_baseline.first_day, frozen_baseline.last_day)
    return f"frozen {value}, {days} ({frozen_baseline.baseline_id})"


def _chosen_year(every: Sequence[goals.Goal], today: date) -> int:
    """The year whose goals are shown; a choice where the file holds several."""
    years = sorted({goal.year for goal in every}, reverse=True)
    if len(years) == 1:
        return years[0]
    usual = next((year for year in years if year <= today.year), years[-1])
    notify_bad_values("year", [str(year) for year in years])
    names = [str(year) for year in years]
    chosen = st.segmented_control(
        "Goals of", names, default=str(usual), key="year", required=True, **BOUND
    )
    return int(chosen or usual)


def _quarter(year: int, number: int) -> tuple[date, date]:
    last = {1: (3, 31), 2: (6, 30), 3: (9, 30), 4: (12, 31)}[number]
    return date(year, 3 * number - 2, 1), date(year, *last)


@st.cache_resource(max_entries=8, show_spinner="Comparing projections with what came …")
def _accounted(key: str, _here: GoalsPage) -> list[Projected]:
    """The projections whose day has come; shared by all readers."""
    stored: list[Projected] = []
    with suppress(Refused):  # a database of before has no such table, which the next summary says
        stored = projected.stored(_here.page.source.settings)
    rows = projected.accounted(_here.figures, _here.goals, stored)
    return [each for each in rows if each.actual is not None]
