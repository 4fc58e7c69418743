"""Figures of decisions on disk, and the page that is made from all of them."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.decisions.pages.page import MEASURED, results_page
from benchmarks.figures import save_figures

RESULTS = Path(__file__).parent


def save_section(out: Path, section: str, figures: Any) -> Path:
    """Writes ``results/SECTION.json`` under ``out``, notes the day, and makes RESULTS.md anew from every part that is
    there."""
    path = out / "results" / f"{MEASURED}.json"
    days = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    days[section] = date.today().isoformat()
    return save_figures(out, {section: figures, MEASURED: days}, results_page)
