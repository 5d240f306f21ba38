"""The tags ranked by how unusual their change is: planted causes are named, and chance isn't."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import oracle
import pandas as pd
import pytest
from conftest import LONG, Store, built_once
from demo_store import build
from test_moved import filled, known  # noqa: F401

from benchmarks.causes import Demo, outcomes
from kpi.meaning.filters import BREAKDOWNS, Filters, Period
from kpi.meaning.question import Options, Question
from kpi.numbers.moved import Groups
from kpi.numbers.moved_tags import TOO_FEW, TOO_LATE, most_unusual

WEEKS, APART = 70, 13 * 7
PEOPLE = {("Windows 7",): 900, ("Android",): 300, ("Android", "Windows 7"): 200, ("Linux",): 150}
RATE = {("Windows 7",): 0.5, ("Android",): 0.4, ("Android", "Windows 7"): 0.8, ("Linux",): 0.6}


def simulated(seed: int = 0, **changed: tuple[float, float]) -> Groups:
    """Weekly counts of four groups; the last 4 weeks of those with a value have other people and rates."""
    rng = np.random.default_rng(seed)
    counts = {
        name: np.zeros((WEEKS, len(PEOPLE))) for name in ("users", "amount", "amount_squared")
    }
    for place, (values, number) in enumerate(PEOPLE.items()):
        for week in range(WEEKS):
            more, often = next(
                (changed[v] for v in values if v in changed and week >= WEEKS - 4), (1.0, 1.0)
            )
            people = rng.poisson(number * more)
            days = rng.binomial(7, np.clip(rng.beta(2, 2, people) * 2 * RATE[values] * often, 0, 1))
            for name, count in (
                ("users", people), ("amount", days.sum()), ("amount_squared", (days**2).sum())
            ):  # fmt: skip
                counts[name][week, place] = 7 * count
    ends = pd.date_range("2015-01-04", periods=WEEKS, freq="7D").to_numpy()
    return Groups(ends, tuple(PEOPLE), {**counts, "active_users": counts["users"]})


def question(measure: str = "engagement-ratio") -> Question:
    """A question about a change, with periods of 28 days."""
    return Question("moved", by="os", options=Options(measure=measure))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("measure", ("engagement-ratio", "mau"))
def test_what_changes_by_itself_is_named(seed: int, measure: str) -> None:
    """People of a value who come less often, or are twice as many, are named; without a cause nobody is."""
    for value in ("Android", "Linux"):
        change = (1.0, 0.5) if measure == "engagement-ratio" else (2.0, 1.0)
        name, times, why = most_unusual(
            simulated(seed, **{value: change}), question(measure), APART
        )
        assert (name, why) == (value, "") and times is not None and times > 1
    _, times, _ = most_unusual(simulated(seed), question(measure), APART)
    assert times is not None and times < 1


def test_what_all_do_alike_is_unusual_of_nobody() -> None:
    """Where everybody comes less often by the same part, no group is unusual, however much that is."""
    everybody = {value: (1.0, 0.6) for value in ("Windows 7", "Android", "Linux")}
    _, times, _ = most_unusual(simulated(**everybody), question(), APART)
    assert times is not None and times < 1


def test_a_change_as_large_as_those_of_the_past_is_usual() -> None:
    """A group whose share swings every few weeks is as usual the next time."""
    groups = simulated(1, Linux=(2.5, 1.0))
    users, amount, squares = (groups.counts[n] for n in ("users", "amount", "amount_squared"))
    for start in range(4, WEEKS - 8, 16):
        for counts in (users, amount, squares):
            counts[start : start + 4, 3] = counts[WEEKS - 4 :, 3]
    _, times, _ = most_unusual(groups, question("mau"), APART)
    assert times is not None and times < 1


def test_unknown_where_the_past_is_short_or_people_are_few() -> None:
    """Without enough pairs of periods in the past, or enough people, it says so and names nobody."""
    groups = simulated()
    late = replace(
        groups, days=groups.days[40:], counts={n: c[40:] for n, c in groups.counts.items()}
    )
    assert most_unusual(late, question(), APART)[2].startswith("the history is too short")
    few = replace(groups, counts={n: c / 1000 for n, c in groups.counts.items()})
    assert most_unusual(few, question(), APART)[2].startswith("too few people")
    assert most_unusual(groups, question(), 80 * 7)[2].startswith("the data begins too late")


def test_without_groups_or_weeks_it_says_so() -> None:
    """Where nobody matches, where all groups are small, or where no week is whole, nobody is named."""
    groups = simulated()
    for values in ((), ((),)):
        none = {name: count[:, : len(values)] for name, count in groups.counts.items()}
        few = replace(groups, values=values, counts=none)
        assert most_unusual(few, question(), APART) == (None, None, TOO_FEW)
    no_week = replace(
        groups, values=(), days=groups.days[:0], counts={n: c[:0, :0] for n, c in none.items()}
    )
    assert most_unusual(no_week, question(), APART) == (None, None, TOO_LATE)
    two = replace(groups, days=groups.days[:2], counts={n: c[:2] for n, c in groups.counts.items()})
    assert most_unusual(two, question(), APART) == (None, None, TOO_LATE)


def test_a_week_that_isn_t_whole_is_left_out() -> None:
    """Weeks without a row are holes in the past; pairs over them aren't compared."""
    groups = simulated(2, Linux=(1.0, 0.3))
    there = np.ones(WEEKS, dtype=bool)
    there[20:22] = False
    holes = replace(
        groups, days=groups.days[there], counts={n: c[there] for n, c in groups.counts.items()}
    )
    name, times, _ = most_unusual(holes, question(), APART)
    assert name == "Linux" and times is not None and times > 1


def test_every_tag_is_ranked_or_says_why_not(filled: Store) -> None:  # noqa: F811
    """The table has each tag once; what is unknown has its reason."""
    with filled.opened() as warehouse:
        ends = (known().days[50], known().days[66])
        first, last = (date.fromisoformat(oracle.day_name(end)) for end in ends)
        options = Options(days=7)
        table = warehouse.ask(
            Question("moved-tags", period=Period(first, last), options=options, shown_from=0)
        ).table
    assert sorted(table["tag"]) == sorted(BREAKDOWNS)
    unknown = table["times_usual"].isna()
    assert ((table["why"] != "") == unknown).all()


@pytest.mark.parametrize("measure", ("mau", "dau"))
def test_a_filter_that_nobody_matches(filled: Store, measure: str) -> None:  # noqa: F811
    """Of nobody no group is named, and each tag says why."""
    ends = (known().days[50], known().days[66])
    period = Period(*(date.fromisoformat(oracle.day_name(end)) for end in ends))
    nobody, options = Filters(os=("an unknown system",)), Options(days=7, measure=measure)
    with filled.opened() as warehouse:
        table = warehouse.ask(Question("moved-tags", nobody, period, options=options)).table
    assert sorted(table["tag"]) == sorted(BREAKDOWNS)
    assert table["group"].isna().all() and table["times_usual"].isna().all()
    assert (table["why"] == TOO_FEW).all()


LARGE = ("demo", "--users", "10000")


@pytest.mark.long
def test_planted_causes(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Of 100 causes planted in the demo 95 are named first; of 100 pairs without, 5 at most name any group.

    A mix shift, a rate change or both, in a value of one of five tags, that changes the ratio by a point.
    """
    assert LONG
    home: Path = built_once(tmp_path_factory, "ten-thousand", partial(build, command=LARGE))
    count, misses = outcomes(Demo(home), 100, 100, seed=6)
    right = sum(number for (_, outcome), number in count.items() if outcome == "right")
    assert right >= 95, misses
    assert count["null", "wrong"] <= 5, misses
