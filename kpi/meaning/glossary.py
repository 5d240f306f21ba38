"""The glossary: every word of the dashboards in a sentence or two, by subject.

The Data page draws it, and docs/glossary.md is written from it (tests/test_docs.py).
"""

from __future__ import annotations

from kpi.meaning.definitions import ATTEMPT_WINDOW, MONTH, WEEK, WINDOWS
from kpi.meaning.measures import CENSORED_WORDS

BY_PLATFORM = (
    "In this store a device is a user's OS and browser (KPI_DEVICE_BY=platform): two phones of the same "
    "kind count as a single device, and a change of the system counts as a second device."
)

Terms = dict[str, str]

USERS: Terms = {
    "UTC day": "From midnight, included, to the next midnight, not included.",
    "Active user": (
        "A user with at least one event of any type on the day. Events with a blank user id count for nobody."
    ),
    "Active device": "A device with at least one event of any type on the day.",
    "Window": (
        f"The days that a value looks back on, the day itself included: {WEEK} days for a mean, {MONTH} days "
        "for monthly users."
    ),
    "Multi-device user": (
        "A user who is active on a device that day, and was active on two different devices within the "
        f"{ATTEMPT_WINDOW} days that end with it. Windows of {', '.join(map(str, WINDOWS[:-1]))} and "
        f"{WINDOWS[-1]} days can be chosen."
    ),
    "Single-device user": (
        "A user who is active on the day and not multi-device on it. On a day the two kinds add up to all "
        "users; within a month a user can be both."
    ),
    "Audience": "The users that a number counts: all, multi-device or single-device users.",
    "Device coverage": (
        "The share of a day's users with a known device. Where it is under 50%, single- and multi-device "
        "numbers are absent on every day whose window includes that day."
    ),
}
CONNECTIONS: Terms = {
    "Sequence": "All events with the same sequence id, from the first request for a page on.",
    "Connection attempt": (
        "A sequence of the sync service. Its device is ready to sync once its keys are fetched and, where a "
        "device is registered, that has happened too. Of repeated events the first counts."
    ),
    "New account": (
        "An attempt that created an account, or has an event of a new user. An attempt abandoned before that "
        "counts as existing."
    ),
    "Completion": (
        f"The share of the attempts begun on a day whose device ever became ready to sync. {CENSORED_WORDS}"
    ),
}
SEGMENTS: Terms = {
    "Tag": (
        "A property of events by which readers filter and break down, such as the browser. A blank tag is "
        "named (none); the rarest values of a tag are counted together as (other)."
    ),
    "Segment": (
        "The users or attempts of the same kind (new or existing) with the same browser, version, operating "
        "system and service."
    ),
    "Segment set": (
        "All segments of a user on a day or within a window. Users are counted by segment set, which gives "
        "exact counts under any filter without storing who they are."
    ),
    "Filter": (
        "A choice of tag values, and so of segments. A user matches on a day if a single event of that day "
        "has all chosen tags. So filters overlap, and their counts don't add up: a user of Windows and "
        "Android counts under both."
    ),
    "Breakdown": "A table or chart with a row or line for every value of a tag.",
    "Group": (
        "On the page What moved, everybody who used exactly the same values of a tag, such as Android and "
        "Windows 7: within 28 days, or on the day. Groups don't overlap, so they add up to all."
    ),
    "Behaviour and mix": (
        "The two parts of a ratio's change in a group: the change of its own ratio, at its mean share of the "
        "people; and the change of its share, by how far its ratio is from that of all."
    ),
}
ABSENT: Terms = {
    "Absent": (
        "Not known; a gap in a chart and – in a table, never 0. A value over a window is absent unless every "
        "day of the window is loaded and complete."
    ),
    "Small cell": (
        "A count of fewer people than the minimum (10 unless an operator changed it). It is hidden, with all "
        "numbers that would reveal it. 0 is shown."
    ),
}
DATA: Terms = {
    "Load": "An event file that was read into the store, with its rows, rejected rows and time.",
    "Rejected row": "A row of a file that failed a check. It is left out, and counted by reason.",
    "Loaded day": (
        "A day with at least 5% of the events that its nearest days usually have (an operator can change the "
        "percentage)."
    ),
    "Complete day": (
        "A loaded day whose events were loaded at least an hour after its end. Other days enter no export, "
        "mean or goal unless asked for."
    ),
    "Doubtful row": (
        "A row of a day with too few events to be a loaded day, for example because a clock was wrong. It "
        "counts once the rest of its day is loaded."
    ),
    "Unusual day": (
        "A day with many more or fewer events of a type than the same weekday in the 8 weeks before."
    ),
    "Marker": "A release, incident or holiday on a day, shown as ▼ on charts, with who added it.",
    "Expired": (
        "Deleted at the end of the retention period. Only raw events expire; summaries never do. Days whose "
        "events have expired are frozen: they accept no late rows."
    ),
}
QUESTIONS: Terms = {
    "Measure": "A number with a definition, a unit and a good direction, such as the engagement ratio.",
    "Table": "Numbers in rows and columns, as a page shows them and `export` prints them.",
    "Page": "A part of the dashboards with an address of its own, such as Engagement or Goals.",
    "Question": "A table with the filters, period, breakdown and options under which it is read.",
    "Answer": "The rows of a question's table, with the SQL that read them and their publication.",
    "Publication": (
        "All tables as a run of `summarise` left them, under a number. Readers see a publication or the "
        "next, never a mixture."
    ),
    "Definitions version": (
        "The name of the definitions behind a publication, such as 2016.2. It is in every export and frozen "
        "baseline."
    ),
}
GOALS: Terms = {
    "Goal": "A measure with the target that it should reach in a year.",
    "Baseline": "The value of a measure in an earlier period, to which a goal adds its points.",
    "Frozen baseline": (
        "A stored baseline with its date, reason and definitions version. Later data don't change it. "
        "The newest is the default of its goals until somebody withdraws it."
    ),
}
GLOSSARY: dict[str, Terms] = {
    "Users and devices": USERS,
    "Connections": CONNECTIONS,
    "Tags and filters": SEGMENTS,
    "Absent and hidden numbers": ABSENT,
    "Loading and days": DATA,
    "Questions and publications": QUESTIONS,
    "Goals": GOALS,
}
"""Terms by subject."""


def as_markdown() -> str:
    """The text of docs/glossary.md."""
    parts = [
        "# Glossary\n\nEvery word has this meaning on all pages, in exports and in the code.\n"
    ]
    for subject, terms in GLOSSARY.items():
        rows = "".join(f"| {term} | {meaning} |\n" for term, meaning in terms.items())
        parts.append(f"## {subject}\n\n| word | meaning |\n|---|---|\n{rows}")
    return "\n".join(parts)
