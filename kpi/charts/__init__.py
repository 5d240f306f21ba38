"""The charts: pure functions from a measure's frame to an Altair chart, which they leave unchanged.

One module per family of measures; `layers` draws values over days for all of them. `__init__.pyi` lists
the public names of each module. A module is imported at its first use, since importing Altair is slow.
"""

import lazy_loader

from kpi.charts.spark import spark as spark  # the function, not the module of that name

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
