"""One import: the records of one format in, steps and a full account out. Nothing is dropped without being counted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.importers.assembling.assembly import Assembled, Assembler
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.records import Call, Frame, Record, Signal, Skipped
from tierwise.data.step_log import Malformed


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import read, and what became of it.

    ``n_records`` counts calls, frames, signals, skipped and malformed records. ``skipped`` counts well-formed records
    that are in no step, by reason.
    """

    assembled: Assembled
    malformed: tuple[Malformed, ...]
    skipped: Counter[str]
    n_records: int
    n_calls: int
    n_frames: int
    n_signals: int


def import_records(
    format_name: str,
    records: Iterable[Record],
    catalogue: TierCatalogue,
    mapping: ImportMap,
    keeps_answers: bool = True,
) -> ImportReport:
    """Reads every record of one format and ties the calls into steps, with their answers unless told not to."""
    calls: list[Call] = []
    frames: list[Frame] = []
    signals: list[Signal] = []
    malformed: list[Malformed] = []
    skipped: Counter[str] = Counter()
    n_records = 0
    for record in records:
        n_records += 1
        match record:
            case Call():
                calls.append(record)
            case Frame():
                frames.append(record)
            case Signal():
                signals.append(record)
            case Skipped():
                skipped[record.reason] += 1
            case _:
                malformed.append(record)
    assembled = Assembler(format_name, catalogue, mapping, keeps_answers).assemble(calls, frames, signals)
    for model, n_calls in assembled.unknown_models.items():
        skipped[f"model '{model}' is in no tier"] = n_calls
    skipped += assembled.undecided
    if assembled.n_wrappers:
        skipped["a span around another recording of the same call"] = assembled.n_wrappers
    skipped.update(assembled.missing)
    n_repeated = len(calls) - len({call.source_id for call in calls})
    if n_repeated:
        skipped["the same call once more"] = n_repeated
    return ImportReport(assembled, tuple(malformed), skipped, n_records, len(calls), len(frames), len(signals))
