"""Numbers, days and units as text, the same everywhere."""

from __future__ import annotations

import math
from datetime import date
from numbers import Real
from typing import Any, Literal

Unit = Literal[
    "percent", "points", "users", "seconds", "attempts", "day", "text", "share", "number"
]


PRODUCT = "Firefox Accounts KPIs"

ABSENT = "–"
"""The text for an absent value; a gap is never a zero."""


MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def written(value: float | None, unit: Unit) -> str:
    """A number in its unit: one decimal for percents, three digits for seconds, whole people."""
    if value is None or _is_absent(value):
        return ABSENT
    if unit == "percent":
        return f"{value:.1f}%"
    if unit == "share":
        return f"{100 * value:.1f}%"
    if unit == "number":
        return f"{value:,.1f}".replace("-", "−")
    if unit == "points":
        return f"{value:.1f} points".replace("-", "−")
    if unit == "seconds":
        digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
        return f"{value:,.{digits}f} s"
    return f"{value:,.0f}"


def _is_absent(value: Any) -> bool:
    """True for NaN, and for pandas' own absent value."""
    if type(value) is float:  # as nearly all are: the general way takes ten times as long
        return math.isnan(value)
    return not isinstance(value, Real) or math.isnan(value)


def sentence(reason: str) -> str:
    """A reason as a sentence: a capital first, a full stop last."""
    return f"{reason[:1].upper()}{reason[1:].removesuffix('.')}."


def plural(count: float | None, singular: str, several: str = "") -> str:
    """The words that follow a count: 'day' after 1, 'days' after any other, or ``several``."""
    return singular if count == 1 else several or f"{singular}s"


def quantity(count: int, singular: str, several: str = "") -> str:
    """A count of things in words, such as '1 day' and '2 days'."""
    return f"{count} {plural(count, singular, several)}"


def day_text(day: date) -> str:
    """A day as '14 Jun 2016', the same in every locale."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def days_text(first: date, last: date) -> str:
    """A range of days as '1 Jan – 14 Jun 2016'; the year is written once where it is the same."""
    start = day_text(first)
    if first.year == last.year:
        start = start.removesuffix(f" {first.year}")
    return day_text(last) if first == last else f"{start} – {day_text(last)}"


def shortened(name: str, longest: int) -> str:
    """The name, shortened in the middle, so that names that begin alike differ."""
    if len(name) <= longest:
        return name
    end = (longest - 1) // 2
    return f"{name[: longest - 1 - end]}…{name[-end:]}"
