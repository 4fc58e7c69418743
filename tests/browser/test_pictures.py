"""The dashboard's pictures in the docs, drawn from demo traffic: `make pictures` writes them to docs/images."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Demo

pytestmark = pytest.mark.browser

MAX_BYTES = 250_000
PICTURES = {
    "overview": ("/dashboard/?period=7d", "light", 980),
    "quality": ("/dashboard/quality", "light", 1180),
    "task": ("/dashboard/tasks?period=all", "dark", 900),
    "experiments": ("/dashboard/experiments", "light", 760),
}


STORY = {
    "certificate": ("/dashboard/certificate", "light", 1200, 1180),
    "money": ("/dashboard/tax?period=30d", "light", 1200, 1000),
    "label": ("/dashboard/label", "light", 1200, 900),
    "money-phone": ("/dashboard/tax?period=30d", "dark", 390, 1100),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_drawn(name: str, browser: Any, demo: Demo, tmp_path: Path) -> None:
    folder = Path(os.environ.get("TIERWISE_TEST_PICTURES", tmp_path))
    path, scheme, height = PICTURES[name]
    page = browser.new_page(base_url=demo.address, color_scheme=scheme, viewport={"width": 1200, "height": height})
    _open(page, name, path)
    picture = folder / f"dashboard-{name}.png"
    page.screenshot(path=picture)
    page.close()
    assert 20_000 < picture.stat().st_size < MAX_BYTES


def _open(page: Any, name: str, path: str) -> None:
    page.goto(path)
    if name == "task":
        rows = page.locator("#results tbody tr").all()
        longest = max(rows, key=lambda row: int(row.locator("td").nth(4).inner_text()))
        longest.locator("a").first.click()
        page.wait_for_selector(".timeline")
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("name", STORY)
def test_a_picture_of_the_first_hour_is_drawn(name: str, browser: Any, story: str, tmp_path: Path) -> None:
    folder = Path(os.environ.get("TIERWISE_TEST_PICTURES", tmp_path))
    path, scheme, width, height = STORY[name]
    page = browser.new_page(base_url=story, color_scheme=scheme, viewport={"width": width, "height": height})
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing hangs over the edge"
    picture = folder / f"dashboard-{name}.png"
    page.screenshot(path=picture)
    page.close()
    assert 20_000 < picture.stat().st_size < MAX_BYTES
