"""What a run of MLflow tells of a training beyond its bundle: the data set, the parameters, a description, a report."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tierwise.training.config import TrainConfig
from tierwise.training.described import describe_config

if TYPE_CHECKING:
    from mlflow import MlflowClient

NOTE = "mlflow.note.content"  # what MLflow shows as the description of a run
_SECRET = re.compile(r"(?<=://)([^/@:]*):[^/]*@")
_DIGEST_CHARS = 36  # as many as MLflow keeps
_SOURCE_CHARS = 2000
_DESCRIPTION_CHARS = 5000  # as many as MLflow's stores keep of a version's description
_CUT = "\n\n(cut; the whole is card.md in the bundle)"


@dataclass(frozen=True, slots=True)
class TrainingAccount:
    """``sources`` are the logs that were read, ``n_read`` their steps; ``lines`` say what was found, one each."""

    sources: Sequence[str]
    n_read: int
    config: TrainConfig
    lines: Sequence[str] = ()

    def params(self) -> dict[str, Any]:
        """The configuration, with dots in the names of nested keys; what has no value is left out."""
        return dict(_flat(asdict(self.config), ""))

    def report(self, manifest: Mapping[str, Any]) -> Mapping[str, str]:
        """Texts by the names of their files."""
        figures = [f"| {name} | {value} |" for name, value in sorted(manifest["training"].items())]
        table = ["| figure | value |", "|---|---|", *figures]
        head = f"# Router {manifest['router_version']}"
        sources = ["Trained on:", "", *(f"- `{source}`" for source in shown(self.sources))]
        text = "\n".join([head, "", *sources, "", "```", *self.lines, "```", "", *table, ""])
        return {"training.md": text, "train.toml": describe_config(self.config)}


def describe_run(manifest: Mapping[str, Any], card: str, account: TrainingAccount | None) -> str:
    """Markdown for people who open the run: the router's ``card``, and where it was trained. Cut where MLflow cuts."""
    lines = [f"Router `{manifest['router_version']}` of Tierwise."]
    if account is not None:
        lines += ["", "Logs: " + ", ".join(f"`{source}`" for source in shown(account.sources))]
    lines += ["", card]
    if account is not None and account.lines:
        lines += ["```", *account.lines, "```"]
    text = "\n".join(lines)
    return text if len(text) <= _DESCRIPTION_CHARS else f"{text[: _DESCRIPTION_CHARS - len(_CUT)]}{_CUT}"


def log_data(client: "MlflowClient", run_id: str, manifest: Mapping[str, Any], account: TrainingAccount) -> None:
    """The data set as MLflow knows data sets: a name, a digest, where it lies, and how much it is."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    sources = shown(account.sources)
    source = json.dumps({"uri": sources[0] if len(sources) == 1 else ", ".join(sources)[:_SOURCE_CHARS]})
    found = manifest["training"]
    counted = {name: found[name] for name in ("n_steps", "n_complete", "n_tasks", "n_simulated") if name in found}
    dataset = Dataset(
        name="steps",
        digest=str(manifest["data_fingerprint"])[:_DIGEST_CHARS],
        source_type="local",
        source=source,
        profile=json.dumps({**counted, "n_read": account.n_read}),
    )
    client.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])


def shown(sources: Sequence[str]) -> list[str]:
    """Addresses without their passwords.

    >>> shown(["postgresql://ada:secret@db/log"])
    ['postgresql://ada@db/log']
    >>> shown(["redis://:secret@db/0", "postgresql://ada:p@ss@db/log"])
    ['redis://@db/0', 'postgresql://ada@db/log']
    """
    return [_SECRET.sub(r"\1@", source) for source in sources]


def _flat(raw: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in raw.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif value not in (None, ""):
            yield f"{prefix}{name}", value
