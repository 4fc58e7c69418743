"""Writes the fixtures of the importer tests with the real libraries: ``python recorders FOLDER [NAME...]``.

Everything runs offline against a local upstream. The libraries are not those of the project's own environment: see
``requirements.txt`` beside this file, and ``make test-importers``.
"""

import importlib
import re
import subprocess
import sys
from pathlib import Path

NAMES = (
    "openai_log",
    "openinference_spans",
    "traceloop_spans",
    "pydantic_ai_spans",
    "litellm_log",
    "langfuse_export",
    "langsmith_export",
    "langchain_runs",
    "mlflow_export",
)


def main(folder: Path, names: tuple[str, ...]) -> None:
    """Each recorder patches its library for good, so each runs in a process of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    if len(names) == 1:
        importlib.import_module(names[0]).record(folder)
        return
    for name in names or NAMES:
        subprocess.run([sys.executable, __file__, str(folder), name], check=True)
    for path in folder.iterdir():  # tracebacks name folders of the machine
        path.write_text(re.sub(r'(File \\")[^"\\]*/', r"\1", path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), tuple(sys.argv[2:]))
