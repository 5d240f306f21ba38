"""The page on what moved: the choice of a KPI and two periods, the sentence, the steps, the tags."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kpi import charts
from kpi.dashboard import draw
from kpi.dashboard.cards import days_of, draw_headline
from kpi.dashboard.drawing import drawn, put
from kpi.dashboard.moved.flows import draw_flows
from kpi.dashboard.page import Page
from kpi.dashboard.parts import dimension
from kpi.dashboard.words import plain
from kpi.errors import Refused
from kpi.meaning.definitions import MONTH
from kpi.meaning.filters import BREAKDOWNS, Period
from kpi.meaning.measures import Measure
from kpi.meaning.question import Question
from kpi.numbers.answers import Answer
from kpi.numbers.changes import KPI_OF, Compared, change_of, likely_tags, with_names
from kpi.numbers.headline import Headline
from kpi.numbers.moved_words import sentences
from kpi.rows import each_row
from kpi.text import MONTHS, day_text, days_text, sentence

MEASURES = {
    "engagement ratio": "engagement-ratio",
    "multi-device": "multi-device-percent",
    "monthly users": "mau",
    "daily users": "dau",
}
MONTHS_OFFERED = 12
BEFORE, AFTER = "before", "after"
EXCLUSIVE = (
    "Groups are exclusive: people are in the group of all values that they used, so that the groups add up "
    "to the change. What goes along with a change wasn't always its cause."
)
PARTS = (
    "**Behaviour** is the change of a group's own value, at its mean share of people. **Mix** is the change "
    f"of its share, by how far its value is from the value of all. {EXCLUSIVE}"
)


def draw_moved(page: Page) -> None:
    """The change of a KPI between two periods of 28 days, as the cards have it, and its groups."""
    chosen = _choose(page)
    page.remember(chosen.measure)
    draw.attempt_filters_not_applied(page, chosen.measure)
    of = chosen.headline(page.values)
    places = st.grid(3, min_column_width=230, gap="medium")
    with places.cell(), st.container(border=True):
        st.caption(days_of([of]))
        draw_headline(page, chosen.subject.kpi.title, of)
    if draw.offers_breakdown(page, key="by"):
        _draw_change(page, chosen, of, places.cell(column_span=2))
    if chosen.name == "mau" and chosen.apart > 0:
        draw_flows(page, chosen.before, chosen.after)


def _draw_change(page: Page, chosen: Compared, of: Headline, place: DeltaGenerator) -> None:
    """The sentence in its place, the groups of a tag, and the five tags; or the reason why there are none."""
    try:
        tags = page.source.answer(_question(page, chosen, "moved-tags"))
        tag, answer = _choose_tag(page, chosen, tags.table)
    except Refused as refusal:
        place.info(plain(sentence(str(refusal))), icon=":material/info:")
        return
    with place:
        named, named_tags = with_names(answer.table, tag), with_names(tags.table)
        year_before = chosen.year_before(page.values, page.first_day)
        change = change_of(chosen, of, tag, named, named_tags, year_before)
        st.markdown(f"**{plain(' '.join(sentences(change)))}**")
        st.caption(PARTS if chosen.measure.unit == "percent" else EXCLUSIVE)
    _draw_groups(page, chosen, tag, named)
    _draw_tags(chosen.measure, named_tags)
    draw.tables(page, [answer, tags], key="moved_table")


def _choose(page: Page) -> Compared:
    """The KPI and the two periods that a reader chose; by default those that the cards compare."""
    name = MEASURES[draw.choose(page, "KPI", list(MEASURES), key="moved")]
    kpi = KPI_OF.get(name) or ("engagement_ratio" if _whole(page) else "same_people_ratio")
    usual = page.last_shown_day
    shift = page.chosen.comparison.days if page.chosen.comparison else MONTH
    left, right = st.columns(2, gap="medium")
    with left:
        before = _choose_day(
            page, "Before: 28 days to", BEFORE, max(usual - timedelta(days=shift), page.first_day)
        )
    with right:
        after = _choose_day(page, "After: 28 days to", AFTER, usual)
    if before > after:
        before, after = after, before
        st.caption("The later period came first: the two were exchanged.")
    return Compared(name, page.subject(kpi), before, after)


def _whole(page: Page) -> bool:
    """True where no filter of users is set."""
    return page.filters.of_users.empty


def _choose_day(page: Page, label: str, key: str, usual: date) -> date:
    """The last day of a period: any, or with a press the last of a month."""
    covered = days_text(page.first_day, page.today)
    page.address.restore_day(key, usual, page.first_day, page.today, covered)
    months = _months(page)
    picked = st.date_input(
        label,
        usual,
        page.first_day,
        page.today,
        key=key,
        format="YYYY-MM-DD",
        help="The last of 28 days, as on the cards. By default the period of the sidebar ends with it, or "
        "the days that it is compared with.",
    )
    day = picked if isinstance(picked, date) else usual
    page.address.note(key, day, usual)
    with st.container(horizontal=True, gap="xsmall"):
        for end in months:
            year = f" {end.year}" if end.month == 1 or end == months[0] else ""
            st.button(
                f"{MONTHS[end.month - 1]}{year}",
                key=f"{key}_{end}",
                type="secondary" if end == day else "tertiary",
                help=f"The 28 days to {day_text(end)}",
                on_click=partial(_set_day, key, end),
            )
    return day


def _set_day(key: str, day: date) -> None:
    st.session_state[key] = day


def _months(page: Page) -> list[date]:
    """The last days of the newest whole months of the data."""
    first = page.first_day + timedelta(days=MONTH - 1)
    ends = pd.date_range(first, page.today, freq="ME")
    return [end.date() for end in ends[-MONTHS_OFFERED:]]


def _question(page: Page, chosen: Compared, table: str, by: str | None = None) -> Question:
    period = Period(chosen.before, chosen.after)
    return page.question(table, by=by, period=period, measure=chosen.name, weekly=False)


def _choose_tag(page: Page, chosen: Compared, tags: pd.DataFrame) -> tuple[str, Answer]:
    """The tag of the groups: by default the one of the most unusual group, or the system where none is."""
    order = likely_tags(tags)
    usual = next((tag for tag in order if _can_be_split(page, chosen, tag)), order[0])
    tag = draw.choose_dimension(page, BREAKDOWNS, key="by", default=usual)
    return tag, page.source.answer(_question(page, chosen, "moved", tag))


def _can_be_split(page: Page, chosen: Compared, tag: str) -> bool:
    try:
        page.source.answer(_question(page, chosen, "moved", tag))
    except Refused:
        return False
    return True


def _draw_groups(page: Page, chosen: Compared, tag: str, table: pd.DataFrame) -> None:
    """The steps from the value before to the value after, by group."""
    title = f"By {dimension(tag).lower()}"
    draw.heading(
        page, title, "The steps from the value before to the value after, the largest first."
    )
    picture = drawn(charts.waterfall, table.iloc[:-1], table.iloc[-1], chosen.measure, *chosen.days)
    if picture.has_values:
        put(picture, page, f"{chosen.measure.title}, {chosen.days[0]} → {chosen.days[1]}")


def _draw_tags(measure: Measure, tags: pd.DataFrame) -> None:
    """The five tags, each with its most unusual value or combination."""
    st.header(
        "The five tags",
        help="Each tag by how unusual its most unusual value or combination of values is: its change beyond "
        "the change of all, compared with chance and with earlier pairs of periods as far apart.",
    )
    st.markdown("\n".join(_ranked(measure, tags)))


def _ranked(measure: Measure, tags: pd.DataFrame) -> Iterator[str]:
    """A line a tag: its most unusual value or combination, and how unusual that is."""
    for place, row in enumerate(each_row(tags), 1):
        name = dimension(row.tag)
        if pd.isna(row.times_usual):
            yield f"{place}. **{name}**: not known. {plain(sentence(row.why))}"
            continue
        total = "" if pd.isna(row.total) else f" {measure.change_text(float(row.total))}"
        verdict = "stands out" if row.times_usual >= 1 else "no more than usual"
        yield (
            f"{place}. **{name}**: {plain(f'{row.group}{total}')}, {verdict} "
            f"({row.times_usual:.1f} × the limit)"
        )
