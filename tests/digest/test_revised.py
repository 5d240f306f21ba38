"""What changed in history, in a digest."""

from __future__ import annotations

from conftest import Store, environment
from event_files import write
from logs import D, at, event, heartbeat, user

from kpi.digest.revised import revised
from kpi.meaning.kpis import KPIS
from kpi.settings import Settings


def test_late_events_are_named_with_days_size_and_load(make_store) -> None:
    """A digest names the days, the size and the load of what changed since the digest before.

    Nothing has changed since the newest publication, and without a digest before nothing is known.
    """
    store: Store = make_store()
    rows = heartbeat(D[0], 30)
    rows += [event(at(day), uid=user(n)) for day in D[:30] for n in range(20)]
    late = [event(at(D[29]), uid=user(f"late{n}")) for n in range(15)]
    for name, events in (("base.csv", rows), ("late.csv", late)):
        store.load(write(store.files / name, events))
        store.summarise()
    with environment(**{k: v for k, v in store.settings().items() if v is not None}):
        settings = Settings.read()
    dau = [KPIS["dau"]]
    (line,) = revised(settings, 1, dau)
    assert line.startswith("Daily active users: 1 day from ") or line.startswith(
        "Daily users: 1 day from "
    )
    assert line.endswith(", by up to +15. Reason: load of late.csv.")
    assert revised(settings, 2, dau) == []
    assert revised(settings, None, dau) == []
    assert revised(settings, 99, dau) == []
