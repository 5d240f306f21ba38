"""The few errors a person can do something about; anything else is a bug and surfaces."""


def one_line(text: str) -> str:
    """Text of a file's name or of data as a single line: control and direction characters are escaped."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


class Refused(Exception):
    """A request that can't be carried out; its text is a single line that says what to do."""

    def __str__(self) -> str:
        return one_line(super().__str__())


class Denied(Refused):
    """This user may not read or change that part of the store."""


class NoData(Refused):
    """Nothing has been loaded and summarised yet."""


class WarehouseDown(Refused):
    """The store exists but can't be read or written now."""


class Republished(WarehouseDown):
    """Newer numbers took the place of those being read; reading again reads them."""
