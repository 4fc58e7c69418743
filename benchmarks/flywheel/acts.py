"""The acts of the play, in order: the story of docs/guides/flywheel.md."""

from benchmarks.flywheel.play import Play
from benchmarks.flywheel.traffic import Weather

BROKEN = Weather(broken_tier="mid")
POISONED = Weather(liar_tier="small")


def play_all(play: Play) -> None:
    """Raises ``RuntimeError`` where an act does not end as it must."""
    learn_from_the_rules(play)
    degrade_and_recover(play)
    resist_poison(play)
    promote_badly_and_take_it_back(play)


def learn_from_the_rules(play: Play) -> None:
    """The top tier decides and others are explored; a challenger learns from it, wins an experiment, is promoted."""
    began = play.traffic(1000)
    _must(play.retrain(began, test_share=0.3), 0)
    play.follow_challenger()
    _must(play.experiment("start", "--share", "0.5", "--margin", "0.05", "--exploration", "0.1"), 0)
    play.follow_experiment()
    play.note("experiment", "rules against the learned router")
    _look_until_it_wins(play)
    _must(play.experiment("stop", "--why", "decided"), 0)
    _must(play.promote("--experiment", "rules-or-learned", "--why", "won the experiment"), 0)
    play.follow_champion()
    play.note("promoted", "version 1 won and is promoted")


def degrade_and_recover(play: Play) -> None:
    """The tier ``mid`` fails silently; drift shows it; a challenger that avoids it passes the gates, if need be after
    more traffic: on few outcomes of a tier its probabilities may be refused."""
    good = play.traffic(350)
    play.note("degrades", "tier mid fails silently")
    bad = play.traffic(1700, BROKEN)
    found = play.drift(bad, good)
    if "calibration mid" not in found:
        raise RuntimeError(f"the drift of mid was not noticed: {play.timeline.commands[-1]}")
    play.note("drift", "drift noticed, retrained, gated, promoted")
    for _ in range(4):
        _, output = play.retrain(bad, test_share=0.6, max_quality_loss=0.02, margin=0.01)
        if "Every gate is passed" in output:
            break
        play.traffic(700, BROKEN)
    else:
        raise RuntimeError(output)
    _must(play.promote("--why", "mid degraded"), 0)
    play.follow_champion()


def resist_poison(play: Play) -> None:
    """Somebody reports successes of ``small`` that never ran; the challenger that believes it is refused."""
    play.traffic(250, BROKEN)
    play.note("poison", "false successes are reported")
    poisoned = play.traffic(350, Weather(broken_tier="mid", liar_tier="small"))
    play.traffic(250, BROKEN)
    _must(play.retrain(poisoned, test_share=0.4), 0)
    _must(play.promote("--why", "it is newer"), 2)
    play.note("refused", "their challenger is refused")
    play.traffic(200, BROKEN)


def promote_badly_and_take_it_back(play: Play) -> None:
    """Somebody overrules the gates; success collapses; one command takes it back."""
    _must(play.promote("--why", "trust me", "--force"), 0)
    play.follow_champion()
    play.note("forced", "it is forced in all the same")
    play.traffic(120, BROKEN)
    _must(play.rollback("success collapsed"), 0)
    play.follow_champion()
    play.note("rollback", "rolled back")
    play.traffic(200, BROKEN)


def _look_until_it_wins(play: Play) -> None:
    """A look after every hundred steps or so: the intervals allow it."""
    for _ in range(20):
        play.traffic(100)
        _, output = play.experiment("status", "--settle", "0")
        if "challenger: win." in output:
            return
    raise RuntimeError(f"the challenger never won: {output}")


def _must(ended: tuple[int, str], code: int) -> None:
    if ended[0] != code:
        raise RuntimeError(f"exit code {ended[0]} instead of {code}: {ended[1]}")
