"""The page of measured trainings: growth between two sizes, and a page that keeps its words."""

from pathlib import Path

import pytest

from benchmarks.scale.results import draw_growth, exponent, load_trainings, save_trainings, table, write_page
from benchmarks.scale.training import Measured


def measured(n_steps: int, cpu_seconds: float, engine: str = "local") -> Measured:
    worker = None if engine == "local" else 500.0
    return Measured(engine, n_steps, n_steps, cpu_seconds, cpu_seconds, 300.0, worker, 1.0, "abc")


TRAININGS = [measured(100, 5.0), measured(1_000, 50.0), measured(10_000, 5_000.0), measured(100, 9.0, "dask")]


def test_growth_is_the_power_of_the_number_of_steps() -> None:
    assert exponent(5, 50, 100, 1_000) == pytest.approx(1.0)
    assert exponent(50, 5_000, 1_000, 10_000) == pytest.approx(2.0)
    rows = table(TRAININGS)[2:]
    assert [row.split("|")[-3].strip() for row in rows] == ["–", "1.00", "2.00", "–"]
    assert [row.split("|")[-2].strip() for row in rows] == ["–", "0.00", "0.00", "–"]


def test_what_is_kept_comes_back_in_order(tmp_path: Path) -> None:
    assert load_trainings(tmp_path / "none.json") == []
    save_trainings(tmp_path / "results" / "kept.json", TRAININGS[::-1])
    assert load_trainings(tmp_path / "results" / "kept.json") == TRAININGS


def test_a_new_table_leaves_the_words_around_it(tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"
    page.write_text("# Before\n\n<!-- trainings -->\nold\n<!-- /trainings -->\n\nafter\n", encoding="utf-8")
    for _ in range(2):
        write_page(TRAININGS, page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Before\n")
    assert text.endswith("\n\nafter\n")
    assert "old" not in text
    assert text.count("| local | 100 |") == 1


@pytest.mark.slow
def test_the_picture_is_drawn(tmp_path: Path) -> None:
    draw_growth(TRAININGS, tmp_path / "scale.png")
    assert (tmp_path / "scale.png").read_bytes().startswith(b"\x89PNG")
