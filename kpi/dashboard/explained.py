"""The reasons for what a measure lacks on a page: nothing to show, or gaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from kpi.dashboard.page import Page
from kpi.dashboard.reasons import POINTS, gaps_sentence, why_nothing
from kpi.meaning.measures import Measure
from kpi.numbers.answers import Answer
from kpi.text import days_text

MOST = 0.5
"""Points are weeks where a smaller part of the days has a value to show, and four weeks likewise."""

WIDER = {
    "A point is a week": {"weekly": True},
    "A point is four weeks, shown on their last Sunday": {"monthly": True},
}
"""The points that have more days, and the options that ask for them."""

POOL_BY_WEEK = "Choose a point per week to pool more attempts."


def explained(
    page: Page,
    measure: Measure,
    answer: Answer,
    narrowed: Callable[[pd.DataFrame], pd.DataFrame],
    audiences: Sequence[str | None] = (None,),
) -> tuple[str | None, str | None]:
    """The reason why a measure has nothing to show in the period, and the sentence on its gaps; or None.

    ``narrowed`` picks the rows of a table that the page shows, of some audiences.
    """
    rows = everything = narrowed(page.shown(answer))
    if rows.empty or rows[measure.column].isna().any():
        everything = narrowed(page.shown(page.every_cell(answer)))
    whys = (page.why_unknown(measure, answer, audience) for audience in audiences)
    unknown = next(filter(None, whys), None)
    question = answer.question
    point = POINTS[question.options.point_days]
    nothing = why_nothing(
        measure,
        rows,
        everything,
        question.filters.empty,
        page.min_users,
        days_text(page.first_day, page.today),
        unknown,
        point if page.has_days else POINTS[1],
    )
    if nothing:
        return nothing, None
    gaps = gaps_sentence(measure, rows, everything, page.min_users, point, unknown)
    return None, _with_hint(gaps, answer)


def widened(
    page: Page,
    answer: Answer,
    column: str,
    narrowed: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table,
) -> tuple[Answer, str | None]:
    """The answer by week, or by four, with a sentence on it, where most points have no value to show.

    The first of days, weeks and four weeks that shows most of its points; of none, what shows the largest
    part. Only of attempts. ``narrowed`` picks the rows of a table that are drawn.
    """

    def share(answer: Answer) -> float:
        """The share of the points that have a value; 0 without points."""
        points = narrowed(page.shown(answer))[column].notna()
        return float(points.mean()) if len(points) else 0.0

    if not answer.question.kind.of_attempts or not page.has_days:
        return answer, None
    widest, words, shown = answer, None, share(answer)
    for point, options in WIDER.items():
        if shown >= MOST:
            break
        wider = page.source.answer(answer.question.with_options(**options))
        if share(wider) > shown:
            widest, words, shown = wider, f"{point}: {_why_wider(page, widest)}", share(wider)
    return widest, words


def _why_wider(page: Page, answer: Answer) -> str:
    """The reason why a point has more days than those of an answer."""
    most = POINTS[answer.question.options.point_days].most
    if page.min_users <= 1:
        return f"{most} nothing matches."
    return f"{most} fewer than {page.min_users} people or attempts match, and those are hidden."


def _with_hint(words: str | None, answer: Answer) -> str | None:
    """The sentence on gaps, and the way to see more where days of few attempts are hidden."""
    question = answer.question
    daily = (
        question.kind.of_attempts and question.kind.exported and question.options.point_days == 1
    )
    return f"{words} {POOL_BY_WEEK}" if words and daily and "idden" in words else words
