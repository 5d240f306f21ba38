"""The numbers that the definitions rest on (design, section 3), and the version they go by."""

from kpi.settings import DEVICE_ID as DEVICE_ID
from kpi.settings import PLATFORM as PLATFORM

DEFINITIONS = "2016.2"
"""Every publication, baseline and export carries the version of the definitions it was made by."""

WEEK = 7
MONTH = 28
WINDOWS = (3, 5, 7, 14)
"""Windows, in days, by which a user may count as multi-device."""

WIDEST_WINDOW = max(WINDOWS)
NEEDED_DAYS = MONTH + WIDEST_WINDOW - 1
"""How many days a summary of one more day reaches back, itself included."""

ATTEMPT_WINDOW = 5
"""The window by which a connection attempt's user counts as multi-device."""

UNKNOWN_DEVICES = 2
"""In place of 0 (single) or 1 (multi): too few users had a device id to know an attempt's devices."""


def version(device_by: str) -> str:
    """The version of the definitions, with the device identity where it isn't the usual one."""
    return DEFINITIONS if device_by == DEVICE_ID else f"{DEFINITIONS}-{device_by}"


def device_identity(definitions: str) -> str:
    """The device identity that a version of the definitions names."""
    return PLATFORM if definitions.endswith(f"-{PLATFORM}") else DEVICE_ID
