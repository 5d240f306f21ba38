"""The constants of the definitions (design, section 3), and their version."""

from kpi.settings import DEVICE_ID as DEVICE_ID
from kpi.settings import PLATFORM as PLATFORM

DEFINITIONS = "2016.2"
"""Every publication, baseline and export carries the version of the definitions that it follows."""

WEEK = 7
MONTH = 28
RETURN_REACH = 27
"""Users of a day count as returned in week 4 where they are active on any of the days 21 to 27 after it."""

PROJECTED_FROM_WEEKS = 26
"""A goal is projected from so many weeks of history on."""

WINDOWS = (3, 5, 7, 14)
"""Windows, in days, by which a user may count as multi-device."""

WIDEST_WINDOW = max(WINDOWS)
NEEDED_DAYS = MONTH + WIDEST_WINDOW - 1
"""The days that the summary of a further day reads, itself included."""

ATTEMPT_WINDOW = 5
"""The window by which a connection attempt's user counts as multi-device."""

NO_OTHER_DEVICE = 999
"""Stored as the days since another device, and since low coverage, where there was none."""

VERSIONLESS = "*"
"""Ends the name of an audience whose segment sets leave out versions."""

LARGEST_SET = 2**31 - 1
"""Segment sets with versions are numbered from 1 to this, those without from -2 down to its negative.

Set 0 is nobody's, and -1 that of users who were never active before: moves lead from and to them.
"""

UNKNOWN_DEVICES = 2
"""In place of 0 (single) or 1 (multi): too few users had a device id to know an attempt's devices."""


def version(device_by: str) -> str:
    """The version of the definitions, with the device identity where it isn't the default."""
    return DEFINITIONS if device_by == DEVICE_ID else f"{DEFINITIONS}-{device_by}"


def device_identity(definitions: str) -> str:
    """The device identity that a version of the definitions names."""
    return PLATFORM if definitions.endswith(f"-{PLATFORM}") else DEVICE_ID
