"""Importers of foreign logs: what other tools recorded about LLM calls becomes a step log.

Three stages, each in a file of its own. A *reader* turns one format into calls, frames and signals
(:mod:`tierwise.data.importers.formats` lists them). *Assembly* ties the calls of a trace into steps with attempts.
*Merging* adds the steps to a log file, so that importing twice adds nothing.
"""

from tierwise.data.importers.errors import ForeignLogError
from tierwise.data.importers.formats import FORMATS
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.run import ImportReport, import_records

__all__ = ["FORMATS", "ForeignLogError", "ImportMap", "ImportReport", "import_records"]
