"""The people behind monthly users: who came and went, who came back, and how often they come."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import streamlit as st

from kpi import charts
from kpi.dashboard import draw
from kpi.dashboard.drawing import drawn, put
from kpi.dashboard.moved.flows import draw_flows
from kpi.dashboard.page import Page
from kpi.meaning.definitions import MONTH, RETURN_REACH, WEEK
from kpi.meaning.filters import Period
from kpi.numbers.answers import Answer
from kpi.numbers.growth import ARRIVING, LEAVING
from kpi.text import day_text, written

RETENTION = "Of a day's users, the share who were active again on any of days 21 to 27 after it."
WAITING = timedelta(days=RETURN_REACH)
UNKNOWN = (
    "No day of this period has a share that may be shown: it is known once days 21 to 27 after the day are "
    "complete, and hidden for privacy where few people match."
)


def draw_people(page: Page) -> None:
    """Flows of monthly users over the period with their quick ratio, week-4 retention, and a usual week."""
    first = max(page.period.first or page.first_day, page.first_day + timedelta(days=2 * MONTH))
    if first <= page.last_shown_day:
        draw_flows(page, first - timedelta(days=1), page.last_shown_day)
        ratio = quick_ratio(page, first)
        if ratio is not None:
            st.caption(
                f"**Quick ratio** {ratio:.2f}: those who came, over those who went. At 1 as many come as go."
            )
    _draw_retention(page)


def quick_ratio(page: Page, first: date) -> float | None:
    """Those who came over those who went, from a day to the end of the period; None where not known."""
    period = Period(first, page.last_shown_day)
    table = page.ask("growth", period=period, weekly=False, total=True).table
    if table.empty or table[[*ARRIVING, *LEAVING]].isna().any(axis=None):
        return None
    came, went = (int(table[flows].to_numpy().sum()) for flows in (ARRIVING, LEAVING))
    return came / went if went else None


def retention_sentence(name: str, rows: pd.DataFrame) -> str | None:
    """The share of users of all shown days together who came back, such as 'all users 61.2%'; or None."""
    known = rows.dropna(subset=["users", "returned_week_4"])
    users = known["users"].sum()
    if not users:
        return None
    return f"{name} {written(100 * known['returned_week_4'].sum() / users, 'percent')}"


def week_sentence(rows: pd.DataFrame) -> str | None:
    """The people of the newest week that may be shown, with the mean of their active days; or None."""
    known = rows.dropna(subset=["week_people", "people_7day_mean"])
    if known.empty or not known["week_people"].iloc[-1]:
        return None
    row = known.iloc[-1]
    days = WEEK * row["people_7day_mean"] / row["week_people"]
    people = written(row["week_people"], "users")
    week = f"In the week to {day_text(row['day'].date())}"
    return f"{week} {people} people were active, on {days:.1f} days each."


def _draw_retention(page: Page) -> None:
    draw.heading(page, "Back in week 4", RETENTION)
    everyone = page.ask("retention")
    newcomers = _of_new_accounts(page, everyone)
    rows = page.shown(everyone)
    picture = drawn(charts.retention, rows, None if newcomers is None else page.shown(newcomers))
    if picture.has_values:
        put(picture, page, "Back in week 4")
    else:
        st.info(UNKNOWN, icon=":material/info:")
    parts = [
        retention_sentence(name, page.shown(_by_day(page, answer)))
        for name, answer in (("all users", everyone), ("new accounts", newcomers))
        if answer is not None
    ]
    shares = ", ".join(filter(None, parts))
    sentences = [
        f"All days together: {shares}." if shares else None,
        "Days are known 27 days later." if page.last_shown_day > page.today - WAITING else None,
        week_sentence(page.shown(page.ask("same-people"))),
    ]
    st.caption(" ".join(filter(None, sentences)))
    draw.tables(page, [everyone], key="retention_table")


def _by_day(page: Page, answer: Answer) -> Answer:
    return page.source.answer(answer.question.with_options(weekly=False))


def _of_new_accounts(page: Page, everyone: Answer) -> Answer | None:
    """The same answer for new accounts; None where the reader's filter says which accounts."""
    filters = everyone.question.filters
    if filters.users is not None:
        return None
    return page.source.answer(replace(everyone.question, filters=replace(filters, users="new")))
