"""The few errors a person can do something about; anything else is a bug and surfaces."""


class Refused(Exception):
    """A request that can't be carried out, told in one line that says what to do."""


class NoData(Refused):
    """Nothing has been loaded and summarised yet."""


class WarehouseDown(Refused):
    """The store exists but can't be read or written now."""


class Republished(WarehouseDown):
    """Newer numbers took the place of those being read; reading again reads them."""
