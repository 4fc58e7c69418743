"""How many decisions does text alone move? Appends flattery and filler to every step of a log and decides again.

    python -m benchmarks.attacks --bundle BUNDLE --steps LOG [--max-quality-loss 0.03]

Prints, for each attack, the share of decisions that move to a dearer and to a cheaper tier, what that costs, and what
success is lost against the top tier where all outcomes are logged (attacks that force the dear tier: RerouteGuard,
arXiv 2601.21380). Steps that the guardrails or the familiarity check already send to the top are counted with the rest.
"""

import argparse

from benchmarks.attacks.measure import measure_attacks
from tierwise.data.step_log import load_step_logs
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router


def main() -> None:
    arguments = _arguments()
    router = Router.load(arguments.bundle)
    logged = load_step_logs(arguments.steps).steps
    print(f"{len(logged)} steps, router {router.version}")
    print(f"{'attack':28}{'dearer':>9}{'cheaper':>9}{'same':>9}{'cost':>9}{'loss':>9}")
    for report in measure_attacks(router, logged, DecideOptions(max_quality_loss=arguments.max_quality_loss)):
        loss = "-" if report.loss is None else f"{report.loss:.1%}"
        shares = f"{report.p_dearer:9.1%}{report.p_cheaper:9.1%}{report.p_same:9.1%}"
        print(f"{report.name:28}{shares}{report.extra_cost:+9.1%}{loss:>9}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", required=True)
    parser.add_argument("--steps", required=True, nargs="+")
    parser.add_argument("--max-quality-loss", type=float)
    return parser.parse_args()


if __name__ == "__main__":
    main()
