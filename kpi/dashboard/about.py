"""The parts of the Data page: freshness, loads, volumes, retention and definitions."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from kpi import charts
from kpi.alerts import history
from kpi.dashboard import draw
from kpi.dashboard.drawing import drawn, put
from kpi.dashboard.page import Page
from kpi.dashboard.words import plain
from kpi.meaning.glossary import GLOSSARY
from kpi.meaning.measures import MEASURES, within
from kpi.numbers import loads, trust
from kpi.summary import anomalies
from kpi.text import ABSENT, day_text, plural, quantity, written

WHOLE = "all types together"


def day_column(title: str) -> Any:
    """A column of days."""
    return st.column_config.DateColumn(title, format="D MMM YYYY")


DAY = day_column("Day (UTC)")


def draw_freshness(page: Page) -> None:
    """Four figures on the data: newest day, time of the publication, days that count, rejected rows."""
    publication = page.source.publication
    whole = page.source.listing("volumes")
    whole = whole[whole["type"] == anomalies.EVERY_TYPE]
    counted = whole[(whole["loaded"] == 1) & (whole["complete"] == 1)]
    missing = len(whole) - int(whole["loaded"].sum())
    read, rejected = loads.rows(page.source.listing("loads"))
    share = written(100 * rejected / read, "percent") if read else "–"
    figures = [
        ("Complete through", *_day_parts(page.today, page.first_day)),
        (
            "Built",
            f"{publication.built_at:%H:%M}",
            f"UTC, {day_text(publication.built_at.date())}; publication {publication.id}",
        ),
        ("Days that count", f"{len(counted):,}", f"of {len(whole):,}; {missing:,} not loaded"),
        ("Rows rejected", share, f"{rejected:,} of {read:,} {plural(read, 'row')} read"),
    ]
    grid = st.grid(len(figures), min_column_width=160, gap="small")
    for label, value, note in figures:
        with grid.container(border=True, height="stretch"):
            st.metric(label, value)
            st.caption(note)


def draw_trust(page: Page) -> None:
    """The answer to "Can I trust today's numbers?", then the problems behind it."""
    problems = trust.problems(page.source.warehouse, page.source.settings)
    answer = trust.answer(page.source.warehouse, problems)
    show = st.success if answer.startswith("Yes") else st.warning
    show(f"**{plain(answer)}**")
    for problem in problems:
        st.markdown(f"- {plain(problem.sentence)}")
    if page.source.device_note:
        st.caption(page.source.device_note)


def draw_doubtful(page: Page) -> None:
    """The doubtful rows, with file and lines."""
    doubtful = page.source.listing("doubtful")
    if doubtful.empty:
        return
    st.header("Doubtful rows", help="Rows of days with far fewer events than the days around them.")
    st.caption(
        "These rows count for no user and no day until the rest of their day is loaded. Usual causes are a "
        "wrong clock, or the last rows of a file after midnight."
    )
    draw_list(
        doubtful[["day", "source", "events", "first_lines"]].assign(
            day=pd.to_datetime(doubtful["day"])
        ),
        f"{quantity(len(doubtful), 'file')} with doubtful rows.",
        day=DAY,
        source="File",
        events=_count("Events"),
        first_lines="First lines",
    )


def draw_volumes(page: Page) -> None:
    """Events by day and type beside the usual volume of the weekday, with unusual days marked."""
    judged = anomalies.judged(page.source.listing("volumes"))
    judged["type"] = judged["type"].replace(anomalies.EVERY_TYPE, WHOLE)
    shown = anomalies.hidden_below(within(judged, page.period), page.min_users)
    if shown.empty:
        st.info("No complete day of this period is loaded.", icon=":material/info:")
        return
    names = _by_size(judged)
    picked = draw.choose(page, "Event type", names, key="type", of_data=True)
    rows = shown[shown["type"] == picked]
    chart = drawn(charts.volume, rows, name=picked, markers=page.source.markers)
    if chart.has_values:
        put(chart, page, f"Volume of {picked}")
    else:
        st.info(
            f"Nothing to show: this type has no events, or fewer than {page.min_users} on every day.",
            icon=":material/info:",
        )
    hidden = (
        f" Counts of 1 to {page.min_users - 1} events are hidden." if page.min_users > 1 else ""
    )
    st.caption(
        "The band is the usual volume of the weekday in the 8 weeks before. An orange ▼ or ▲ marks a day "
        f"outside of it.{hidden}"
    )
    st.subheader("Unusual days by type")
    put(drawn(charts.unusual_days, shown), page, "Unusual days by type")
    lists = {"unusual-days": shown[shown["unusual"] != ""], "volumes": rows}
    draw.listings(page, lists, key="volume_table", title="volume of events")


def draw_loads(page: Page) -> None:
    """The loads, and the reasons for rejected rows."""
    manifest = page.source.listing("loads")
    if manifest.empty:
        st.info(
            "This publication has no list of loads yet. The next run of `python -m kpi summarise` adds it.",
            icon=":material/info:",
        )
        return
    reasons = loads.reasons(manifest)
    if reasons.empty:
        st.caption("No row was rejected.")
    else:
        draw_list(
            reasons,
            f"{quantity(len(reasons), 'reason')} for rejected rows.",
            reason="Reason for rejecting rows",
            rows=_count("Rows"),
            files=_count("Files"),
        )
    draw.listings(page, {"loads": loads.listed(manifest), "rejects": reasons}, key="loads_table")


def draw_alerts(page: Page) -> None:
    """The stories of the alerts, the newest first, as the command listed them last."""
    listed = history.listed(page.source.settings)
    if listed is None:
        st.info(
            "The alerts weren't looked at yet. The next run of `python -m kpi alerts` lists them here.",
            icon=":material/info:",
        )
        return
    publication, stories = listed
    of = "" if publication == page.source.publication.id else f" of publication {publication}"
    if stories.empty:
        st.caption(f"Nothing was out of the usual on any day{of}.")
        return
    days = {name: pd.to_datetime(stories[name]) for name in ("first_day", "last_day", "ended")}
    going_on = int(stories["ended"].isna().sum())
    count = quantity(len(stories), "story", "stories")
    st.caption(f"{count}{of}; {going_on} of them {plural(going_on, 'goes', 'go')} on.")
    draw_list(
        stories.assign(**days)[
            ["name", "first_day", "last_day", "what", "size", "markers", "ended"]
        ],
        f"{count} of alerts, the newest first.",
        name="Alert",
        first_day=day_column("From"),
        last_day=day_column("To"),
        ended=day_column("Over with"),
        what="What",
        size="How large",
        markers="Markers",
    )


def draw_retention(page: Page) -> None:
    """The retention of raw events, and the days that are frozen by it."""
    expiry = page.source.listing("retention")
    if expiry.empty:
        st.markdown(
            f"No raw event has expired: the store has them from {day_text(page.first_day)} on. "
            "Summaries never expire."
        )
        return
    first_raw, refilled = (_day(expiry.iloc[0][name]) for name in ("first_kept", "frozen_before"))
    st.markdown(
        f"The store has raw events from **{day_text(first_raw)}** on; older events have expired. Days up "
        f"to {day_text(refilled - timedelta(days=1))} are frozen: late or corrected rows for them are "
        "refused, because they can't be counted again without the expired events. Summaries never expire."
    )


def draw_definitions() -> None:
    """Every measure, as tooltips define it, and the glossary."""
    st.subheader("Measures")
    for measure in MEASURES.values():
        st.markdown(
            f"**{measure.title}** ({measure.unit}, {measure.better} is better). {measure.definition} "
            f"{measure.source}."
        )
    for subject, terms in GLOSSARY.items():
        st.subheader(subject)
        for term, meaning in terms.items():
            st.markdown(f"**{term}**. {meaning}")


def draw_list(table: pd.DataFrame, alt: str, **columns: Any) -> None:
    """A table with its columns by name, in a few lines of height where it is long."""
    st.dataframe(
        table,
        hide_index=True,
        height="auto" if len(table) < 8 else 260,
        placeholder=ABSENT,
        column_config=columns,
        alt=alt,
    )


def _count(title: str) -> Any:
    """A column of whole numbers."""
    return st.column_config.NumberColumn(title, format="%,d")


def _by_size(judged: pd.DataFrame) -> list[str]:
    """The types with most events first."""
    sizes = judged.groupby("type")["events"].sum()
    return list(sizes.sort_values(ascending=False, kind="stable").index)


def _day_parts(day: date, first: date) -> tuple[str, str]:
    """A day without its year, short enough for a narrow card, and the rest."""
    text = day_text(day)
    return text.rsplit(" ", 1)[0], f"{day.year} (UTC), since {day_text(first)}"


def _day(value: Any) -> date:
    return pd.Timestamp(value).date()
