"""The numbers that the definitions rest on (design, section 3), and the version they go by."""

DEFINITIONS = "2016.1"
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
