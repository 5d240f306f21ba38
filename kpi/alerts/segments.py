"""The segments that alerts are about, by name: their filters now, or why an alert watches nobody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kpi.alerts.file import Alert
from kpi.errors import Refused
from kpi.goals import segment_of
from kpi.meaning.filters import Filters
from kpi.numbers.segments import Segments, fitted


def of_segments(
    alerts: Iterable[Alert], segments: Segments, known: dict[str, list[str]]
) -> tuple[list[Alert], list[str]]:
    """The alerts that watch somebody, with their segments' filters; and a sentence on each fault.

    ``known`` are the values that the data has, by tag.
    """
    watched, faults = [], []
    for alert in alerts:
        try:
            filters, fault = _filters(alert, segments, known)
            watched.append(replace(alert, subject=replace(alert.subject, filters=filters)))
        except Refused as refusal:
            fault = f"{refusal}; it watches nobody until that is mended"
        if fault:
            faults.append(f"the alert {alert.id}: {fault}")
    return watched, faults


def _filters(
    alert: Alert, segments: Segments, known: dict[str, list[str]]
) -> tuple[Filters, str | None]:
    """The filters of an alert, and a sentence on values that the data lacks; Refused where nobody is left."""
    if alert.segment is None:
        filters = alert.subject.filters
        unknown = None if filters.empty else filters.unknown_values(known)
        return filters, unknown
    segment = segments.by_name(alert.segment)
    filters, lost = fitted(segment, known)
    kpi, lacking = alert.subject.kpi, filters.of_attempts_only
    if lacking and not kpi.table.of_attempts:
        raise Refused(
            f"{kpi.title} has no {lacking[0]}, by which the segment {segment.name!r} is narrowed"
        )
    if alert.goal and segment_of(alert.goal, filters) is None:
        raise Refused(f"the segment {segment.name!r} leaves out everything that the goal is about")
    return filters, lost
