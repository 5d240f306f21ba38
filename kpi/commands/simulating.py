"""The command that simulates a store, and the command that `make run` begins with."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from dataclasses import replace
from datetime import date

from kpi.commands.progress import progress
from kpi.errors import NoData, Refused
from kpi.settings import Settings
from kpi.text import quantity

USERS, FIRST, LAST, SEED = 20_000, date(2015, 1, 1), date(2016, 10, 31), 1


def run_demo(settings: Settings, asked: argparse.Namespace) -> None:
    """Simulate events into files, then load and summarise them."""
    _build(settings, asked.users, asked.first, asked.last, asked.seed)


def _build(settings: Settings, users: int, first: date, last: date, seed: int) -> None:
    from kpi import store
    from kpi.demo import FIREFOX_FILE, markers, write_files
    from kpi.events import load, simulated
    from kpi.events.firefox import load_firefox
    from kpi.events.layouts import NoEvents
    from kpi.numbers import annotations
    from kpi.settings import demo_folder, demo_key_file
    from kpi.summary.summarise import summarise

    if last < first:
        raise Refused(f"the demo would end ({last}) before it begins ({first})")
    simulated.mark(settings)
    if settings.hmac_key is None:
        with store.storage_faults(settings):
            settings.home.mkdir(parents=True, exist_ok=True)
            demo_key_file(settings.home).touch(mode=0o600)
            demo_key_file(settings.home).write_text(secrets.token_hex(32))
        settings = replace(settings, hmac_key=demo_key_file(settings.home).read_bytes())
    folder = demo_folder(settings.home)
    with progress("Building the demo") as step, store.storage_faults(settings):
        step("simulating events")
        files = write_files(folder, users, first, last, seed)
        done = 0

        def report(loaded: load.Loaded) -> None:
            nonlocal done
            done += 1
            step(f"loading {done} of {quantity(len(files), 'file')}")

        for refusal in load.load_files(settings, [folder], report=report):
            if isinstance(refusal, NoEvents):
                continue  # Firefox's figures lie beside the events
            raise Refused(f"{refusal}. To build another demo, set KPI_HOME to a new folder")
        summarise(settings, report=step)
        load_firefox(settings, folder / FIREFOX_FILE)
        annotations.annotate(settings, markers(first, last), "the simulation")
    print(
        f"demo (simulated data) of {quantity(users, 'user')}, {first} to {last}, in "
        f"{store.place(settings)}; event files in {folder}"
    )


def run_ready(settings: Settings, asked: argparse.Namespace) -> None:
    """Say who will be answered; build the demo where nothing is configured and none was made yet."""
    from kpi import access, store

    print(access.answered(settings))
    if settings.database_url:
        return  # the pages say what is the matter with it
    try:
        store.publication_key(settings)
        return
    except NoData:
        pass
    if os.environ.get("KPI_HOME") or store.has_events(settings):
        return  # the pages say what to load
    print("No store is configured (KPI_HOME): building a demo of simulated data in data/ ...")
    try:
        _build(settings, USERS, FIRST, LAST, SEED)
    except Refused as refusal:
        print(f"kpi: {refusal}", file=sys.stderr)  # the pages open all the same
