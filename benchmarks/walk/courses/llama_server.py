"""llama.cpp's own HTTP server for one GGUF file, with log-probabilities as providers write them.

python -m benchmarks.walk.courses.llama_server --model FILE       prints its address and serves until it is ended
"""

import argparse
import importlib
import threading
from pathlib import Path

CONTEXT_TOKENS = 4096


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    xllamacpp = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(parser.parse_args().model)
    params.n_ctx, params.n_parallel = CONTEXT_TOKENS, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1  # two collapse when cores are shared
    params.warmup, params.use_jinja, params.port = False, True, 0
    server = xllamacpp.Server(params)
    print(f"\nlistening at {server.listening_address}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
