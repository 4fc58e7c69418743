"""The likelihood of partly observed outcomes under the tier chain (:mod:`tierwise.router_model.predicting.chain`).

Each tier's success is observed or unknown. The states before the tiers form a two-state hidden Markov chain, so the
forward-backward recursions (Rabiner, 1989, "A tutorial on hidden Markov models", section III) give, for every row of
the chain, the probability that the row was at risk and that it succeeded, given what was seen. The gradient
of the negative log-likelihood with respect to a row's log-odds is then ``at_risk * p - succeeded``, whatever the kind
of log: full information, one attempt a step, an escalation, or all of them mixed. It is valid whenever the choice
of attempts depends on the step and on what was already seen, and on nothing else. docs/learning.md has the derivation.
"""

from dataclasses import dataclass

import numpy as np

from tierwise.router_model.predicting.chain import Floats, TierProbabilities


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
    return state_posterior(probabilities.hazard, probabilities.keep, success)


def state_posterior(hazard: Floats, keep: Floats, success: Floats) -> ChainPosterior:
    """The same from the two probabilities of each tier, float64 [n, k], of which the others follow."""
    return message_posterior(hazard, keep, np.where(success == 0, 0.0, 1.0), np.where(success == 1, 0.0, 1.0))


def message_posterior(hazard: Floats, keep: Floats, may_succeed: Floats, may_fail: Floats) -> ChainPosterior:
    """The same where more than the step's own attempts speak of a tier: ``may_succeed`` and ``may_fail`` float64 [n, k]
    are the likelihoods of what was seen under its success and its failure, from 0 to 1."""
    n_tiers = hazard.shape[1]
    hazard, keep, may_succeed, may_fail = (
        np.ascontiguousarray(each.T) for each in (hazard, keep, may_succeed, may_fail)
    )
    hit0, miss0 = hazard * may_succeed, (1 - hazard) * may_fail
    hit1, miss1 = keep * may_succeed, (1 - keep) * may_fail
    any1 = hit1 + miss1

    n_steps = hazard.shape[1]
    none, some = [np.ones(n_steps)], [np.zeros(n_steps)]  # forward: no cheaper tier succeeds, one does
    for t in range(n_tiers):
        some.append(none[t] * hit0[t] + some[t] * any1[t])
        none.append(none[t] * miss0[t])
    evidence = np.maximum(none[n_tiers] + some[n_tiers], 1e-300)

    at_risk, succeeded = np.empty((2, 2 * n_tiers - 1, n_steps))
    after0, after1 = np.ones((2, n_steps))  # backward
    for t in reversed(range(n_tiers)):
        succeeded[t] = none[t] * hit0[t] * after1
        at_risk[t] = succeeded[t] + none[t] * miss0[t] * after0
        if t:  # the cheapest tier has no state above it
            row = n_tiers - 1 + t
            succeeded[row] = some[t] * hit1[t] * after1
            at_risk[row] = succeeded[row] + some[t] * miss1[t] * after1
        after0 = hit0[t] * after1 + miss0[t] * after0
        after1 = any1[t] * after1
    at_risk /= evidence
    succeeded /= evidence
    return ChainPosterior(np.ascontiguousarray(at_risk.T), np.ascontiguousarray(succeeded.T), np.log(evidence))


def expected_success(probabilities: TierProbabilities, success: Floats) -> Floats:
    """P(each tier succeeds | seen), float64 [n, k]: what was seen where it was, the posterior elsewhere."""
    posterior = chain_posterior(probabilities, success)
    n_tiers = success.shape[1]
    expected = posterior.succeeded[:, :n_tiers].copy()
    expected[:, 1:] += posterior.succeeded[:, n_tiers:]
    return np.asarray(np.where(np.isnan(success), expected, success))
