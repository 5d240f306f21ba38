"""Named characters: small stories, each with figures worked out by hand for one rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from logs import D, Event, at, device, event, heartbeat, user


@dataclass(frozen=True)
class Expected:
    """One cell of an export, worked out by hand."""

    metric: str
    column: str
    value: float | None
    day: str
    key: str | None = None  # audience, account or step
    filters: Mapping[str, Any] | None = None
    window: int = 5


@dataclass(frozen=True)
class Character:
    """A small story and the figures that it must give."""

    name: str
    rule: str
    events: list[Event]
    expected: list[Expected]


def _dau(value: float | None, day: str, audience: str = "all", **filters: Any) -> Expected:
    return Expected("engagement", "dau", value, day, audience, filters)


def _mau(value: float | None, day: str, audience: str = "all", **filters: Any) -> Expected:
    return Expected("engagement", "mau", value, day, audience, filters)


def _multi(value: float | None, day: str, window: int) -> Expected:
    return Expected("multi-device", "daily_multi_device_users", value, day, None, None, window)


PHONE = {
    "user_agent_browser": "Firefox",
    "user_agent_version": "41.0",
    "user_agent_os": "Android",
    "service": "sync",
}
LAPTOP = {
    "user_agent_browser": "Firefox",
    "user_agent_version": "40.0.1",
    "user_agent_os": "Windows 7",
    "service": "sync",
}


def _on(day: str, name: str | None, clock: str = "12:00", **columns: Any) -> Event:
    """One event of the story's user, on the named device."""
    columns = {**LAPTOP, **columns}
    return event(
        at(day, clock), uid=user("ann"), device_id=name and device(f"ann{name}"), **columns
    )


def _steps(day: str, clock: str, seq_id: str, *steps: tuple[str, int], **columns: Any) -> list:
    """A sequence of (type, seqTime), with timestamps that agree."""
    columns = {**LAPTOP, **columns}
    return [
        event(at(day, clock) + elapsed, kind, seq_id=seq_id, seq_time=elapsed, **columns)
        for kind, elapsed in steps
    ]


def two_devices_same_day() -> Character:
    return Character(
        "two_devices_same_day",
        "two devices on one day make a multi-device user, under every window",
        [*heartbeat(D[0], 12), _on(D[8], "phone", "01:00"), _on(D[8], "laptop", "02:00")],
        [
            _dau(1, D[8]),
            _dau(1, D[8], "multi_device"),
            _dau(0, D[8], "single_device"),
            *(_multi(1, D[8], window) for window in (3, 5, 7, 14)),
            _multi(0, D[9], 5),
        ],
    )


def second_device_four_days_later() -> Character:
    return Character(
        "second_device_four_days_later",
        "five days that end with the day itself reach four days back",
        [*heartbeat(D[0], 20), _on(D[8], "phone", "00:00"), _on(D[12], "laptop", "23:59:59.999")],
        [
            _multi(0, D[12], 3),
            *(_multi(1, D[12], window) for window in (5, 7, 14)),
            _multi(0, D[8], 14),
            _dau(1, D[12], "multi_device"),
            _dau(1, D[8], "single_device"),
        ],
    )


def second_device_five_days_later() -> Character:
    return Character(
        "second_device_five_days_later",
        "a device last seen five days before is outside the window of five",
        [*heartbeat(D[0], 20), _on(D[8], "phone", "23:59:59.999"), _on(D[13], "laptop", "00:00")],
        [
            _multi(0, D[13], 3),
            _multi(0, D[13], 5),
            _multi(1, D[13], 7),
            _multi(1, D[13], 14),
            _dau(0, D[13], "multi_device"),
            _dau(1, D[13], "single_device"),
        ],
    )


def third_device_at_every_window_edge() -> Character:
    return Character(
        "third_device_at_every_window_edge",
        "a window of N days reaches N - 1 days back and no further",
        [
            *heartbeat(D[0], 60),
            *(
                moment
                for start, gap in ((0, 2), (16, 3), (19, 6), (40, 7), (26, 13), (33, 14))
                for moment in (
                    _on(D[start], f"a{start}"),
                    _on(D[start + gap], f"a{start + gap}"),
                )
            ),
        ],
        [
            _multi(1, D[2], 3),
            _multi(0, D[19], 3),  # 16, 19
            _multi(1, D[19], 5),
            _multi(0, D[25], 5),  # 19, 25
            _multi(1, D[25], 7),
            _multi(0, D[33], 7),  # 26, 33
            _multi(1, D[33], 14),
            _multi(0, D[16], 14),  # 2, 16
        ],
    )


def same_device_again() -> Character:
    return Character(
        "same_device_again",
        "one device seen on many days is one device",
        [*heartbeat(D[0], 12), *(_on(day, "phone") for day in D[3:9])],
        [_multi(0, day, 14) for day in D[3:9]],
    )


def active_without_a_device() -> Character:
    return Character(
        "active_without_a_device",
        "a user with no active device on the day itself is not multi-device that day",
        [
            *(event(at(day), uid=user("bob"), device_id=device("bob")) for day in D[:12]),
            _on(D[4], "phone"),
            _on(D[5], "laptop"),
            _on(D[6], None),
            _on(D[7], "phone"),
        ],
        [
            _multi(1, D[5], 5),
            _multi(0, D[6], 5),
            _dau(2, D[6], "single_device"),
            _multi(1, D[7], 5),
        ],
    )


def too_few_with_a_device() -> Character:
    """On one day half of the users have a device, on the next one in three."""
    others = [
        event(at(day), uid=user(name), device_id=device(name) if day != D[20] else None)
        for day in D[:60]
        for name in ("bob", "cat")
    ]
    return Character(
        "too_few_with_a_device",
        "multi-device numbers are absent where under half of the users have a device in their window",
        [*others, *(_on(day, "a") for day in D[:60]), *(_on(day, "b") for day in D[:60])],
        [
            Expected("device-coverage", "device_coverage_percent", 100 / 3, D[20]),
            Expected("device-coverage", "users_with_device", 3, D[21]),
            _multi(1, D[19], 5),
            *(_multi(None, D[20 + later], window) for later, window in ((0, 3), (2, 3), (13, 14))),
            *(_multi(1, D[20 + window], window) for window in (3, 5, 7, 14)),
            _dau(3, D[20]),
            _dau(None, D[24], "single_device"),
            _dau(2, D[25], "single_device"),
            _mau(3, D[27]),
            _mau(None, D[51], "multi_device"),
            _mau(1, D[52], "multi_device"),
        ],
    )


def same_device_id_of_two_users() -> Character:
    shared = device("shared")
    return Character(
        "same_device_id_of_two_users",
        "devices are counted within a user; another user's device is not a second one",
        [
            *heartbeat(D[0], 8),
            event(at(D[3]), uid=user("ann"), device_id=shared),
            event(at(D[3]), uid=user("bob"), device_id=shared),
            event(at(D[4]), uid=user("bob"), device_id=device("bobs own")),
        ],
        [_multi(0, D[3], 5), _multi(1, D[4], 5), _dau(2, D[3])],
    )


def midnight_exactly() -> Character:
    return Character(
        "midnight_exactly",
        "an event at exactly midnight belongs to the day that begins",
        [*heartbeat(D[0], 8), _on(D[4], "phone", "00:00:00.000")],
        [_dau(0, D[3]), _dau(1, D[4]), _dau(0, D[5])],
    )


def a_moment_before_midnight() -> Character:
    return Character(
        "a_moment_before_midnight",
        "the last millisecond belongs to the day that ends",
        [*heartbeat(D[0], 8), _on(D[4], "phone", "23:59:59.999")],
        [_dau(0, D[3]), _dau(1, D[4]), _dau(0, D[5])],
    )


def blank_uid() -> Character:
    return Character(
        "blank_uid",
        "a blank or NULL uid is nobody, but the day counts as loaded",
        [
            event(at(D[0]), uid=user("ann")),
            *(event(at(D[1]), uid=blank, device_id=device("x")) for blank in (None, "", "NULL")),
            event(at(D[2]), uid=user("ann")),
        ],
        [_dau(1, D[0]), _dau(0, D[1]), _dau(1, D[2])],
    )


def blank_device() -> Character:
    return Character(
        "blank_device",
        "a blank or NULL device is no second device",
        [
            *heartbeat(D[0], 8),
            _on(D[4], "phone"),
            *(event(at(D[4]), uid=user("ann"), device_id=blank) for blank in (None, "", "NULL")),
        ],
        [_multi(0, D[4], 5), _dau(1, D[4], "single_device")],
    )


def client_expired() -> Character:
    return Character(
        "client_expired",
        "a user counts in MAU on the day itself and on the 27 days after, not on the 28th",
        [*heartbeat(D[0], 70), _on(D[30], "phone")],
        [
            _mau(0, D[29]),
            _mau(1, D[30]),
            _mau(1, D[57]),
            _mau(0, D[58]),
            Expected("engagement", "dau_7day_mean", 1 / 7, D[36], "all"),
            Expected("engagement", "dau_7day_mean", 0, D[37], "all"),
            Expected("engagement", "engagement_ratio", 100 / 7, D[36], "all"),
            Expected("engagement", "engagement_ratio", None, D[58], "all"),
        ],
    )


def first_month() -> Character:
    return Character(
        "first_month",
        "MAU is absent until 28 days are loaded, the mean until 7, the ratio until both stand",
        [*heartbeat(D[0], 30), *(_on(day, "phone") for day in D[:30])],
        [
            Expected("engagement", "dau_7day_mean", None, D[5], "all"),
            Expected("engagement", "dau_7day_mean", 1, D[6], "all"),
            Expected("engagement", "engagement_ratio", None, D[26], "all"),
            Expected("engagement", "engagement_ratio", 100, D[27], "all"),
            _mau(None, D[26]),
            _mau(1, D[27]),
            Expected("multi-device", "monthly_users", None, D[26]),
            Expected("multi-device", "monthly_multi_device_users", None, D[26]),
            Expected("multi-device", "monthly_multi_device_users", 0, D[27]),
            Expected("multi-device", "monthly_multi_device_percent", 0, D[27]),
        ],
    )


def island_gap_of_28() -> Character:
    return Character(
        "island_gap_of_28",
        "a user who returns on the 28th day after never leaves MAU",
        [*heartbeat(D[0], 80), _on(D[30], "phone"), _on(D[58], "phone")],
        [
            *(_mau(1, day) for day in D[30:80]),
            _mau(0, D[29]),
        ],
    )


def island_gap_of_29() -> Character:
    return Character(
        "island_gap_of_29",
        "a user who returns on the 29th day after is out of MAU for one day",
        [*heartbeat(D[0], 80), _on(D[30], "phone"), _on(D[59], "phone")],
        [_mau(1, D[57]), _mau(0, D[58]), _mau(1, D[59])],
    )


def changing_islands() -> Character:
    return Character(
        "changing_islands",
        "islands of one user in two segments overlap; the user is one user in their union",
        [
            *heartbeat(D[0], 80),
            _on(D[30], "laptop"),
            _on(D[40], "phone", **PHONE),
        ],
        [
            *(_mau(1, D[place]) for place in range(30, 68)),
            _mau(0, D[68]),
            _mau(0, D[39], os=("Android",)),
            _mau(1, D[40], os=("Android",)),
            _mau(1, D[67], os=("Android",)),
            _mau(1, D[57], os=("Windows 7",)),
            _mau(0, D[58], os=("Windows 7",)),
            _mau(1, D[50], os=("Android", "Windows 7")),
            _mau(1, D[58], not_os=("Windows 7",)),
            _mau(0, D[58], not_os=("Android",)),
        ],
    )


def windows_and_android() -> Character:
    return Character(
        "windows_and_android",
        "a user of Windows and Android counts under both, once under either, and under not-either",
        [*heartbeat(D[0], 8), _on(D[4], "laptop"), _on(D[4], "phone", **PHONE)],
        [
            _dau(1, D[4], os=("Windows 7",)),
            _dau(1, D[4], os=("Android",)),
            _dau(1, D[4], os=("Android", "Windows 7")),
            _dau(1, D[4], not_os=("Android",)),
            _dau(1, D[4], not_os=("Windows 7",)),
            _dau(0, D[4], not_os=("Windows 7", "Android")),
            _dau(1, D[4], "multi_device", os=("Android",)),
        ],
    )


def tags_on_different_events() -> Character:
    return Character(
        "tags_on_different_events",
        "one event must carry all the tags; two events with one each don't match",
        [
            *heartbeat(D[0], 8),
            _on(D[4], "a", user_agent_browser="Firefox", user_agent_os="Windows 7"),
            _on(D[4], "a", user_agent_browser="Chrome", user_agent_os="Android"),
        ],
        [
            _dau(1, D[4], browser=("Chrome",)),
            _dau(1, D[4], os=("Windows 7",)),
            _dau(0, D[4], browser=("Chrome",), os=("Windows 7",)),
            _dau(1, D[4], browser=("Chrome",), os=("Android",)),
        ],
    )


def multi_device_in_another_segment() -> Character:
    return Character(
        "multi_device_in_another_segment",
        "multi-device asks for all devices, the filter for the segments of that same day",
        [*heartbeat(D[0], 40), _on(D[29], "phone", **PHONE), _on(D[30], "laptop")],
        [
            _dau(1, D[30], "multi_device"),
            _dau(0, D[30], "multi_device", os=("Android",)),
            _dau(1, D[30], "multi_device", os=("Windows 7",)),
            _dau(1, D[29], "single_device", os=("Android",)),
            _mau(0, D[31], "multi_device", os=("Android",)),
            _mau(1, D[31], "multi_device", os=("Windows 7",)),
            _mau(1, D[31], "single_device", os=("Android",)),
            _mau(0, D[31], "single_device", os=("Windows 7",)),
        ],
    )


def single_and_multi_in_one_month() -> Character:
    return Character(
        "single_and_multi_in_one_month",
        "a user can be in both MAUs, while a day's users split into single and multi",
        [*heartbeat(D[0], 60), _on(D[28], "a"), _on(D[29], "a"), _on(D[29], "b"), _on(D[50], "b")],
        [
            _mau(1, D[29], "multi_device"),
            _mau(1, D[29], "single_device"),
            _mau(1, D[56], "multi_device"),
            _mau(0, D[57], "multi_device"),
            _mau(1, D[57], "single_device"),
            _mau(1, D[57]),
            _dau(1, D[50], "single_device"),
        ],
    )


def new_user_for_a_day() -> Character:
    return Character(
        "new_user_for_a_day",
        "new and existing are tags of events: a user who signs up and goes on is in both",
        [*heartbeat(D[0], 8), _on(D[4], "a", new_user=True), _on(D[4], "a"), _on(D[5], "a")],
        [
            _dau(1, D[4], users="new"),
            _dau(1, D[4], users="existing"),
            _dau(0, D[5], users="new"),
            _dau(1, D[5], users="existing"),
        ],
    )


def blank_tags() -> Character:
    blank = {"user_agent_browser": "", "user_agent_version": None, "user_agent_os": "NULL"}
    return Character(
        "blank_tags",
        "a blank tag is (none), which can be picked and left out",
        [*heartbeat(D[0], 8), _on(D[4], "a", **blank), _on(D[5], "a")],
        [
            _dau(1, D[4], browser=("(none)",), version=("(none)",), os=("(none)",)),
            _dau(0, D[4], not_os=("(none)",)),
            _dau(0, D[5], os=("(none)",)),
            _dau(1, D[5], version=("40",)),
        ],
    )


def an_unloaded_day() -> Character:
    loaded = [day for place, day in enumerate(D[:75]) if place != 35]
    return Character(
        "an_unloaded_day",
        "a day never loaded is absent, never zero, and so is all that needs it",
        [*(_on(day, "a") for day in loaded), *_steps(D[50], "12:00", "one", ("sequence.begin", 0))],
        [
            _dau(None, D[35]),
            _dau(1, D[34]),
            _mau(1, D[34]),
            _mau(None, D[35]),
            _mau(None, D[62]),
            _mau(1, D[63]),
            Expected("engagement", "dau_7day_mean", None, D[35], "all"),
            Expected("engagement", "dau_7day_mean", None, D[41], "all"),
            Expected("engagement", "dau_7day_mean", 1, D[42], "all"),
            Expected("engagement", "engagement_ratio", None, D[42], "all"),
            Expected("engagement", "engagement_ratio", 100, D[63], "all"),
            Expected("multi-device", "daily_users", None, D[35]),
            Expected("multi-device", "daily_multi_device_percent", None, D[35]),
            Expected("connection-time", "connections", None, D[35], "new"),
            Expected("connection-time", "connections", 0, D[36], "new"),
            Expected("completion", "begun", None, D[35]),
            Expected("completion", "begun", 0, D[36]),
            Expected("completion", "completion_percent", None, D[36]),
            Expected("steps", "reached", None, D[35], "device.connected"),
            Expected("steps", "reached", 0, D[36], "device.connected"),
        ],
    )


def attempt_over_midnight() -> Character:
    steps = (("sequence.begin", 0), ("account.login", 2000), ("device.connected", 6000))
    return Character(
        "attempt_over_midnight",
        "completion counts by the day begun, time to connection by the day ready",
        [*heartbeat(D[0], 8), *_steps(D[4], "23:59:57", "over", *steps, uid=user("ann"))],
        [
            Expected("completion", "begun", 1, D[4]),
            Expected("completion", "completed", 1, D[4]),
            Expected("completion", "completion_percent", 100, D[4]),
            Expected("completion", "within_5_seconds_percent", 0, D[4]),
            Expected("completion", "within_10_seconds_percent", 100, D[4]),
            Expected("completion", "begun", 0, D[5]),
            Expected("connection-time", "connections", 0, D[4], "existing"),
            Expected("connection-time", "connections", 1, D[5], "existing"),
            Expected("connection-time", "median_seconds", 6, D[5], "existing"),
            Expected("connection-time", "connections", 0, D[5], "new"),
            Expected("connection-time", "median_seconds", None, D[5], "new"),
            Expected("steps", "reached", 1, D[4], "device.connected"),
            Expected("steps", "median_seconds", 6, D[4], "device.connected"),
            Expected("steps", "reached", 0, D[5], "device.connected"),
            Expected("steps", "reached", 0, D[4], "account.created"),
            Expected("steps", "median_seconds", None, D[4], "account.created"),
        ],
    )


def ready_waits_for_both() -> Character:
    begin, made, connected = ("sequence.begin", 0), "device.created", "device.connected"
    return Character(
        "ready_waits_for_both",
        "ready is the later of device.connected and device.created; without the first, never",
        [
            *heartbeat(D[0], 8),
            *_steps(
                D[1], "12:00", "a", begin, ("device.connected", 3000), ("device.created", 7000)
            ),
            *_steps(
                D[2], "12:00", "b", begin, ("device.created", 3000), ("device.connected", 7500)
            ),
            *_steps(D[3], "12:00", "c", begin, (connected, 4000)),
            *_steps(D[4], "12:00", "d", begin, (made, 4000)),
        ],
        [
            Expected("connection-time", "median_seconds", 7, D[1], "existing"),
            Expected("connection-time", "median_seconds", 7.5, D[2], "existing"),
            Expected("connection-time", "median_seconds", 4, D[3], "existing"),
            Expected("connection-time", "connections", 0, D[4], "existing"),
            Expected("completion", "begun", 1, D[4]),
            Expected("completion", "completed", 0, D[4]),
            Expected("completion", "completion_percent", 0, D[4]),
            Expected("steps", "reached", 1, D[4], "device.created"),
        ],
    )


def steps_twice() -> Character:
    return Character(
        "steps_twice",
        "the first occurrence of a type in a sequence counts",
        [
            *heartbeat(D[0], 8),
            *_steps(
                D[2],
                "12:00",
                "twice",
                ("sequence.begin", 0),
                ("sequence.begin", 900),
                ("device.created", 2000),
                ("device.connected", 4000),
                ("device.created", 9000),
                ("device.connected", 90_000_000),
            ),
        ],
        [
            Expected("completion", "begun", 1, D[2]),
            Expected("connection-time", "connections", 1, D[2], "existing"),
            Expected("connection-time", "p25_seconds", 4, D[2], "existing"),
            Expected("connection-time", "p75_seconds", 4, D[2], "existing"),
            Expected("connection-time", "connections", 0, D[3], "existing"),
            Expected("steps", "median_seconds", 2, D[2], "device.created"),
            Expected("steps", "median_seconds", 0, D[2], "sequence.begin"),
        ],
    )


def never_begun() -> Character:
    return Character(
        "never_begun",
        "an attempt without sequence.begin has a time to connection but no completion or steps",
        [*heartbeat(D[0], 8), *_steps(D[2], "12:00", "cut", ("device.connected", 4000))],
        [
            Expected("completion", "begun", 0, D[2]),
            Expected("completion", "completion_percent", None, D[2]),
            Expected("steps", "reached", 0, D[2], "device.connected"),
            Expected("connection-time", "connections", 1, D[2], "existing"),
        ],
    )


def exactly_five_seconds() -> Character:
    def attempt(name: str, ready: int) -> list[Event]:
        return _steps(D[2], "12:00", name, ("sequence.begin", 0), ("device.connected", ready))

    return Character(
        "exactly_five_seconds",
        "within 5 seconds includes 5 seconds, not a millisecond more; percentiles interpolate",
        [
            *heartbeat(D[0], 8),
            *attempt("a", 5000),
            *attempt("b", 5001),
            *attempt("c", 10_000),
            *attempt("d", 10_001),
            *_steps(D[2], "12:00", "e", ("sequence.begin", 0)),
        ],
        [
            Expected("completion", "begun", 5, D[2]),
            Expected("completion", "completion_percent", 80, D[2]),
            Expected("completion", "within_5_seconds_percent", 20, D[2]),
            Expected("completion", "within_10_seconds_percent", 60, D[2]),
            Expected("connection-time", "p25_seconds", 5.00075, D[2], "existing"),
            Expected("connection-time", "median_seconds", 7.5005, D[2], "existing"),
            Expected("connection-time", "p75_seconds", 10.00025, D[2], "existing"),
        ],
    )


def new_accounts_by_either_rule() -> Character:
    begin, ready = ("sequence.begin", 0), ("device.connected", 4000)
    flagged = _steps(D[3], "12:00", "flag", begin, ("account.login", 1000), ready)
    flagged[1]["new_user"] = True
    return Character(
        "new_accounts_by_either_rule",
        "an attempt is a new account's by account.created or by newUser on any of its events",
        [
            *heartbeat(D[0], 8),
            *_steps(D[2], "12:00", "made", begin, ("account.created", 1000), ready),
            *flagged,
            *_steps(D[4], "12:00", "old", begin, ("account.login", 1000), ready),
        ],
        [
            *(
                Expected("connection-time", "connections", count, day, account)
                for day, new in ((D[2], 1), (D[3], 1), (D[4], 0))
                for account, count in (("new", new), ("existing", 1 - new))
            ),
            Expected("completion", "begun", 1, D[2], filters={"users": "new"}),
            Expected("completion", "begun", 1, D[3], filters={"users": "new"}),
            Expected("completion", "begun", 0, D[4], filters={"users": "new"}),
            Expected("completion", "begun", 1, D[4], filters={"users": "existing"}),
        ],
    )


def other_services() -> Character:
    begin, ready = ("sequence.begin", 0), ("device.connected", 4000)
    late = _steps(D[3], "12:00", "late", begin, ready, service="")
    late[1]["service"] = "sync"
    return Character(
        "other_services",
        "only sequences of sync are attempts; the first service named in the sequence decides",
        [
            *heartbeat(D[0], 8),
            *_steps(D[2], "12:00", "rp", begin, ready, service="a1b2c3d4e5f60718"),
            *_steps(D[2], "12:00", "no", begin, ready, service=None),
            *late,
        ],
        [
            Expected("completion", "begun", 0, D[2]),
            Expected("connection-time", "connections", 0, D[2], "existing"),
            Expected("completion", "begun", 1, D[3]),
            Expected("connection-time", "connections", 1, D[3], "existing"),
        ],
    )


def outside_of_sequences() -> Character:
    return Character(
        "outside_of_sequences",
        "an event without seqId or without seqTime is activity but no part of an attempt",
        [
            *heartbeat(D[0], 8),
            *_steps(D[5], "12:00", "whole", ("sequence.begin", 0)),
            event(at(D[2]), "sequence.begin", seq_id="half", uid=user("ann"), **LAPTOP),
            event(at(D[2]), "device.connected", seq_time=0, uid=user("ann"), **LAPTOP),
        ],
        [
            _dau(1, D[2]),
            Expected("completion", "begun", 0, D[2]),
            Expected("connection-time", "connections", 0, D[2], "existing"),
        ],
    )


def first_tags_of_a_sequence() -> Character:
    tagged = _steps(
        D[2], "12:00", "tags", ("sequence.begin", 0), ("account.login", 5), ("device.connected", 9)
    )
    for column in ("user_agent_browser", "user_agent_version", "user_agent_os"):
        tagged[0][column] = ""
    tagged[1].update(PHONE)
    tagged[1]["timestamp"] += 60_000  # the order is seqTime's, not the timestamps'
    return Character(
        "first_tags_of_a_sequence",
        "an attempt's tags are the first non-blank ones in seqTime order",
        [*heartbeat(D[0], 8), *tagged],
        [
            Expected("completion", "begun", 1, D[2], filters={"os": ("Android",)}),
            Expected("completion", "begun", 1, D[2], filters={"version": ("41",)}),
            Expected("completion", "begun", 0, D[2], filters={"os": ("Windows 7",)}),
            Expected("completion", "begun", 0, D[2], filters={"os": ("(none)",)}),
        ],
    )


def attempts_of_multi_device_users() -> Character:
    begin, ready = ("sequence.begin", 0), ("device.connected", 4000)
    late = ("device.connected", 90_000_000)  # ready on the next day
    return Character(
        "attempts_of_multi_device_users",
        "an attempt is multi if its user was multi-device on the day ready, or, never ready, begun",
        [
            *heartbeat(D[0], 12),
            _on(D[2], "a"),
            _on(D[3], "a"),
            _on(D[4], "b"),
            *_steps(D[3], "12:00", "single", begin, ready, uid=user("ann")),
            *_steps(D[4], "12:00", "multi", begin, ready, uid=user("ann")),
            *_steps(D[3], "12:00", "by day ready", begin, late, uid=user("ann")),
            *_steps(D[4], "12:00", "given up", begin, uid=user("ann")),
            *_steps(D[4], "12:00", "nobody", begin),
        ],
        [
            Expected("completion", "begun", 1, D[3], filters={"devices": "single"}),
            Expected("completion", "begun", 1, D[3], filters={"devices": "multi"}),
            Expected("completion", "begun", 2, D[4], filters={"devices": "multi"}),
            Expected("completion", "begun", 1, D[4], filters={"devices": "single"}),
            Expected(
                "connection-time", "connections", 2, D[4], "existing", filters={"devices": "multi"}
            ),
        ],
    )


CHARACTERS: dict[str, Callable[[], Character]] = {
    story.__name__: story
    for story in (
        two_devices_same_day,
        second_device_four_days_later,
        second_device_five_days_later,
        third_device_at_every_window_edge,
        same_device_again,
        active_without_a_device,
        too_few_with_a_device,
        same_device_id_of_two_users,
        midnight_exactly,
        a_moment_before_midnight,
        blank_uid,
        blank_device,
        client_expired,
        first_month,
        island_gap_of_28,
        island_gap_of_29,
        changing_islands,
        windows_and_android,
        tags_on_different_events,
        multi_device_in_another_segment,
        single_and_multi_in_one_month,
        new_user_for_a_day,
        blank_tags,
        an_unloaded_day,
        attempt_over_midnight,
        ready_waits_for_both,
        steps_twice,
        never_begun,
        exactly_five_seconds,
        new_accounts_by_either_rule,
        other_services,
        outside_of_sequences,
        first_tags_of_a_sequence,
        attempts_of_multi_device_users,
    )
}
