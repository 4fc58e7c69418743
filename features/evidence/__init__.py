"""What an answer tells about itself: evidence that no question holds."""

from tierwise.features.evidence.answer import Answer, answers_of
from tierwise.features.evidence.vector import EVIDENCE_NAMES, StepEvidence, answers_alone, evidence_rows

__all__ = ["EVIDENCE_NAMES", "Answer", "StepEvidence", "answers_alone", "answers_of", "evidence_rows"]
