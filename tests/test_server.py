"""The store on a server."""

import oracle
from conftest import assert_same
from event_files import write
from logs import random_log


def test_first(on_every_engine):
    store = on_every_engine()
    log = random_log(5)
    store.load(write(store.files / "whole.csv", log))
    store.summarise()
    for metric in ("engagement", "multi-device", "connection-time", "completion"):
        assert_same(store.export(metric), oracle.export(oracle.Log(log), metric), metric)
