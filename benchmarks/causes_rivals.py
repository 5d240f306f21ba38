"""`benchmarks/causes_rivals.py FOLDER [TAG…]`: icanexplain and wise-pizza on the cases of benchmarks.causes.

Needs `pip install icanexplain wise-pizza` in an environment of its own. A case is right where the group named
first has the planted value. icanexplain explains by a tag that somebody chose: here the group with the
largest part under any of the five. Neither says when nothing is unusual: wise-pizza names nobody where it
reports no segment.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import icanexplain
import pandas as pd
from wise_pizza.explain import explain_changes_in_average

TAGS = sys.argv[2:] or ["browser", "version", "os", "service", "users"]


def by_icanexplain(case: pd.DataFrame) -> str | None:
    """The group of any tag with the largest inner effect and mix together."""
    best: tuple[float, str | None] = (0.0, None)
    for tag in TAGS:
        rows = case.groupby(["period", tag], as_index=False)[["people", "active"]].sum()
        rows["ratio"] = (rows["active"] / rows["people"]).fillna(0.0)
        explainer = icanexplain.MeanExplainer(
            fact="ratio", period="period", group=tag, count="people"
        )
        parts = explainer(rows[["period", tag, "people", "ratio"]])
        parts = parts if isinstance(parts, pd.DataFrame) else parts.execute()
        parts = parts.reset_index()
        effects = parts[[name for name in ("inner", "mix") if name in parts]].fillna(0).sum(axis=1)
        for name, effect in zip(parts[tag], effects, strict=True):
            best = max(best, (abs(float(effect)), f"{tag}={name}"), key=lambda each: each[0])
    return best[1]


def by_wise_pizza(case: pd.DataFrame) -> str | None:
    """The segment of one tag with the largest impact."""
    before, after = (
        case[case["period"] == period].drop(columns="period").reset_index(drop=True)
        for period in (0, 1)
    )
    explained: Any = explain_changes_in_average(
        before,
        after,
        dims=TAGS,
        total_name="active",
        size_name="people",
        max_segments=3,
        max_depth=1,
        how="totals",
    )
    segments = sorted(explained.segments, key=lambda each: -abs(float(each["impact"])))
    named = [
        f"{tag}={segment['segment'][tag]}"
        for segment in segments
        for tag in TAGS
        if tag in segment["segment"]
    ]
    return named[0] if named else None


def right(named: str | None, wanted: list[str]) -> bool:
    """True where a group has a value that is right."""
    if named is None:
        return False
    tag, _, values = named.partition("=")
    return any(f"{tag}={value}" in wanted for value in values.split(" + "))


def main() -> None:
    """Print the outcomes of both."""
    for name, rival in (("icanexplain", by_icanexplain), ("wise-pizza", by_wise_pizza)):
        count: Counter[str] = Counter()
        began = time.process_time()
        for file in sorted(Path(sys.argv[1]).glob("*.csv")):
            wanted = file.open().readline().removeprefix("# ").strip().split(";")
            named = rival(pd.read_csv(file, comment="#", keep_default_na=False))
            if file.name.startswith("null"):
                count["null: named" if named else "null: none"] += 1
            else:
                count[
                    "right" if right(named, wanted) else "none" if named is None else "wrong"
                ] += 1
        cases = sum(count.values())
        milliseconds = 1000 * (time.process_time() - began) / max(cases, 1)
        print(f"{name}: {dict(count)}, {milliseconds:,.0f} ms CPU a case", flush=True)


if __name__ == "__main__":
    main()
