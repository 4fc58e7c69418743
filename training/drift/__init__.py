"""Drift: is the log still the one that the champion learned from? (docs/guides/flywheel.md)"""

from tierwise.training.drift.drift import DriftReport, measure_drift
from tierwise.training.drift.finding import DriftSettings, Finding

__all__ = ["DriftReport", "DriftSettings", "Finding", "measure_drift"]
