"""Firefox's own engagement ratio, from the figures given to `load-firefox`."""

from __future__ import annotations

import pandas as pd

from kpi.meaning.definitions import WEEK
from kpi.meaning.question import Question
from kpi.meaning.tables import PRODUCTS
from kpi.numbers import weeks
from kpi.numbers.cells import percent
from kpi.numbers.days import dates, stamp
from kpi.numbers.published import Published


def firefox(warehouse: Published, question: Question) -> pd.DataFrame:
    """Firefox's own engagement ratio, by product, from the figures given to `load-firefox`.

    One row per day and product: day, product, dau, dau_7day_mean, mau (users), engagement_ratio
    (percent). A day that wasn't given, between a product's first and last, is a row of absent values.
    """
    given = warehouse.frame("firefox")
    parts = []
    for product in PRODUCTS:
        rows = given[given["product"] == product]
        if rows.empty:
            continue
        days = dates(rows["day"])
        part = rows[["dau", "mau"]].astype("Int64").set_index(pd.DatetimeIndex(days, name="day"))
        part = part.reindex(pd.date_range(days.min(), days.max(), name="day", unit="s"))
        part["dau_7day_mean"] = part["dau"].astype("Float64").rolling(WEEK, WEEK).sum() / WEEK
        part["product"] = product
        parts.append(part.reset_index())
    columns = ["day", "product", "dau", "dau_7day_mean", "mau", "engagement_ratio"]
    if not parts:
        return pd.DataFrame({name: [] for name in columns})
    # Stable, so that the products of a day stay in the order of `PRODUCTS`.
    frame = pd.concat(parts).sort_values("day", kind="stable", ignore_index=True)
    frame["dau_7day_mean"] = frame["dau_7day_mean"].astype("Float64")
    frame["engagement_ratio"] = percent(frame["dau_7day_mean"], frame["mau"])
    if question.options.weekly:
        frame = weeks.on_sundays(frame.assign(dau=frame["dau_7day_mean"]))
    first, last = question.period.bounds
    inside = (frame["day"] >= pd.Timestamp(first)) & (frame["day"] <= stamp(last))
    return frame.loc[inside, columns].reset_index(drop=True)
