"""Firefox's own engagement ratio, from the figures given to `load-firefox`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from kpi.meaning.question import Question
from kpi.meaning.tables import PRODUCTS
from kpi.numbers import weeks
from kpi.numbers.cells import percent
from kpi.numbers.grid import Grid, days_of
from kpi.numbers.published import Published


def firefox(warehouse: Published, question: Question) -> pd.DataFrame:
    """Firefox's own engagement ratio, by product, from the figures given to `load-firefox`.

    One row per day and product: day, product, dau, dau_7day_mean, mau (users), engagement_ratio
    (percent). A day that wasn't given, between a product's first and last, is a row of absent values.
    """
    given = warehouse.frame("firefox")
    columns = ["day", "product", "dau", "dau_7day_mean", "mau", "engagement_ratio"]
    if given.empty:
        return pd.DataFrame({name: [] for name in columns})
    days, product = days_of(given["day"]), given["product"].to_numpy()
    products = tuple(name for name in PRODUCTS if name in product)
    spans = [(days[product == name].min(), days[product == name].max()) for name in products]
    every_day = np.arange(days.min(), days.max() + 1, np.timedelta64(1, "D"))
    rows = given.assign(broken_by="")
    figures = Grid.of(rows, ["dau", "mau"], "product", products, days=every_day)
    dau, mau = figures.cells["dau"], figures.cells["mau"]
    mean = weeks.mean_of_days(dau)
    cells = {
        "dau": mean if question.options.weekly else dau,
        "dau_7day_mean": mean,
        "mau": mau,
        "engagement_ratio": percent(mean, mau),
    }
    whole = ["mau"] if question.options.weekly else ["dau", "mau"]
    frame = replace(figures, cells=cells).frame(None, "product", whole)
    first, last = question.period.bounds
    inside = (every_day >= np.datetime64(first)) & (every_day <= np.datetime64(last))
    if question.options.weekly:
        inside &= weeks.are_sundays(every_day)
    given_days = [inside & (every_day >= start) & (every_day <= end) for start, end in spans]
    return frame[np.stack(given_days, axis=1).ravel()].reset_index(drop=True)
