"""TwinRouterBench's question bank: agents' steps with their prefix, and the cheapest of four tiers that was enough.

A row is a step, its instance the task. The bank names no models; the tiers ``low``, ``mid``, ``mid_high`` and ``high``
stand where models do, so that ``[models]`` of map.toml or the models of tiers.toml place them. The target tier and all
above it were enough; of the tier below it the bank's search showed that it was not; of cheaper ones nothing is known.
As with any verdict, it counts under a rule: ``[success] target_tier = { success = [true], failure = [false] }``.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tierwise.data.errors import RecordError
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import FoundCall
from tierwise.data.importers.reading.json_source import Numbered, guarded, read_json_objects
from tierwise.data.importers.reading.records import Call, Labels, Record, Signal
from tierwise.data.importers.reading.requests import read_request
from tierwise.data.step_log import Malformed

TIERS = ("low", "mid", "mid_high", "high")


def read_twin_bank(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """Every row, on the tiers of which the bank says something."""
    del mapping  # no name stands elsewhere
    for record in read_json_objects(path):
        if isinstance(record, Malformed):
            yield record
        else:
            yield from guarded(record, _row_records(record))


def _row_records(record: Numbered) -> Iterator[Record]:
    row, target = record.value, _target(record.value)
    if target is None:
        yield record.malformed(f"names no target_tier out of {', '.join(TIERS)}")
        return
    if not isinstance(row.get("id"), str):
        yield record.malformed("has no id")
        return
    for tier in range(max(0, target - 1), len(TIERS)):
        try:
            found = _found(row, TIERS[tier]).checked()
        except RecordError as error:
            yield record.malformed(f"row {row['id']}: {error}")
            return
        if not isinstance(found, Call):
            yield found
            return
        yield found
        yield Signal("target_tier", tier >= target, found.source_id)


def _target(row: Mapping[str, Any]) -> int | None:
    """The number of the target tier, by its name or by its id; None where it has neither, or they differ."""
    name, number = row.get("target_tier"), row.get("target_tier_id")
    by_name = TIERS.index(name) if name in TIERS else None
    by_id = number if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < len(TIERS) else None
    if name is None or number is None:
        return by_id if by_name is None else by_name
    return by_name if by_name == by_id else None


def _found(row: Mapping[str, Any], tier: str) -> FoundCall:
    benchmark, instance = str(row.get("benchmark") or "twin"), str(row.get("instance_id") or row["id"])
    request = read_request({"messages": row.get("messages")})
    scenario = row.get("scenario")
    task = f"{benchmark}/{instance}"
    return FoundCall(
        source_id=f"{row['id']}-{tier}",
        messages=request.messages,
        model=tier,
        labels=Labels(agent=benchmark, task_type=str(scenario) if scenario else benchmark, task_id=task, group=task),
        problem=request.problem,
        asked=[row["id"], row.get("messages")],
        sample=row["id"],
    )
