"""The reasons for what a measure lacks on a page: nothing to show, or gaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from kpi.dashboard.page import Page
from kpi.dashboard.reasons import gaps_sentence, why_nothing
from kpi.meaning.measures import Measure
from kpi.numbers.answers import Answer
from kpi.text import days_text

MOST = 0.5
"""Points are weeks where a smaller part of the days has a value to show."""

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
    weekly = question.options.weekly
    nothing = why_nothing(
        measure,
        rows,
        everything,
        question.filters.empty,
        page.min_users,
        days_text(page.first_day, page.today),
        unknown,
        weekly and page.has_days,
    )
    if nothing:
        return _with_hint(nothing, answer), None
    gaps = gaps_sentence(measure, rows, everything, page.min_users, weekly, unknown)
    return None, _with_hint(gaps, answer)


def widened(page: Page, answer: Answer, column: str) -> tuple[Answer, str | None]:
    """The answer by week, with a sentence on it, where most days of few attempts have no value to show."""
    rows = page.shown(answer)[column]
    by_day = answer.question.kind.of_attempts and not page.chosen.weekly
    if not by_day or rows.empty or rows.notna().mean() >= MOST:
        return answer, None
    weeks = page.source.answer(answer.question.with_options(weekly=True))
    if not page.shown(weeks)[column].notna().mean() > rows.notna().mean():  # or there is no week
        return answer, None
    if page.min_users <= 1:
        return weeks, "A point is a week, since nothing matches on most days."
    return weeks, (
        f"A point is a week: on most days fewer than {page.min_users} people or attempts match, and "
        "those are hidden."
    )


def _with_hint(words: str | None, answer: Answer) -> str | None:
    """The sentence, and the way to see more where days of few attempts are hidden."""
    question = answer.question
    daily = question.kind.of_attempts and question.kind.exported and not question.options.weekly
    return f"{words} {POOL_BY_WEEK}" if words and daily and "idden" in words else words
