"""Who takes part: every contestant that this environment can run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.decisions.contestants.baselines import ConstantTier, SeedHeuristic, TaskTypeTable
from benchmarks.decisions.contestants.contestant import Certified, Contestant, Learner
from benchmarks.decisions.contestants.factorisation import MatrixFactorisation
from benchmarks.decisions.contestants.learned import LearnedRouter
from benchmarks.decisions.contestants.linear import LogisticByTier
from benchmarks.decisions.contestants.litellm_router import (
    LiteLlmPredictor,
    LiteLlmRules,
    LiteLlmScoreFitted,
    LiteLlmScorer,
)
from benchmarks.decisions.contestants.neighbours import NearestNeighbours
from benchmarks.decisions.contestants.vectors import FeatureVectors, SentenceVectors
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import TierwiseError


@dataclass(frozen=True, slots=True)
class Settings:
    """What every part of the benchmark reads. ``minilm`` is an exported encoder folder, ``litellm_python`` an
    interpreter that has ``litellm``; None leaves their contestants out."""

    store: Path
    minilm: Path | None = None
    litellm_python: Path | None = None
    max_quality_loss: float = 0.03
    confidence: float = 0.9


def contestants(settings: Settings, catalogue: TierCatalogue, only: Sequence[str] = ()) -> list[Contestant]:
    """Tierwise first. ``only`` keeps those whose name contains one of its texts; Tierwise always stays."""
    found: list[Contestant] = [LearnedRouter(settings.max_quality_loss)]
    found += [ConstantTier(tier, f"always {name}") for tier, name in enumerate(catalogue.names)]
    found.append(SeedHeuristic())
    learners: list[Learner] = [TaskTypeTable()]
    sentences = [SentenceVectors("static", None, settings.store)]
    if settings.minilm is not None:
        sentences.append(SentenceVectors("MiniLM", settings.minilm, settings.store))
    for vectors in sentences:
        learners += [NearestNeighbours(vectors), LogisticByTier(vectors)]
    learners += [LogisticByTier(FeatureVectors(), 0.05), MatrixFactorisation(sentences[-1])]
    if settings.litellm_python is not None:
        scorer = LiteLlmScorer.find(settings.litellm_python, settings.store)
        found.append(LiteLlmRules(scorer))
        learners += [LiteLlmPredictor(scorer), LiteLlmScoreFitted(scorer)]
    found += [Certified(learner, settings.max_quality_loss, settings.confidence) for learner in learners]
    if not only:
        return found
    kept = [one for one in found if isinstance(one, LearnedRouter) or any(text in one.name for text in only)]
    if len(kept) == 1:
        raise TierwiseError(f"--only {' '.join(only)} names nobody; there are: {', '.join(one.name for one in found)}")
    return kept
