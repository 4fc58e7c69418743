"""A share by a cheap judge's verdicts on many steps, corrected by a person's labels on a few of them.

The judge may be wrong in any way: its verdicts only lower the variance of what the labels say. The estimator regresses
labels on verdicts where both are known, and averages the fitted values over all steps: prediction-powered inference
with a power-tuned slope (Angelopoulos, Duchi, Zrnic, "PPI++: Efficient Prediction-Powered Inference", 2023), which for
labels drawn at random is the regression estimator of survey sampling and doubly robust (Robins, Rotnitzky, Zhao, 1994).
A judge that knows nothing gets the slope 0, and the labels alone remain.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

MIN_LABELS = 20
MIN_OF_EACH = 5
"""Labels that say yes, and that say no, at least: below that a variance cannot be told from so few, Wilson's holds."""

UNSEEN_MISTAKES = 1.0
"""Mistakes of the judge that are counted beyond those seen: of a good judge the labels may hold none at all."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bounded:
    """A share with its interval."""

    value: float
    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class JudgedShare:
    """``share`` by labels and verdicts together, ``by_labels`` by the labels alone.

    ``p_false_pass`` and ``p_false_fail`` are how often the judge passes what a person would not, and fails what a
    person would pass, among the labelled; None where there is nothing of that kind. ``n_judged`` counts the steps with
    a verdict, ``n_labels`` those with a label too.
    """

    share: Bounded
    by_labels: Bounded
    n_judged: int
    n_labels: int
    p_false_pass: float | None
    p_false_fail: float | None

    @property
    def is_calibrated(self) -> bool:
        """Whether there are labels enough to say anything."""
        return self.n_labels >= MIN_LABELS

    @property
    def n_labels_worth(self) -> float:
        """How many labels alone would give an interval as narrow."""
        return self.n_labels * (self.by_labels.width / self.share.width) ** 2 if self.share.width else math.inf


def judged_share(verdicts: Sequence[float], labels: Sequence[float], confidence: float = 0.95) -> JudgedShare:
    """The share of steps that a person would pass.

    ``verdicts`` float64 [n], the judge's, from 0 to 1; ``labels`` float64 [n], 1, 0, or NaN where nobody labelled.
    The labelled steps must have been drawn at random. Raises ``ValueError`` without a single label.
    """
    verdict, label = np.asarray(verdicts, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    is_labelled = ~np.isnan(label)
    if not is_labelled.any():
        raise ValueError("no step has a label; a judge alone proves nothing")
    said, known = label[is_labelled], verdict[is_labelled]
    alone = wilson(float(said.sum()), len(said), confidence)
    share = alone
    if min(said.sum(), len(said) - said.sum()) >= MIN_OF_EACH and len(said) >= MIN_LABELS:
        share = _regressed(verdict, known, said, confidence)
    return JudgedShare(
        share=share,
        by_labels=alone,
        n_judged=len(verdict),
        n_labels=len(said),
        p_false_pass=_mean(known[said == 0] > 0.5),
        p_false_fail=_mean(known[said == 1] < 0.5),
    )


def wilson(n_yes: float, n: int, confidence: float = 0.95) -> Bounded:
    """Wilson's interval of a share.

    >>> found = wilson(90, 100)
    >>> f"{found.value:.2f} [{found.low:.3f}, {found.high:.3f}]"
    '0.90 [0.826, 0.945]'
    """
    return _wilson(n_yes / n, n, NormalDist().inv_cdf(0.5 + confidence / 2))


def _wilson(p: float, n: float, z: float) -> Bounded:
    """``n`` may be an effective number: that of labels whose share has the variance in question."""
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Bounded(p, max(0.0, centre - half), min(1.0, centre + half))


def _regressed(verdict: Floats, known: Floats, said: Floats, confidence: float) -> Bounded:
    """The regression estimator; its variance is that of the residuals where labelled and of the fit over all steps."""
    n, n_all = len(said), len(verdict)
    spread = float(np.var(known))
    slope = float(np.cov(known, said, bias=True)[0, 1]) / spread if spread > 0 else 0.0
    fitted = said.mean() + slope * (verdict - known.mean())
    residuals = said - said.mean() - slope * (known - known.mean())
    # Each label moved the line that it is held against: its leverage says by how much (MacKinnon, White, 1985).
    leverage = 1 / n + ((known - known.mean()) ** 2 / (n * spread) if spread > 0 else 0.0)
    squares = float(np.sum((residuals / (1 - leverage)) ** 2)) + UNSEEN_MISTAKES
    variance = squares / n * (1 / n - 1 / n_all) + float(np.var(said, ddof=1)) / n_all
    value = min(1.0, max(0.0, float(fitted.mean())))
    z = _t_quantile(0.5 + confidence / 2, n - 2)
    return _wilson(value, value * (1 - value) / variance if variance > 0 else math.inf, z)


def _t_quantile(p: float, degrees: int) -> float:
    """Student's quantile by Cornish and Fisher's expansion, right to three digits from ten degrees on."""
    z = NormalDist().inv_cdf(p)
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / degrees + second / degrees**2


def _mean(values: NDArray[np.bool_]) -> float | None:
    return float(values.mean()) if len(values) else None
