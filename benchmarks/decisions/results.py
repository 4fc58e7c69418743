"""Figures of decisions on disk, and the page that is made from all of them."""

from pathlib import Path
from typing import Any

from benchmarks.decisions.pages.page import results_page
from benchmarks.figures import save_figures

RESULTS = Path(__file__).parent


def save_section(out: Path, section: str, figures: Any) -> Path:
    """Writes ``results/SECTION.json`` under ``out`` and makes RESULTS.md anew from every part that is there."""
    return save_figures(out, section, figures, results_page)
