"""Labelling in the browser: a person says whether two answers mean the same, and thereby what comparing is worth.

The labels stand in the state folder, in the file format of ``tierwise label``.
"""

import time
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tierwise.data.compared.judged import MIN_LABELS
from tierwise.data.compared.judged_groups import judged_groups
from tierwise.data.compared.labelled import (
    SAME,
    Item,
    Label,
    add_label,
    in_asked_order,
    read_labels,
    same_items,
    values_of,
)
from tierwise.data.decision_log.views.mirrored import newest_mirrored
from tierwise.serving.dashboard.forms import read_form
from tierwise.serving.dashboard.page import Dashboard, dashboard_of, render

LABELS_FILE = "labels.jsonl"
N_WANTED = 100
_VALUES: dict[str, bool | None] = {"yes": True, "no": False, "skip": None}


def label(request: Request) -> Response:
    """The next pair in a random order, and what the labels say so far."""
    dashboard = dashboard_of(request)
    items, labels = _items(dashboard), read_labels(labels_path(dashboard))
    done = {(each.step_id, each.tier) for each in labels if each.question == SAME}
    left = [item for item in items if (item.step_id, item.tier) not in done]
    return render(
        request,
        "label.html",
        active="certificate",
        item=left[0] if left else None,
        answers=in_asked_order(left[0]) if left else (),
        n_done=len(done),
        n_items=len(items),
        n_wanted=N_WANTED,
        least=MIN_LABELS,
        groups=list(judged_groups(items, values_of(items, labels, SAME))),
        path=labels_path(dashboard),
    )


async def add(request: Request) -> Response:
    """Keeps what the person said of a pair, and leads to the next one."""
    form = await read_form(request)
    await run_in_threadpool(_keep, dashboard_of(request), form)
    return RedirectResponse(f"{request.scope.get('root_path', '')}/label", 303)


def labels_path(dashboard: Dashboard) -> Path:
    return dashboard.service.settings.state_folder / LABELS_FILE


def _keep(dashboard: Dashboard, form: dict[str, str]) -> None:
    named = (form.get("step_id"), form.get("tier"))
    if form.get("value") not in _VALUES:
        raise HTTPException(422, "A label is yes, no or skip.")
    if not any((item.step_id, item.tier) == named for item in _items(dashboard)):
        raise HTTPException(409, "This pair is not among the newest mirrored answers any more; go on with the next.")
    step_id, tier = named
    add_label(
        labels_path(dashboard),
        Label(str(step_id), str(tier), SAME, _VALUES[form["value"]], "dashboard", time.time()),
    )


def _items(dashboard: Dashboard) -> list[Item]:
    return same_items(dashboard.reader.ask(newest_mirrored), dashboard.top_tier)
