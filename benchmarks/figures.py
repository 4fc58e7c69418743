"""Figures on disk: one JSON file a part, and RESULTS.md made from all of them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_FOLDER = "results"


def save_figures(out: Path, figures: Mapping[str, Any], page_of: Callable[[Mapping[str, Any]], str]) -> Path:
    """Writes ``results/SECTION.json`` under ``out`` for each section of ``figures`` and makes RESULTS.md anew, by
    ``page_of``, from every part that is there; returns its path."""
    folder = out / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for section, found in figures.items():
        text = json.dumps(_rounded(found), indent=1, allow_nan=False)
        (folder / f"{section}.json").write_text(text + "\n", encoding="utf-8")
    sections = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    page = out / "RESULTS.md"
    page.write_text(page_of(sections), encoding="utf-8")
    return page


def _rounded(figures: Any) -> Any:
    """Six digits that count: enough for every table, and a diff that shows what changed."""
    if isinstance(figures, dict):
        return {key: _rounded(value) for key, value in figures.items()}
    if isinstance(figures, list | tuple):
        return [_rounded(value) for value in figures]
    return float(f"{figures:.6g}") if isinstance(figures, float) else figures
