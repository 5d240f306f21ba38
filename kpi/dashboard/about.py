"""What the Data page tells of the data: freshness, loads, volumes, retention and definitions."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from kpi import charts
from kpi.dashboard import draw
from kpi.dashboard.drawing import drawn, put
from kpi.dashboard.page import Page
from kpi.dashboard.words import plain
from kpi.meaning.definitions import ATTEMPT_WINDOW, MONTH, PLATFORM, WEEK, WINDOWS
from kpi.meaning.measures import ABSENT, CENSORED_WORDS, MEASURES, day_text, within, written
from kpi.numbers import loads, trust
from kpi.summary import anomalies

WHOLE = "all types together"
BY_PLATFORM = (
    "In this store a device is a user's OS and browser (KPI_DEVICE_BY=platform): two phones of one kind "
    "are one device, and a changed system looks like two."
)
MORE_DEFINITIONS = {
    "UTC day": "From midnight, included, to the next midnight, not included.",
    "Active user, active device": (
        "One with at least one event of any type on the day. A blank id is nobody."
    ),
    "Multi-device user": (
        f"Active on a device that day, and on two different ones within the last {ATTEMPT_WINDOW} "
        f"days. The windows of {', '.join(map(str, WINDOWS[:-1]))} and {WINDOWS[-1]} days are "
        "counted too."
    ),
    "Single-device user": (
        "Active on the day and not multi-device on it. On a day the two add up to all; in a month "
        "one user can be in both."
    ),
    "Filters": (
        "A user is in a segment on a day if any one event of that day carries all chosen tags. So "
        "segments overlap, and their counts don't add up: a user of Windows and Android counts "
        "under both."
    ),
    "Connection attempt": (
        "One sequence of events of the sync service. It is ready once its keys were fetched and, "
        "where a device record was made, that was too. First occurrences count."
    ),
    "New account": (
        "The attempt created an account, or is flagged as of a new user. One given up before that "
        "counts as existing."
    ),
    "Completion": CENSORED_WORDS,
    "Windows": (
        f"A mean of {WEEK} days and a count of {MONTH} days stand only when each of these days was "
        "loaded and is complete. A day is loaded when it has at least 5% of the events that its nearest "
        "days usually have. It is complete once it was loaded after its end and an hour has passed."
    ),
    "Device coverage": (
        "The share of a day's users with a device. Where it is under 50% on a day, single- and "
        "multi-device numbers are absent, never 0, on every day whose window holds it."
    ),
    "Hidden": (
        "Counts of fewer people than the minimum are hidden, with all that is computed from them "
        "and all that would tell them. 0 is shown."
    ),
    "(none) and (other)": (
        "(none) is a blank tag. (other) holds the rarest values of a tag beyond the most frequent."
    ),
}


def draw_freshness(page: Page) -> None:
    """How new and how whole the data are, as four figures, and every warning."""
    told = page.source.publication
    whole = page.source.listing("volumes")
    whole = whole[whole["type"] == anomalies.EVERY_TYPE]
    counted = whole[(whole["loaded"] == 1) & (whole["complete"] == 1)]
    missing = len(whole) - int(whole["loaded"].sum())
    read, rejected = loads.rows(page.source.listing("loads"))
    share = written(100 * rejected / read, "percent") if read else "–"
    figures = [
        ("Newest complete day", *_day_parts(page.today, page.first_day)),
        (
            "Built",
            f"{told.built_at:%H:%M}",
            f"UTC, {day_text(told.built_at.date())}, no. {told.id}",
        ),
        ("Days that count", f"{len(counted):,}", f"of {len(whole):,}; {missing:,} not loaded"),
        ("Rows rejected", share, f"{rejected:,} of {read:,} rows read"),
    ]
    with st.container(horizontal=True, gap="small"):
        for label, value, note in figures:
            with st.container(border=True, width="stretch", height="stretch"):
                st.metric(label, value)
                st.caption(note)


def draw_trust(page: Page) -> None:
    """Whether today's numbers can be trusted, in a sentence; then everything that may matter."""
    found = trust.problems(page.source.warehouse, page.source.settings)
    answer = trust.answer(page.source.warehouse, found)
    show = st.success if answer.startswith("Yes") else st.warning
    show(f"**{plain(answer)}**")
    for problem in found:
        st.markdown(f"- {plain(problem.sentence)}")
    if page.source.device_identity == PLATFORM:
        st.caption(BY_PLATFORM)


def draw_doubtful(page: Page) -> None:
    """The rows that lie outside of the days their file is about, with file and lines."""
    doubtful = page.source.listing("doubtful")
    if doubtful.empty:
        return
    st.header(
        "Doubtful rows", help="Days with too few events beside their neighbours count for nothing."
    )
    st.caption(
        "These rows join no user's day and no window until the rest of their day is loaded. A clock that "
        "is wrong, or a file's last rows after midnight, look like this."
    )
    shown = doubtful[["day", "source", "events", "first_lines"]].copy()
    shown["day"] = pd.to_datetime(shown["day"])
    st.dataframe(
        shown,
        hide_index=True,
        placeholder=ABSENT,
        column_config={
            "day": st.column_config.DateColumn("Day (UTC)", format="D MMM YYYY"),
            "source": "File",
            "events": st.column_config.NumberColumn("Events", format="%,d"),
            "first_lines": "First lines",
        },
        alt=f"{len(shown)} files with rows of doubtful days.",
    )


def draw_volumes(page: Page) -> None:
    """Events by day and type against the recent weekday pattern, with unusual days marked."""
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
        put(chart)
    else:
        st.info("Hidden or absent: few or no events of this type.", icon=":material/info:")
    st.caption(
        "The band is what was usual for the weekday in the 8 weeks before; ▼ and ▲ in orange stray "
        f"from it. Numbers of 1 to {max(page.min_users - 1, 0)} events are hidden."
    )
    st.subheader("Unusual days by type")
    put(drawn(charts.unusual_days, shown))
    draw.listings(
        page, {"unusual-days": shown[shown["unusual"] != ""], "volumes": rows}, key="volume_table"
    )


def draw_loads(page: Page) -> None:
    """What was loaded, what was rejected and why."""
    manifest = page.source.listing("loads")
    if manifest.empty:
        st.info(
            "This publication has no list of loads yet; the next `python -m kpi summarise` adds it.",
            icon=":material/info:",
        )
        return
    reasons = loads.reasons(manifest)
    if reasons.empty:
        st.caption("No row was rejected.")
    else:
        st.dataframe(
            reasons,
            hide_index=True,
            column_config={
                "reason": "Why rows were rejected",
                "rows": st.column_config.NumberColumn("Rows", format="%,d"),
                "files": st.column_config.NumberColumn("Files", format="%,d"),
            },
            alt=f"{len(reasons)} reasons for rejected rows.",
        )
    draw.listings(page, {"loads": loads.listed(manifest), "rejects": reasons}, key="loads_table")


def draw_markers(page: Page) -> None:
    """Every marker of the charts, with its link, for those who can't point at it."""
    if not page.source.markers:
        st.markdown("None yet. To mark a day:")
    else:
        st.dataframe(
            pd.DataFrame([vars(note) for note in page.source.markers]),
            hide_index=True,
            height="auto" if len(page.source.markers) < 8 else 260,
            placeholder=ABSENT,
            column_config={
                "day": st.column_config.DateColumn("Day (UTC)", format="D MMM YYYY"),
                "label": "What",
                "kind": "Kind",
                "url": st.column_config.LinkColumn("Link"),
            },
            alt=f"{len(page.source.markers)} markers.",
        )
    # Without colours: that of a string can't be read on the dark theme.
    st.code('python -m kpi annotate 2016-03-08 "Firefox 45" --kind release --url https://…', None)


def draw_retention(page: Page) -> None:
    """How long raw events are kept, and what that means for the past."""
    kept = page.source.listing("retention")
    if kept.empty:
        st.markdown(
            f"No raw event has expired: all are kept since {day_text(page.first_day)}. "
            "Summaries are kept for good."
        )
        return
    first_kept, refilled = (_day(kept.iloc[0][name]) for name in ("first_kept", "frozen_before"))
    st.markdown(
        f"Raw events are kept from **{day_text(first_kept)}** on. Days up to "
        f"{day_text(refilled - timedelta(days=1))} are frozen: late or corrected rows for them are "
        "refused, since what they depend on is gone. Summaries are kept for good."
    )


def draw_definitions() -> None:
    """Every measure and term, in the words that tooltips use."""
    good = {"higher": "higher is better", "lower": "lower is better"}
    for measure in MEASURES.values():
        direction = f", {good[measure.better]}" if measure.better else ""
        st.markdown(
            f"**{measure.title}** ({measure.unit}{direction}). {measure.definition} "
            f"{measure.source}."
        )
    for term, words in MORE_DEFINITIONS.items():
        st.markdown(f"**{term}**. {words}")


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
