"""Which arm of an experiment a task belongs to: a hash, so that every replica and every analysis finds the same."""

from hashlib import blake2b

from tierwise.data.experiments import Arm, Experiment

_UNITS = float(1 << 53)


def hash_unit(*parts: str) -> float:
    """A number in [0, 1) that depends on ``parts`` and on nothing else, uniform over different parts.

    >>> hash_unit("salt", "t-1") == hash_unit("salt", "t-1")
    True
    """
    content = b"".join(len(part).to_bytes(8, "big") + part.encode("utf-8", "surrogatepass") for part in parts)
    digest = blake2b(content, digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / _UNITS


def assigned_arm(experiment: Experiment, unit_id: str) -> Arm:
    """The arm of a task. The arms lie side by side on [0, 1), the control first, each as long as its share.

    ``unit_id`` is the task id; a step without one is a task of its own, by its decision id.
    """
    place = hash_unit(experiment.salt, unit_id)
    end = 0.0
    for arm in experiment.arms:
        end += arm.share
        if place < end:
            return arm
    return next(arm for arm in reversed(experiment.arms) if arm.share > 0)
