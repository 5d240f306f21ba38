"""Event files in the formats of the specification and of production, from columns of codes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet

from kpi.demo.events import TAGS, TYPE, TYPES, WORDS, Events
from kpi.demo.timeline import DAY_MS, Part, Timeline

NATIVE_TAGS = {"userAgentBrowser": "browser", "userAgentVersion": "version", "userAgentOS": "os"}
NATIVE_TAGS |= {tag: tag for tag in TAGS[3:]}
LOG_TAGS = {"ua_browser": "browser", "ua_version": "version", "ua_os": "os"}
FLOW_TAGS = {
    **LOG_TAGS,
    **{tag: tag for tag in ("context", "entrypoint", "migration", "service")},
    "utm_campaign": "campaign",
}
FLOW_TYPES = {"sequence.begin": "flow.begin", "device.connected": "account.keyfetch"}
VIEWS = ("signup", "signin")
COPY = {
    ".csv": "COPY event TO $1 (FORMAT csv, HEADER, NULLSTR 'NULL')",
    ".csv.gz": "COPY event TO $1 (FORMAT csv, HEADER, COMPRESSION gzip)",
    ".csv.zst": "COPY event TO $1 (FORMAT csv, HEADER, COMPRESSION zstd)",
    ".jsonl.zst": "COPY event TO $1 (FORMAT json, COMPRESSION zstd)",
}
LOG_COPY = "COPY event TO $1 (FORMAT csv, HEADER false)"
# A bad row among this many: visible to whoever looks, far from what refuses a file.
ROWS_PER_BLEMISH = 1800
FEWEST_ROWS = 60


# Each lacks something a loader must see: a time, a type, cells, a sane length.
_LONG = "Firefox/" * 40
_ID = "0f" * 16
ACTIVITY_BLEMISHES = (
    f"not-a-time,Firefox,36,Windows 7,{_ID},account.signed,sync,",
    f"{{seconds}},Firefox,36,Windows 7,{_ID}",
    f"{{seconds}},{_LONG},36,Windows 7,{_ID},account.signed,sync,",
    f"0,Firefox,36,Linux,{_ID},account.signed,sync,",
)
FLOW_BLEMISHES = (
    f"{{seconds}},flow.begin,{_ID},-20,Firefox,36,Windows 7,fx_desktop_v2,,,sync,,,,,",
    f"{{seconds}},flow.begin,{_ID},0,Firefox,36",
)
NATIVE_BLEMISHES = (
    f"NULL,{_ID},0,account.signed,{_ID},NULL,0,Firefox,48,Windows 7,sync,NULL,NULL,NULL,NULL",
    f"{{seconds}}000,{_ID},-350,account.login,{_ID},NULL,0,Firefox,48,Linux,sync,NULL,NULL,NULL,NULL",
    f"{{seconds}}000,{_ID},0,account.signed,{_ID},NULL,0,Firefox,48,Linux,sync,NULL,NULL,NULL",
    f"{{seconds}}000,{_ID},0,NULL,{_ID},NULL,0,Firefox,48,Linux,sync,NULL,NULL,NULL,NULL",
    f"{{seconds}}000,{_ID},0,account.signed,{_ID},NULL,0,{_LONG},48,Linux,sync,NULL,NULL,NULL,NULL",
)


class EventFiles:
    """Writes event files below a folder; the same events always give the same bytes."""

    def __init__(self, folder: Path, timeline: Timeline, uids: pa.Array, devices: pa.Array) -> None:
        """Write below this folder, with these ids for the codes of users and devices."""
        self.folder = folder
        self.timeline = timeline
        self.uids = uids
        self.devices = devices
        self.written: list[Path] = []
        self._rows = 0
        self._turns: dict[tuple[str, ...], int] = {}
        self._engine = duckdb.connect()
        # One thread: then a compressed file's blocks always end at the same rows.
        self._engine.execute("SET threads = 1")

    def close(self) -> None:
        """Let go of the engine."""
        self._engine.close()

    def write(self, part: Part, events: Events) -> None:
        """Write the events of a part in its form."""
        if part.kind == "logs":
            self._log_days(part, events)
        elif part.kind == "days":
            for day, events_of_day in self._by_day(part, events):
                self.native(events_of_day, f"native/events-{day}.csv")
        else:
            self.native(events, part.name)

    def native(self, events: Events, name: str) -> None:
        """Write events in the specification's format; the name's ending says which kind of file.

        As everywhere here, no events make no file: an empty file would only be refused.
        """
        if not len(events):
            return
        path = self._path(name)
        ending = name[name.index(".") :]
        flags = np.bool_ if ending in (".parquet", ".jsonl.zst") else np.int8
        table = self._native_table(events, flags, region=ending != ".csv")
        if ending == ".parquet":
            pyarrow.parquet.write_table(
                table, path, compression="zstd", store_schema=False, row_group_size=131_072
            )
        else:
            self._copy(table, path, COPY[ending])
        if ending == ".csv":
            last = self.timeline.origin_ms + int(events.columns["time"][-1])
            self._blemish(path, len(events), NATIVE_BLEMISHES, last // 1000)

    def _log_days(self, part: Part, events: Events) -> None:
        """Write each day as production's two logs: activity and flow, seconds, no header."""
        not_in_activity = (TYPE["sequence.begin"], TYPE["device.connected"])
        for day, of_day in self._by_day(part, events):
            logged = ~np.isin(of_day.columns["type"], not_in_activity)
            table = self._activity_table(of_day.take(np.flatnonzero(logged)))
            self._log(table, f"activity/events-{day}.csv", ACTIVITY_BLEMISHES)
            flow = of_day.take(np.flatnonzero(of_day.seq_id.is_valid().to_numpy(False)))
            self._log(self._flow_table(flow), f"flow/flow-{day}.csv", FLOW_BLEMISHES)

    def _log(self, table: pa.Table, name: str, blemishes: tuple[str, ...]) -> None:
        if table.num_rows:
            path = self._path(name)
            self._copy(table, path, LOG_COPY)
            last = table["timestamp"][-1].as_py()
            self._blemish(path, table.num_rows, blemishes, last)

    def _path(self, name: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self.written.append(path)
        return path

    def _by_day(self, part: Part, events: Events) -> Iterator[tuple[date, Events]]:
        days = np.arange(part.start, part.stop + 1)
        limits = np.searchsorted(events.columns["time"], days * DAY_MS).tolist()
        for number, (low, high) in zip(days[:-1].tolist(), pairwise(limits), strict=True):
            yield self.timeline.day(number), events.part(low, high)

    def _copy(self, table: pa.Table, path: Path, statement: str) -> None:
        self._engine.register("event", table)
        self._engine.execute(statement, [str(path)])
        self._engine.unregister("event")

    def _native_table(self, events: Events, flags: type[np.generic], region: bool) -> pa.Table:
        columns = events.columns
        named: dict[str, pa.Array] = {
            "timestamp": pa.array(columns["time"] + self.timeline.origin_ms),
            "seqId": events.seq_id,
            "seqTime": pa.array(columns["seq_time"], mask=columns["seq_time"] < 0),
            "type": _words(columns, "type"),
            "uid": _ids(self.uids, columns["user"]),
            "deviceId": _ids(self.devices, columns["device"]),
            "newUser": pa.array(columns["new_user"].astype(flags)),
        }
        named |= {name: _words(columns, tag) for name, tag in NATIVE_TAGS.items()}
        if region:
            named["region"] = _words(columns, "region")
        return pa.table(named)

    def _activity_table(self, events: Events) -> pa.Table:
        columns = events.columns
        return pa.table(
            {
                "timestamp": pa.array((columns["time"] + self.timeline.origin_ms) // 1000),
                **{name: _words(columns, tag) for name, tag in LOG_TAGS.items()},
                "uid": _ids(self.uids, columns["user"]),
                "type": _words(columns, "type"),
                "service": _words(columns, "service"),
                "device_id": _ids(self.devices, columns["device"]),
            }
        )

    def _flow_table(self, events: Events) -> pa.Table:
        """A flow's own events beside the account's: first use of the form, and completion."""
        columns = events.columns
        kind = columns["type"]
        words = [FLOW_TYPES.get(name, name) for name in TYPES]
        words += [f"flow.{view}.engage" for view in VIEWS] + ["flow.complete"]
        connected = np.flatnonzero(kind == TYPE["device.connected"])
        entered = np.flatnonzero(np.isin(kind, (TYPE["account.created"], TYPE["account.login"])))
        engage = len(TYPES) + (kind[entered] == TYPE["account.login"])
        # Who came through the form had begun to fill it in after a third of that time.
        before = columns["seq_time"][entered] * 2 // 3
        source = np.concatenate([np.arange(len(events)), entered, connected])
        code = np.concatenate([kind, engage, np.full(connected.size, len(words) - 1)])
        shift = np.zeros(source.size, dtype=np.int64)
        shift[len(events) : len(events) + entered.size] = -before
        shift[len(events) + entered.size :] = 12
        midnight = columns["time"][:1] // DAY_MS * DAY_MS
        time = np.clip(columns["time"][source] + shift, midnight, midnight + DAY_MS - 1)
        order = np.argsort(time, kind="stable")
        part = events.take(source[order])
        columns, time, code = part.columns, time[order], code[order]
        blank = pa.nulls(len(part), pa.string())
        campaign = columns["campaign"]
        named = {
            "timestamp": pa.array((time + self.timeline.origin_ms) // 1000),
            "type": pa.DictionaryArray.from_arrays(pa.array(code.astype(np.int16)), words),
            "flow_id": part.seq_id,
            "flow_time": pa.array(columns["seq_time"] + shift[order]),
            **{name: _words(columns, tag) for name, tag in FLOW_TAGS.items()},
            "utm_content": blank,
            "utm_medium": pa.DictionaryArray.from_arrays(
                pa.array(np.zeros(len(part), dtype=np.int8), mask=campaign < 0), ["referral"]
            ),
            "utm_source": blank,
            "utm_term": blank,
        }
        return pa.table(named)

    def _blemish(self, path: Path, rows: int, kinds: tuple[str, ...], seconds: int) -> None:
        """Add a bad row at the end of a plain file now and then, as real logs have them."""
        self._rows += rows
        if rows < FEWEST_ROWS or (sum(self._turns.values()) + 1) * ROWS_PER_BLEMISH > self._rows:
            return
        with path.open("a", encoding="utf-8", newline="") as file:
            turn = self._turns.get(kinds, 0)
            file.write(kinds[turn % len(kinds)].format(seconds=seconds) + "\n")
        self._turns[kinds] = turn + 1


def _words(columns: dict[str, np.ndarray], name: str) -> pa.Array:
    codes = columns[name].astype(np.int16)
    indices = pa.array(codes, mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(WORDS[name], pa.string()))


def _ids(known: pa.Array, codes: np.ndarray) -> pa.Array:
    return known.take(pa.array(codes, mask=codes < 0))
