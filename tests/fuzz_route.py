"""Coverage-guided fuzz of everything that a body of ``/route`` meets before a router does; ``make fuzz`` runs it.

    python tests/fuzz_route.py FOLDER [libFuzzer options, such as -runs=200000]

``FOLDER`` keeps what was found; it begins with bodies made of the sample log, and a dictionary of field names.
A bad body must be a 4xx; a good one must be usable by features, redaction and the decision log.
"""

import json
import sys
from itertools import islice
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["tierwise.data", "tierwise.features", "tierwise.serving"]):
    from tierwise.data.catalogue import TierCatalogue
    from tierwise.data.decision_log.texts import dump_json
    from tierwise.data.records import Step
    from tierwise.data.samples import sample_log_path, sample_tiers_path
    from tierwise.data.sensitive.redaction import Redaction, redact_step
    from tierwise.data.serialise import step_to_dict
    from tierwise.data.step_log import load_step_logs
    from tierwise.features.lexical import lexical_features
    from tierwise.features.structural import structural_features
    from tierwise.features.view import view_of
    from tierwise.router_model.options import DecideOptions
    from tierwise.serving.http.bodies import decode_json
    from tierwise.serving.http.problems import Problem
    from tierwise.serving.http.wire import parse_route_request

MAX_CHARS = 6_000


def take(body: bytes) -> None:
    """One input; anything but a 4xx or a usable step ends the run with the input in a file."""
    try:
        step = parse_route_request(decode_json(body)).step
    except Problem as problem:
        if not 400 <= problem.status < 500:
            raise
        return
    view = view_of(step)
    structural_features(step, view)
    lexical_features(view.text[:MAX_CHARS], view.n_chars)
    for mode in Redaction:
        dump_json(step_to_dict(redact_step(step, mode)))


def seed(folder: Path) -> list[str]:
    """Fills an empty folder; returns libFuzzer's arguments."""
    corpus, words = folder / "corpus", folder / "words.txt"
    corpus.mkdir(parents=True, exist_ok=True)
    options = {"options": {"max_quality_loss": 0.1, "min_tier": "mid"}, "session": {"current_tier": "mid"}}
    steps = load_step_logs([sample_log_path()], TierCatalogue.load(sample_tiers_path())).steps
    for number, logged in enumerate(islice(steps, 0, None, 40)):
        (corpus / f"seed-{number}").write_text(json.dumps({"step": step_to_dict(logged.step), **options}))
    names = [*Step.__dataclass_fields__, *DecideOptions.__dataclass_fields__, "function", "parameters", "content"]
    marks = ["null", "true", "1e999", "\\\\ud83d", "[[[["]
    words.write_text("".join(f'"{word}"\n' for word in [*(f'\\"{name}\\":' for name in names), *marks]))
    return [str(corpus), f"-dict={words}", f"-artifact_prefix={folder}/", "-max_len=4096"]


if __name__ == "__main__":
    atheris.Setup([sys.argv[0], *seed(Path(sys.argv[1])), *sys.argv[2:]], take)
    atheris.Fuzz()
