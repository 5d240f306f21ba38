"""Measurements of the product against itself and against the usual ways, within one run."""
