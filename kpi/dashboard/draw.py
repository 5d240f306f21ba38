"""The parts that pages draw of answers: headings, cards, charts, choices and the tables behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from kpi.dashboard import navigation, parts
from kpi.dashboard.drawing import drawn, picture, put
from kpi.dashboard.explained import explained
from kpi.dashboard.page import Page
from kpi.dashboard.words import plain
from kpi.meaning.filters import Filters
from kpi.meaning.measures import Measure, within
from kpi.numbers.answers import Answer

if TYPE_CHECKING:
    import altair as alt

VIEWS = ("ranked", "small multiples", "lines")
"""The ways to draw a breakdown."""

ALL_HIDDEN = "Every line is hidden. Press a name under Hide to show its line again."

Later = Callable[[], Answer]
"""A function that asks for an answer, called once a reader opens it."""


def heading(page: Page, title: str, definition: str, detail: str = "") -> None:
    """A heading with its definition as tooltip, and the way to the page with more detail."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.header(title, help=definition, width="content")
        navigation.draw_detail_link(detail, page.links)


def chart(
    page: Page,
    draw: Callable[..., alt.LayerChart],
    measure: Measure,
    answer: Answer,
    heading: str = "",
    days: Answer | None = None,
    smooth: pd.DataFrame | None = None,
    note: str | None = None,
    hide: str = "",
    lines: Mapping[str, str] = MappingProxyType({}),
    **options: Any,
) -> None:
    """A measure's chart over the period, or the sentence on why there is none.

    ``draw`` is a function of `kpi.charts`; ``heading`` is above the chart in a picture. ``smooth`` rows are
    drawn in place of the answer's, and ``days`` thin behind them; ``note`` is a sentence below. A reader
    hides any of the ``lines`` that have values below the chart; the choice is ``hide`` in the URL.
    """
    page.remember(measure)
    if days is not None:
        options["days"] = page.shown(days)
    rows = page.shown(answer) if smooth is None else smooth
    audiences = options.get("audiences") or (options.get("audience"),)
    with_values = _with_values(rows, measure, audiences)
    nothing, gaps = explained(
        page, measure, answer, lambda table: _of_audiences(table, with_values), audiences
    )
    place = st.container()
    options["incomplete"] = page.unfinished(days or answer)
    shown = drawn(draw, rows, **options)
    offered = {key: line for key, line in lines.items() if key in shown.series}
    if len(offered) > 1 and not nothing and (hidden := choose_hidden(page, offered, hide)):
        shown = drawn(draw, rows, hidden=hidden, **options)
    if nothing or not shown.has_values:
        place.info(page.reason(nothing) if nothing else ALL_HIDDEN, icon=":material/info:")
        parts.draw_note(None)
        return
    with place:
        put(shown, page, heading or measure.title)
    first, last = page.period.bounds
    marked = (
        "▼ marks releases, incidents and holidays (▽ those of the compared days); they are listed under "
        "Markers, at the end of the page."
        if any(first <= marker.day <= last for marker in options.get("markers", ()))
        else None
    )
    notes = [note, gaps, page.once(marked), page.once(page.not_applied(measure))]
    of_devices = set(audiences) & {"multi_device", "single_device"}
    if (of_devices or measure.metric == "multi-device") and not page.why_unknown(
        measure, answer, "multi_device"
    ):
        notes.append(page.once(page.coverage()))
    parts.draw_note(" ".join(filter(None, notes)))


def choose(
    page: Page,
    label: str,
    options: Sequence[str],
    key: str,
    help: str | None = None,
    default: str | None = None,
    of_data: bool = False,
) -> str:
    """A choice on how a page shows its measure; in the URL unless it is the default.

    The default is the first option unless given; few options are side by side, many in a list.
    Options ``of_data`` are in a list too, since options side by side are shown as Markdown.
    """
    usual = default or options[0]
    page.address.restore_choice(key, options, usual)
    if of_data or len(options) > parts.MOST_SEGMENTS:
        place = list(options).index(usual)
        chosen = st.selectbox(label, options, place, key=key, help=help, width=260)
    else:
        chosen = st.segmented_control(
            label, options, default=usual, key=key, required=True, help=help, wrap=True
        )
    page.address.note(key, chosen or usual, usual)
    return chosen or usual


def choose_hidden(page: Page, lines: Mapping[str, str], key: str) -> list[str]:
    """The keys of the lines that a reader hides, of ``lines`` with a name each; in the URL."""
    page.address.restore_choices(key, list(lines))
    if key in st.session_state:  # lines of data come and go with the filters
        st.session_state[key] = [line for line in st.session_state[key] if line in lines]
    hidden = st.pills(
        "Hide",
        list(lines),
        selection_mode="multi",
        format_func=lambda line: plain(lines[line]),
        key=key,
        wrap=True,
        help="Press the name of a line to hide it, and again to show it.",
    )
    page.address.note(key, hidden, [])
    return hidden


@contextmanager
def choices() -> Iterator[None]:
    """Choices side by side, as far as the width allows."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        yield


def choose_dimension(page: Page, dimensions: Sequence[str], key: str, default: str) -> str:
    """The tag that a measure is broken down by."""
    named = {parts.dimension(tag): tag for tag in dimensions}
    return named[choose(page, "By", list(named), key, default=parts.dimension(default))]


def choose_view(page: Page, key: str = "view") -> str:
    """The choice of how a breakdown is drawn."""
    return choose(page, "View", VIEWS, key)


def offers_breakdown(page: Page, key: str = "by") -> bool:
    """True where this store may be broken down by tags; otherwise a sentence is shown."""
    if page.source.settings.breakdowns:
        return True
    page.address.refuse(key, "is a breakdown, which is closed here")
    page.address.note(key, "", "")
    st.info(
        "Breakdowns are closed in this store, because they could reveal small groups. "
        "Filter by a single value in the sidebar instead.",
        icon=":material/info:",
    )
    return False


def device_identity(page: Page) -> None:
    """A note on the identity of devices, where it isn't the device id."""
    parts.draw_note(page.source.device_note)


def not_applied(page: Page, what: str, why: str = "carry no tags") -> None:
    """A note that filters don't apply to some figures, when a reader has set any; ``what`` is a plural."""
    words = f"{what} {why}: the filters are not applied to them."
    parts.draw_note(None if page.filters.empty else words)


def attempt_filters_not_applied(page: Page, measure: Measure) -> None:
    """A note that filters of connections don't apply to a measure of users, when a reader has set any."""
    parts.draw_note(page.once(page.not_applied(measure)))


def overlap(by: str) -> None:
    """A note that segments of users overlap, wherever they are side by side."""
    st.caption(
        f"A user active under two values of {parts.dimension(by).lower()} counts under both: "
        "these numbers overlap and don’t add up to all users."
    )


def tables(page: Page, answers: Iterable[Answer | Later], key: str, title: str = "") -> None:
    """Behind charts: their tables, each to download, a picture of the charts, and the SQL.

    An answer that no chart needs may be a function, which is called once a reader opens the tables. Answers
    to the same question are a single table.
    """

    def behind() -> Iterator[parts.Behind]:
        every = (given() if callable(given) else given for given in answers)
        for answer in {answer.question: answer for answer in every}.values():
            name, rows = answer.question.table, page.shown(answer)
            readable = partial(page.readable, answer)
            yield parts.Behind(name, rows, page.file_name(answer), answer, readable)

    parts.draw_tables(behind, True, key, picture(page, page.filters, title))


def listings(page: Page, frames: Mapping[str, pd.DataFrame], key: str, title: str = "Data") -> None:
    """Behind a part of the Data page: its lists, each to download under its name, and its charts' picture."""

    def behind() -> Iterator[parts.Behind]:
        for name, frame in frames.items():
            rows = within(frame, page.period)
            yield parts.Behind(name, rows, page.listing_name(name, frame))

    parts.draw_tables(behind, False, key, picture(page, Filters(), title))


def _with_values(
    rows: pd.DataFrame, measure: Measure, audiences: Sequence[str | None]
) -> Sequence[str | None]:
    """The audiences that have a line; all of them where none has."""
    if "audience" not in rows or None in audiences:
        return audiences
    known = set(rows.loc[rows[measure.column].notna(), "audience"])
    return [audience for audience in audiences if audience in known] or audiences


def _of_audiences(rows: pd.DataFrame, audiences: Sequence[str | None]) -> pd.DataFrame:
    """The rows of the audiences that a chart draws."""
    if "audience" not in rows or None in audiences:
        return rows
    return rows[rows["audience"].isin(audiences)].reset_index(drop=True)
