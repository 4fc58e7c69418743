"""Figures on disk: one JSON file a part, and RESULTS.md made from all of them."""

import json
from pathlib import Path
from typing import Any

from benchmarks.decisions.pages.page import results_page

RESULTS = Path(__file__).parent
_FOLDER = "results"


def save_section(out: Path, section: str, figures: Any) -> Path:
    """Writes ``results/SECTION.json`` under ``out`` and makes RESULTS.md anew from every part that is there."""
    folder = out / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_rounded(figures), indent=1, allow_nan=False)
    (folder / f"{section}.json").write_text(text + "\n", encoding="utf-8")
    sections = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    page = out / "RESULTS.md"
    page.write_text(results_page(sections), encoding="utf-8")
    return page


def _rounded(figures: Any) -> Any:
    """Six digits that count: enough for every table, and a diff that shows what changed."""
    if isinstance(figures, dict):
        return {key: _rounded(value) for key, value in figures.items()}
    if isinstance(figures, list | tuple):
        return [_rounded(value) for value in figures]
    return float(f"{figures:.6g}") if isinstance(figures, float) else figures
