"""Simulated daily and monthly users of Firefox itself, for comparison with accounts."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kpi.demo.timeline import HOME, MOBILE, WORK, Timeline

WARM_UP_DAYS = 60


class Product(NamedTuple):
    """A product's figures at the start of 2015, and their change in a year."""

    name: str
    daily_users: float
    yearly_growth: float
    engagement_ratio: float
    yearly_gain: float
    at_work: float


# Only the sizes are plausible; nothing of this was ever published.
PRODUCTS = (
    Product("desktop", 112e6, -0.025, 0.411, 0.002, 0.26),
    Product("android", 11.5e6, 0.16, 0.342, 0.009, 0.0),
    Product("ios", 0.9e6, 0.45, 0.296, 0.014, 0.0),
)


def write_firefox(path: Path, timeline: Timeline, seed: int) -> None:
    """Write day,product,dau,mau for each day of the period, with a month's users >= a day's.

    A month's users follow from the daily figures of the 28 days that end with the day, so the
    days before the period are simulated too. Firefox for iOS has rows from its launch on.
    """
    longer = Timeline(timeline.first - timedelta(days=WARM_UP_DAYS), timeline.last)
    rows = []
    for place, product in enumerate(PRODUCTS):
        launch = timeline.ios_launch_day + WARM_UP_DAYS if product.name == "ios" else -1000
        dau, mau = _users(product, longer, launch, np.random.default_rng([seed, 70, place]))
        for number in range(max(WARM_UP_DAYS, launch), longer.days):
            rows.append((longer.day(number), place, product.name, dau[number], mau[number]))
    rows.sort()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("day", "product", "dau", "mau"))
        writer.writerows((day, name, dau, mau) for day, _, name, dau, mau in rows)


def _users(
    product: Product, timeline: Timeline, launch: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Daily and monthly users on each day of a timeline that starts before the period."""
    numbers = np.arange(timeline.days)
    years = timeline.years(numbers)
    # An outage of the accounts' servers leaves Firefox itself alone.
    rhythm = timeline.rhythm / timeline.service_level
    other = MOBILE if product.name in ("android", "ios") else HOME
    usual = product.at_work * rhythm[WORK] + (1 - product.at_work) * rhythm[other]
    noise = np.convolve(rng.normal(0, 0.006, timeline.days + 6), np.ones(7) / 7**0.5, "valid")
    age = numbers - launch
    adoption = np.where(age >= 0, 1 - np.exp(-(age + 4) / 40), 0.0)
    level = product.daily_users * (1 + product.yearly_growth) ** years
    dau = (level * usual * adoption * (1 + noise)).astype(np.int64)

    window = np.clip(age + 1, 1, 28)
    totals = np.concatenate([[0], np.cumsum(dau)])
    mean = (totals[1:] - totals[np.maximum(numbers - 27, 0)]) / window
    drift = np.cumsum(rng.normal(0, 0.0008, timeline.days))
    ratio = product.engagement_ratio + product.yearly_gain * years
    ratio = ratio * (1 + 0.005 * np.sin(2 * np.pi * years) - (drift - drift.mean()))
    # In its first weeks a product has fewer days of use behind it, by fewer different people.
    ratio = ratio ** (np.log(window) / np.log(28))
    return dau, np.maximum((mean / ratio).astype(np.int64), dau)
