"""The likelihood of partly observed outcomes under the tier chain (:mod:`tierwise.router_model.chain`).

Each tier's success is observed or unknown. The states before the tiers form a two-state hidden Markov chain, so the
forward-backward recursions (Rabiner, 1989, "A tutorial on hidden Markov models", section III) give, for every row of
the chain, the probability that the row was at risk and that it succeeded, given what was seen. The gradient
of the negative log-likelihood with respect to a row's log-odds is then ``at_risk * p - succeeded``, whatever the kind
of log: full information, one attempt a step, an escalation, or all of them mixed. It is valid whenever the choice
of attempts depends on the step and on what was already seen, and on nothing else. docs/learning.md has the derivation.
"""

from dataclasses import dataclass

import numpy as np

from tierwise.router_model.chain import Floats, TierProbabilities


@dataclass(frozen=True, slots=True)
class ChainPosterior:
    """Posteriors float64 [n, 2 k - 1] in the order of the chain rows, and ``log_likelihood`` float64 [n].

    ``at_risk`` is P(the step reaches the row's state | seen), ``succeeded`` P(it does and the tier succeeds | seen).
    """

    at_risk: Floats
    succeeded: Floats
    log_likelihood: Floats


def chain_posterior(probabilities: TierProbabilities, success: Floats) -> ChainPosterior:
    """``success`` is float64 [n, k]: 1, 0, or NaN for unknown."""
    hazard, keep = probabilities.hazard, probabilities.keep
    n, n_tiers = success.shape
    may_succeed = np.where(success == 0, 0.0, 1.0)
    may_fail = np.where(success == 1, 0.0, 1.0)
    hit0, miss0 = hazard * may_succeed, (1 - hazard) * may_fail
    hit1, miss1 = keep * may_succeed, (1 - keep) * may_fail

    forward = np.zeros((n_tiers + 1, n, 2))
    forward[0, :, 0] = 1.0
    for t in range(n_tiers):
        forward[t + 1, :, 0] = forward[t, :, 0] * miss0[:, t]
        forward[t + 1, :, 1] = forward[t, :, 0] * hit0[:, t] + forward[t, :, 1] * (hit1[:, t] + miss1[:, t])
    evidence = np.maximum(forward[n_tiers].sum(axis=1), 1e-300)

    at_risk = np.zeros((n, 2, n_tiers))
    succeeded = np.zeros((n, 2, n_tiers))
    backward = np.ones((n, 2))
    for t in reversed(range(n_tiers)):
        succeeded[:, 0, t] = forward[t, :, 0] * hit0[:, t] * backward[:, 1]
        succeeded[:, 1, t] = forward[t, :, 1] * hit1[:, t] * backward[:, 1]
        at_risk[:, 0, t] = succeeded[:, 0, t] + forward[t, :, 0] * miss0[:, t] * backward[:, 0]
        at_risk[:, 1, t] = succeeded[:, 1, t] + forward[t, :, 1] * miss1[:, t] * backward[:, 1]
        backward = np.stack(
            [hit0[:, t] * backward[:, 1] + miss0[:, t] * backward[:, 0], (hit1[:, t] + miss1[:, t]) * backward[:, 1]],
            axis=1,
        )
    return ChainPosterior(
        _as_chain_rows(at_risk) / evidence[:, None], _as_chain_rows(succeeded) / evidence[:, None], np.log(evidence)
    )


def expected_success(probabilities: TierProbabilities, success: Floats) -> Floats:
    """P(each tier succeeds | seen), float64 [n, k]: what was seen where it was, the posterior elsewhere."""
    posterior = chain_posterior(probabilities, success)
    n_tiers = success.shape[1]
    expected = posterior.succeeded[:, :n_tiers].copy()
    expected[:, 1:] += posterior.succeeded[:, n_tiers:]
    return np.asarray(np.where(np.isnan(success), expected, success))


def _as_chain_rows(by_state: Floats) -> Floats:
    """[n, 2, k] to [n, 2 k - 1]: hazard rows, then keep rows without the cheapest tier's."""
    return np.hstack([by_state[:, 0, :], by_state[:, 1, 1:]])
