"""The frontier tax of a log: what was paid above the cheapest tier that would have succeeded.

It needs only outcomes and costs, so it lives below everything that wants to show it: the command line, the dashboard.

>>> from tierwise.data.records import Attempt, LoggedStep, Step
>>> from tierwise.data.catalogue import TierCatalogue
>>> tried = (Attempt("small", success=True, cost_usd=0.01), Attempt("mid", success=True, cost_usd=0.02))
>>> steps = [LoggedStep("s-1", Step(text="x"), (*tried, Attempt("frontier", success=True, cost_usd=0.5)))]
>>> frontier_tax(steps, TierCatalogue.load()).total.tax_usd
Range(low=0.52, high=0.52)
"""

from tierwise.data.tax.bounds import Range
from tierwise.data.tax.costs import TaxError
from tierwise.data.tax.report import GroupTax, Projection, TaxReport, frontier_tax

__all__ = ["GroupTax", "Projection", "Range", "TaxError", "TaxReport", "frontier_tax"]
