"""The words of pages about goals, which a reader can repeat: no more digits than the figures carry."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from kpi.goals.backtest import Backtest, PastProjection
from kpi.goals.baseline import Baseline
from kpi.goals.drift import Drift
from kpi.goals.file import COMPARED, DEVICE_WINDOW, Goal
from kpi.goals.frozen import Frozen
from kpi.goals.outlook import Needed, Outlook
from kpi.goals.projected import Projected
from kpi.goals.scoring import MET, NO_DATA, NOT_MET, TOO_CLOSE, Score
from kpi.meaning.definitions import WEEK
from kpi.meaning.filters import Period
from kpi.meaning.kpis import KPIS
from kpi.text import (
    ABSENT,
    Unit,
    day_text,
    days_text,
    plural,
    quantity,
    sentence,
    shortened,
    written,
)

ASSUMPTION = (
    "It assumes that weeks to come change as past ones did, by the drift and the swings of this store's "
    "own history. It knows of no release, campaign or decision that lies ahead, and says nothing about "
    "causes."
)
NO_SEASON = "No yearly seasonality known: that needs two years of history."
SEASON = "The yearly pattern of the past is in it."

LONGEST = 160
"""Characters of a reason in a sentence; the list of frozen baselines has it whole."""

# Where so many tries were made, and fewer or more held, the ranges are called too narrow or wide.
ENOUGH_TRIES, TOO_FEW, TOO_MANY = 20, 0.65, 0.95

SHORT_TITLES = {"Median time to connect": "Connecting", "Engagement ratio": "Engagement"}
RULES = {
    "baseline_plus": "baseline + {threshold}",
    "comparator_plus": "{comparator} + {threshold}",
    "floor": "at least {threshold}",
    "ceiling": "under {threshold}",
}


def scale_unit(goal: Goal) -> Unit:
    """The unit of a goal's scale: points, where it is a lead."""
    return "points" if goal.comparator else goal.unit


def scale_title(goal: Goal) -> str:
    """The name of a goal's scale."""
    if goal.comparator:
        return f"Lead over {COMPARED[goal.comparator]}"
    return goal.kpi.title


def amount(value: float, unit: Unit) -> str:
    """A difference without its sign: of percentages in points, never in percent."""
    return written(abs(value), "points" if unit == "percent" else unit)


def signed(value: float, unit: Unit) -> str:
    """A difference with its sign."""
    return f"{'−' if value < 0 else '+'}{amount(value, unit)}"


def rule(goal: Goal) -> str:
    """The rule of a goal, such as 'baseline + 5 points'."""
    relative = goal.kind.endswith("_plus")
    threshold = (
        amount(goal.threshold, goal.unit) if relative else written(goal.threshold, goal.unit)
    )
    threshold = re.sub(r"\.0+(?=\D)", "", threshold)
    words = RULES[goal.kind]
    if relative and goal.threshold < 0:
        words = words.replace("+", "−")
    return words.format(threshold=threshold, comparator=COMPARED.get(goal.comparator or "", ""))


def short_title(goal: Goal) -> str:
    """A goal in a few words, such as 'Engagement: baseline + 5 points', which a phone shows whole."""
    title = goal.kpi.title
    for whole, short in SHORT_TITLES.items():
        title = title.replace(whole, short)
    return f"{title}: {rule(goal)}"


ICONS = {
    MET: ":material/check_circle:",
    NOT_MET: ":material/cancel:",
    TOO_CLOSE: ":material/balance:",
    NO_DATA: ":material/help:",
}
"""The icon of each verdict, which is never shown by colour alone."""


def summary(scored: Sequence[Score]) -> str:
    """The count of each verdict, such as '3 of 7 goals met, 2 too close to call'."""
    counts = {
        status: sum(score.status == status for score in scored)
        for status in (MET, TOO_CLOSE, NO_DATA)
    }
    many = f"{counts.pop(MET)} of {quantity(len(scored), 'goal')} met"
    named = {NO_DATA: "without data"}
    more = (f"{count} {named.get(status, status)}" for status, count in counts.items() if count)
    return ", ".join([many, *more])


def verdict_sentence(score: Score) -> str:
    """A verdict with the distance from the target and its doubt, such as 'met: 2.1 points above 20.0%'."""
    if score.gap is None or score.target is None or score.status == NO_DATA:
        return f"{NO_DATA}: {score.reason or 'no value'}"
    goal = score.goal
    beyond = (score.gap >= 0) != goal.lower
    size = amount(score.gap, goal.unit)
    side = "above" if beyond else "below"
    target = f"the goal of {written(score.target, goal.unit)}"
    if not any(digit in "123456789" for digit in size):
        return f"{score.status}: at {target}"
    doubt = ""
    if score.status == TOO_CLOSE:
        doubt = f", {score.reason}" if score.low is None else f" ({doubt_text(score)})"
    return f"{score.status}: {size} {side} {target}{doubt}"


def doubt_text(score: Score) -> str:
    """The 95% interval of a gap in words, such as '95% sure: −0.2 to +0.7 points'."""
    if score.low is None or score.high is None:
        return ""
    unit = score.goal.unit
    return (
        f"95% sure: {signed(score.low, unit).removesuffix(' points')} to {signed(score.high, unit)}"
    )


def distance(score: Score) -> str:
    """The distance of a goal from its target and its doubt, in a sentence."""
    goal = score.goal
    if score.status == NO_DATA or score.actual is None or score.target is None:
        return sentence(score.reason or "no value")
    now, target = written(score.actual, goal.unit), written(score.target, goal.unit)
    if score.compared is not None:
        target = (
            f"{target} ({COMPARED[goal.comparator or '']} {written(score.compared, 'percent')} "
            f"{signed(goal.threshold, 'percent')})"
        )
    gap = score.gap or 0.0
    away = amount(gap, goal.unit)
    sides = ("under", "over") if goal.lower else ("above", "short of")
    side = sides[0] if gap >= 0 else sides[1]
    doubt = f" ({doubt_text(score)})" if score.low is not None else ""
    return f"{now} now, {away} {side} the target of {target}{doubt}."


def basis(score: Score) -> str:
    """The days and people or attempts that a score rests on, in a sentence; '' where there is no value."""
    if score.actual is None:
        return ""
    window = score.goal.window_days
    days = f"{score.days} of {quantity(window, 'day')}"
    return f"{days}, {score.goal.kpi.measure.n_counted(score.n)}."


def basis_of(goal: Goal) -> str:
    """The way a value is made of days, such as 'the mean' or 'the median of all attempts'."""
    if not goal.kpi.measure.pooled_in:
        return "the mean"
    return f"the {'median' if goal.kpi.timed else 'share'} of all attempts"


def baseline_sentence(outlook: Outlook) -> str:
    """The baseline a row shows, and where it is from."""
    if outlook.baseline is None:
        return f"No baseline: {outlook.hidden or f'no value in {period_text(outlook.base)}'}."
    if outlook.frozen is not None:
        return frozen_sentence(outlook.frozen)
    value = written(outlook.baseline, scale_unit(outlook.goal))
    return f"Baseline {value}, {period_text(outlook.base)}."


def frozen_sentence(frozen: Frozen) -> str:
    """A frozen baseline by its value and days, who froze it, when and why."""
    return (
        f"Baseline {value_of(frozen, frozen.baseline)} of {period_text(frozen.period)}, frozen by "
        f"{frozen.frozen_by} on {day_text(frozen.frozen_at.date())}: “{shortened(frozen.reason, LONGEST)}”."
    )


def target_base(score: Score) -> str:
    """The frozen baseline that a score's target rests on, in a sentence; '' where it rests on none."""
    if score.goal.kind != "baseline_plus" or not isinstance(score.base, Frozen):
        return ""
    return frozen_sentence(score.base)


def period_text(period: Period) -> str:
    """A period as '2015', 'Q4 2015' or its days."""
    first, last = period.bounds
    if first.year == last.year:
        edges = (first.month, first.day, last.month, last.day)
        if edges == (1, 1, 12, 31):
            return str(first.year)
        quarters = {(1, 1, 3, 31): 1, (4, 1, 6, 30): 2, (7, 1, 9, 30): 3, (10, 1, 12, 31): 4}
        if edges in quarters:
            return f"Q{quarters[edges]} {first.year}"
    return days_text(first, last)


def chance_text(chance: float) -> str:
    """A chance without false precision: to the nearest 5 of 100, and never 0 or 100."""
    if chance < 0.05:
        return "under 5%"
    if chance > 0.95:
        return "over 95%"
    return f"about {5 * round(chance * 20)}%"


def range_text(low: float | None, high: float | None, unit: Unit) -> str:
    """A range, such as '39.4 to 42.3%'."""
    return f"{written(low, unit)} to {written(high, unit)}"


def ending(outlook: Outlook) -> str:
    """Where a goal may end, or why nothing is said of it."""
    if outlook.days_left == 0 and outlook.now is not None:
        return "The year is over: this is how it ended."
    if outlook.projection is None:
        return sentence(outlook.why_none or "no projection")
    low, high = outlook.projection.range_at_end()
    unit = scale_unit(outlook.goal)
    lead = " ahead" if outlook.goal.comparator else ""
    return f"{range_text(low, high, unit)}{lead}, in 80 of 100 cases"


def pace(outlook: Outlook, need: Needed) -> str:
    """The change per week that a target needs."""
    if need.per_week is None:
        return "The year is over."
    unit = "points" if outlook.goal.unit == "percent" else outlook.goal.unit
    if need.met_now:
        spare = amount(need.move, outlook.goal.unit)
        return f"None: today's figure meets it, with {spare} to spare."
    sign = "−" if need.per_week < 0 else "+"
    per_week = _fine(abs(need.per_week), unit)
    weeks = quantity(outlook.whole_weeks_left, "week")
    return f"{sign}{per_week} a week, for {weeks} from {day_text(outlook.score.as_of)}."


def precedent(outlook: Outlook, need: Needed) -> str:
    """The share of past stretches that moved as far as a target needs, and the move of a year before."""
    weeks = quantity(outlook.whole_weeks_left, "week")
    if not need.stretches:
        return f"The history has no two scored stretches {weeks} apart to compare with."
    move = signed(need.move, outlook.goal.unit)
    many = _of(need.moved, need.stretches)
    if need.met_now:
        sentence = (
            f"It would be lost by a move of {move}. {many} past stretches of {weeks} went that far."
        )
    else:
        sentence = f"{many} past stretches of {weeks} moved by {move} or further."
    if need.year_before is not None:
        sentence += (
            f" Over the same weeks a year before: {signed(need.year_before, outlook.goal.unit)}."
        )
    return sentence


def tested_sentence(test: Backtest) -> str:
    """The share of the method's ranges that held, in a sentence."""
    sentence = (
        f"Tested on this history: {test.held} of {quantity(test.tries, 'range')} for {test.weeks_ahead} "
        f"{plural(test.weeks_ahead, 'week')} ahead held ({test.share:.0%}; they promise 80%)."
    )
    if test.weeks_ahead < test.wanted:
        sentence += f" It is too short to try {test.wanted} weeks."
    if test.tries >= ENOUGH_TRIES and test.share < TOO_FEW:
        sentence += " Take the range and the chance above as too sure of themselves."
    if test.tries >= ENOUGH_TRIES and test.share > TOO_MANY:
        sentence += " Take the range above as wider than need be."
    return sentence


def past_sentence(past: PastProjection, unit: Unit) -> str:
    """A past projection beside the value that came, in a sentence."""
    came = f"{written(past.came, unit)} came, {'in' if past.held else 'outside'} the range"
    return (
        f"From the weeks to {day_text(past.made)}: {range_text(past.low, past.high, unit)} by "
        f"{day_text(past.due)}; {came}."
    )


def account_sentence(made: Projected, as_of: date, unit: Unit) -> str:
    """A published projection beside what came, such as '9 weeks ago: 39.0% to 42.7%; it came to 40.8%'."""
    assert made.actual is not None
    ago = quantity(round((as_of - made.as_of).days / WEEK), "week")
    due = "" if made.due == as_of else f" for {day_text(made.due)}"
    missed = "" if made.held else ", outside the range"
    came = written(made.actual, unit)
    return f"{ago} ago{due}: {range_text(made.low, made.high, unit)}; it came to {came}{missed}."


def shares_sentence(shares: Mapping[int, tuple[int, int]]) -> str:
    """By horizon, how many published ranges held, in a sentence."""
    parts = [
        f"{held} of {known} for {quantity(weeks, 'week') if weeks else '31 December'}"
        for weeks, (held, known) in shares.items()
    ]
    return f"Of the ranges that were published, these held (they promise 80%): {', '.join(parts)}."


def band_sentences(baseline: Baseline, unit: Unit) -> list[str]:
    """A baseline's bands, in sentences."""
    if baseline.low_80 is None or baseline.high_80 is None:
        return ["No band: that needs two whole weeks."]
    mean = []
    if baseline.mean_low is not None:
        between = _and(baseline.mean_low, baseline.mean_high, unit)
        mean = [f"The value itself lies between {between} (95 of 100)."]
    return [
        f"80 of 100 days lie between {_and(baseline.low_80, baseline.high_80, unit)} if nothing changes;",
        f"95 of 100 between {_and(baseline.low_95, baseline.high_95, unit)}.",
        *mean,
    ]


def _and(low: float | None, high: float | None, unit: Unit) -> str:
    """Two ends, as they follow 'between'."""
    return f"{written(low, unit)} and {written(high, unit)}"


def _fine(value: float, unit: Unit) -> str:
    """A small amount with two digits that count."""
    digits = 2 if value >= 0.095 else 3
    return f"{value:.{digits}f} {'s' if unit == 'seconds' else 'points'}"


def _of(part: int, whole: int) -> str:
    return f"{'None' if part == 0 else part} of the {whole}"


def verdict(score: Score) -> str:
    """A verdict with its gap, such as 'not met, −1.2 points'."""
    if score.gap is None:
        return NO_DATA
    return f"{score.status}, {signed(score.gap, score.goal.unit)}"


def window_of(goal: Goal, of_devices: bool) -> str:
    """A goal's window, of devices or of days scored."""
    days = goal.device_window if of_devices else goal.window_days
    return quantity(days, "day")


def measure_of(frozen: Frozen) -> str:
    """The measure of a frozen baseline."""
    kpi = KPIS.get(frozen.measure)
    title = kpi.title if kpi else frozen.measure
    window = frozen.device_window
    return title if window == DEVICE_WINDOW else f"{title}, two devices in {window} days"


def value_of(frozen: Frozen, value: float | None) -> str:
    """A value in a frozen baseline's unit."""
    return written(value, _unit_of(frozen))


def band_of(frozen: Frozen) -> str:
    """A frozen baseline's band, or nothing where it has none."""
    if frozen.low_80 is None or frozen.high_80 is None:
        return ABSENT
    return range_text(frozen.low_80, frozen.high_80, _unit_of(frozen))


def drift_of(drift: Drift) -> str:
    """The distance of today's value from the frozen value."""
    if drift.drift is None:
        return ABSENT
    unit = _unit_of(drift.frozen)
    size = signed(drift.drift, unit)
    return size if any(digit in "123456789" for digit in size) else "none"


def status_of(drift: Drift) -> str:
    """The use of a frozen baseline."""
    if drift.frozen.withdrawal is not None:
        return "withdrawn"
    return "the team's default" if drift.default_of else "not used"


def withdrawal_of(frozen: Frozen) -> str:
    """The person who withdrew a baseline, when and why; nothing where nobody did."""
    return ABSENT if frozen.withdrawal is None else str(frozen.withdrawal)


def _unit_of(frozen: Frozen) -> Unit:
    kpi = KPIS.get(frozen.measure)
    return kpi.unit if kpi else "percent"
