"""From KPI tables to answers: users, attempts, small cells, weeks, coverage, and the writing of tables."""

import pandas as pd

# Texts as Python's own: for tables of some hundred rows, Arrow's need a quarter more processor time.
pd.set_option("mode.string_storage", "python")
