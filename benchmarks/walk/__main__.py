"""From observed traffic to a routed, audited service, with two real local models below a simulated top tier, offline.

    python -m benchmarks.walk --models FOLDER --out FOLDER [--mirrored 400] [--routed 120] [--python INTERPRETER]

The models are those of the sample log (data/samples/README.md says how to get them). The top tier is no model: it
answers what the generator of the steps knows to be right, and is marked as simulated. So the walk shows the mechanism
on real answers of real cheap models; what it saves says nothing about hosted ones.
"""

import argparse
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.plans.__main__ import local_model
from benchmarks.walk.asked import REFERENCE, Ask, ReferenceSolver, walk_asks
from benchmarks.walk.live import ROOT, Answered, mirrored, outcomes_of, served, told_on_certificate
from tierwise.agents.collect import Backend
from tierwise.agents.collect.model_server import model_server
from tierwise.data.samples import sample_tiers_path
from tierwise.data.samples.verifiers import verify

TOP, CHEAPER = "frontier", ("small", "mid")
AUDIT_SHARE = 0.25
ADDRESSES = {"small": "http://127.0.0.1:8081/v1", "mid": "http://127.0.0.1:8082/v1", TOP: "https://api.example.com/v1"}


@dataclass(slots=True)
class Timeline:
    """What happened when, in seconds since the beginning."""

    began: float = field(default_factory=time.monotonic)
    rows: list[tuple[float, str, str]] = field(default_factory=list)

    def note(self, what: str, found: str) -> None:
        self.rows.append((time.monotonic() - self.began, what, found))
        print(f"{self.rows[-1][0]:7.0f} s  {what}: {found}", flush=True)

    def table(self) -> str:
        lines = [f"| {seconds / 60:.1f} min | {what} | {found} |" for seconds, what, found in self.rows]
        return "\n".join(["| after | | found |", "|---|---|---|", *lines])


def main() -> None:
    given = _arguments()
    given.out.mkdir(parents=True, exist_ok=True)
    asks = walk_asks(given.mirrored + given.routed)
    with ExitStack() as stack:
        local = {tier: stack.enter_context(local_model(given.models, tier, given.python)) for tier in CHEAPER}
        addresses = local | {TOP: stack.enter_context(serving(ReferenceSolver(asks)))}
        timeline = walk(given.out, addresses, asks[: given.mirrored], asks[given.mirrored :])
    (given.out / "timeline.md").write_text(f"{timeline.table()}\n", encoding="utf-8")


def walk(out: Path, addresses: dict[str, str], observed: Sequence[Ask], routed: Sequence[Ask]) -> Timeline:
    """Observe and mirror, train, route and audit; everything it leaves lies in ``out``."""
    timeline, log_url = Timeline(), f"sqlite:///{out.resolve()}/decisions.db"
    tiers = out.resolve() / "tiers.toml"
    tiers.write_text(tiers_at(addresses), encoding="utf-8")
    service = ("--tiers", str(tiers), "--log-url", log_url, "--mirror-usd-per-day", "2", "--mirror-share")
    with served(out, "--observe", *service, "1") as address:

        def note(n_done: int) -> None:
            if n_done % 100 == 0 or n_done == len(observed):
                timeline.note(f"{n_done} calls mirrored", f"mid: {told_on_certificate(address, 'mid')}")

        mirrored(address, observed, REFERENCE, len(CHEAPER), noted=note)
    said = _train(out, tiers, log_url)
    timeline.note("trained", " ".join(line.strip() for line in said.splitlines() if "at most   3%" in line))
    with served(out, "--bundle", str(out.resolve() / "bundle"), *service, str(AUDIT_SHARE)) as address:
        answered = mirrored(address, routed, "auto", 0)
        timeline.note("routed", f"{_shares(answered)}; {_right(routed, answered)}")
        time.sleep(2 * AUDIT_SHARE)  # the last audits are on their way
        timeline.note("audited", _audited(address, answered))
    return timeline


@contextmanager
def serving(backend: Backend) -> Iterator[str]:
    """A backend behind the OpenAI form, in a thread of this process; its address."""
    with model_server(backend) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()


def tiers_at(addresses: dict[str, str]) -> str:
    """The tiers of the sample log, at these addresses and without keys; the top one named as what it is."""
    text = sample_tiers_path().read_text(encoding="utf-8")
    for tier, address in addresses.items():
        text = text.replace(ADDRESSES[tier], address)
    return text.replace('api_key_env = "FRONTIER_API_KEY"\n', "").replace('"reference-solver"', f'"{REFERENCE}"')


def _train(out: Path, tiers: Path, log_url: str) -> str:
    command = [sys.executable, "-m", "tierwise", "train", "--log", log_url, "--tiers", str(tiers)]
    options = ["--target", "same-answer", "--no-track", "--out", str(out.resolve() / "bundle")]
    ran = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True)
    (out / "train.txt").write_text(ran.stderr, encoding="utf-8")
    if ran.returncode:
        raise SystemExit(ran.stderr)
    return ran.stderr


def _shares(answered: Sequence[Answered]) -> str:
    found = Counter(each.tier for each in answered)
    return ", ".join(f"{found[tier]} of {len(answered)} by {tier}" for tier in (*CHEAPER, TOP))


def _right(asks: Sequence[Ask], answered: Sequence[Answered]) -> str:
    n_right = sum(verify(ask.verify, each.output) for ask, each in zip(asks, answered, strict=True))
    return f"{n_right} of {len(asks)} answers pass their verifier"


def _audited(address: str, answered: Sequence[Answered]) -> str:
    audits = [
        outcome
        for each in answered
        if each.tier != TOP
        for outcome in outcomes_of(address, each.decision_id)
        if outcome.get("mirror")
    ]
    n_same = sum(outcome.get("is_same") is True for outcome in audits)
    return f"{n_same} of {len(audits)} audited answers are the top tier's"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, required=True, help="folder of the GGUF files")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--mirrored", type=int, default=400, help="calls that are observed and mirrored")
    parser.add_argument("--routed", type=int, default=120, help="calls that are routed and audited")
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has xllamacpp")
    return parser.parse_args()


if __name__ == "__main__":
    main()
