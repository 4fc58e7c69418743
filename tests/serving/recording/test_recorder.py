"""The recorder by itself, on a real decision log: what is written, who gets which receipts, what a bad record costs."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from tierwise.data.decision_log import DecisionLog, DecisionRecord, LogUnavailableError, OutcomeReceipt
from tierwise.data.errors import LogError
from tierwise.data.records import Attempt, Decision, Outcome, Reason, Step
from tierwise.data.sensitive.redaction import Redaction
from tierwise.serving.recording import recorder as recording
from tierwise.serving.recording.limits import RecorderLimits
from tierwise.serving.recording.recorder import Recorder
from tierwise.serving.watching.metrics import Metrics

SECRET = "write to ada@example.org"
UNWRITABLE = object()  # what no JSON can hold
NEW, DUPLICATE = OutcomeReceipt(True), OutcomeReceipt(False)
UNKNOWN = OutcomeReceipt(True, is_unknown=True)

MakeRecorder = Callable[..., Recorder]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def recorder(tmp_path: Path, metrics: Metrics) -> Iterator[MakeRecorder]:
    """A recorder that is not yet started, so that what it is given waits together; stopped in the end."""
    with ExitStack() as stack:

        def make(redaction: Redaction = Redaction.FULL, **limits: object) -> Recorder:
            known: dict[str, object] = {"flush_seconds": 0.01, "drain_seconds": 5.0, "state_folder": tmp_path}
            return Recorder(
                lambda: DecisionLog.open(log_url(tmp_path)),
                redaction,
                RecorderLimits(**(known | limits)),  # type: ignore[arg-type]
                metrics,
            )

        yield make
        stack.close()


def log_url(folder: Path) -> str:
    return f"sqlite:///{folder}/decisions.db"


def decision(number: int, text: str = "Extract.", **extra: object) -> DecisionRecord:
    answered = Decision("small", "rules", "v1", Reason("rule", ""))
    return DecisionRecord(f"d-{number}", Step(text, extra=extra), answered, time.time(), step_id=f"s-{number}")


def outcome(number: int, key: str = "k", error: str | None = None, **extra: object) -> Outcome:
    return Outcome(f"d-{number}", Attempt("small", success=True, error=error, extra=extra), key)


def played(recorder: Recorder) -> None:
    """Starts and stops, so that everything that waited is written."""
    recorder.start()
    recorder.stop()


def stored(folder: Path) -> dict[str, str]:
    with DecisionLog.open(log_url(folder)) as log:
        return {step.step_id: step.step.text for step in log.logged_steps()}


def counted(metrics: Metrics, name: str) -> float:
    value = metrics.registry.get_sample_value(name)
    assert value is not None
    return value


@pytest.mark.parametrize(
    ("redaction", "text", "error"),
    [
        (Redaction.FULL, SECRET, SECRET),
        (Redaction.REDACTED, "write to [email]", "write to [email]"),
        (Redaction.FEATURES_ONLY, "", "[text]"),
    ],
)
def test_decisions_and_outcomes_are_redacted_before_they_are_stored(
    recorder: MakeRecorder, tmp_path: Path, redaction: Redaction, text: str, error: str
) -> None:
    made = recorder(redaction)
    made.record(decision(1, SECRET))
    made.report((outcome(1, error=SECRET, note=SECRET),))
    played(made)
    with DecisionLog.open(log_url(tmp_path)) as log:
        (step,) = log.logged_steps()
    assert step.step.text == text
    assert step.attempts[0].error == error
    assert step.attempts[0].extra == ({} if redaction is Redaction.FEATURES_ONLY else {"note": error})


def test_reports_that_share_a_commit_get_their_own_receipts(recorder: MakeRecorder) -> None:
    made = recorder()
    for number in (1, 2):
        made.record(decision(number))
    reports = [
        made.report((outcome(1), outcome(7), outcome(2))),
        made.report((outcome(1),)),
        made.report(()),
        made.report((outcome(2, "other"), outcome(2))),
    ]
    played(made)
    assert [report.result(timeout=0) for report in reports] == [
        (NEW, UNKNOWN, NEW),
        (DUPLICATE,),
        (),
        (NEW, DUPLICATE),
    ]


def test_outcomes_that_nobody_awaits_share_the_commit_of_the_next_that_somebody_does(
    recorder: MakeRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_written: list[int] = []
    write = DecisionLog.record_outcomes

    def counting(log: DecisionLog, batch: Sequence[Outcome]) -> tuple[OutcomeReceipt, ...]:
        n_written.append(len(batch))
        return write(log, batch)

    monkeypatch.setattr(DecisionLog, "record_outcomes", counting)
    made = recorder(flush_seconds=600.0)
    made.start()
    made.report((outcome(0),)).result(timeout=60)
    waiting = [made.report((outcome(number),), is_awaited=False) for number in range(1, 6)]
    made.report((outcome(6),)).result(timeout=60)
    assert n_written == [1, 6]
    assert [report.result(timeout=0) for report in waiting] == [(UNKNOWN,)] * 5
    made.stop()


def test_one_decision_that_cannot_be_stored_costs_only_itself(
    recorder: MakeRecorder, metrics: Metrics, tmp_path: Path
) -> None:
    made = recorder()
    for number in range(5):
        made.record(decision(number, **({"odd": UNWRITABLE} if number == 2 else {})))
    played(made)
    assert sorted(stored(tmp_path)) == ["s-0", "s-1", "s-3", "s-4"]
    assert counted(metrics, "tierwise_dropped_decisions_total") == 1
    assert made.queue_depth == 0


def test_one_report_that_cannot_be_stored_costs_only_itself(recorder: MakeRecorder, tmp_path: Path) -> None:
    made = recorder()
    made.record(decision(1))
    good = made.report((outcome(1),))
    bad = made.report((outcome(1, "bad", odd=UNWRITABLE),))
    later = made.report((outcome(1, "later"),))
    played(made)
    assert (good.result(timeout=0), later.result(timeout=0)) == ((NEW,), (NEW,))
    with pytest.raises(Exception, match="not JSON serializable"):
        bad.result(timeout=0)
    with DecisionLog.open(log_url(tmp_path)) as log:
        (step,) = log.logged_steps()
    assert len(step.attempts) == 2


def test_a_full_queue_drops_the_newcomer_and_counts_it(
    recorder: MakeRecorder, metrics: Metrics, tmp_path: Path
) -> None:
    made = recorder(queue_size=3)
    assert [made.record(decision(number)) for number in range(5)] == [True, True, True, False, False]
    assert counted(metrics, "tierwise_dropped_decisions_total") == 2
    played(made)
    assert sorted(stored(tmp_path)) == ["s-0", "s-1", "s-2"]


def test_more_than_one_batch_is_written_before_it_stops(recorder: MakeRecorder, tmp_path: Path) -> None:
    made = recorder()
    for number in range(1203):
        made.record(decision(number))
    played(made)
    assert len(stored(tmp_path)) == 1203
    assert made.is_up


def test_a_recorder_that_stops_takes_no_more_reports(recorder: MakeRecorder) -> None:
    made = recorder()
    played(made)
    with pytest.raises(LogUnavailableError, match="too many outcomes wait"):
        made.report((outcome(1),)).result(timeout=0)


def test_too_many_reports_are_refused_at_once(recorder: MakeRecorder) -> None:
    made = recorder(queue_size=2)
    reports = [made.report((outcome(number),)) for number in range(3)]
    with pytest.raises(LogUnavailableError, match="too many outcomes wait"):
        reports[2].result(timeout=0)
    played(made)
    assert reports[0].result(timeout=0) == (UNKNOWN,)


def test_a_log_that_is_away_refuses_outcomes_keeps_decisions_and_counts_what_is_left(
    metrics: Metrics, tmp_path: Path
) -> None:
    def away() -> DecisionLog:
        raise LogError("of a newer version")

    limits = RecorderLimits(flush_seconds=0.01, drain_seconds=0.0, state_folder=tmp_path)
    made = Recorder(away, Redaction.FULL, limits, metrics)
    made.record(decision(1))
    report = made.report((outcome(1),))
    played(made)
    with pytest.raises(LogUnavailableError, match="of a newer version"):
        report.result(timeout=0)
    assert made.is_up is False
    assert counted(metrics, "tierwise_dropped_decisions_total") == 1
    assert counted(metrics, "tierwise_log_errors_total") >= 1


def test_who_reads_while_the_log_is_being_opened_waits_for_it_and_not_for_one_that_is_away(
    tmp_path: Path, metrics: Metrics
) -> None:
    may_open, found = threading.Event(), []

    def open_log() -> DecisionLog:
        assert may_open.wait(60)
        return DecisionLog.open(log_url(tmp_path))

    def away() -> DecisionLog:
        raise LogUnavailableError("away")

    limits = RecorderLimits(flush_seconds=0.01, drain_seconds=5.0, state_folder=tmp_path)
    slow, gone = (Recorder(each, Redaction.FULL, limits, metrics) for each in (open_log, away))
    slow.start()
    reader = threading.Thread(target=lambda: found.append(slow.awaited_log()))
    reader.start()
    assert slow.log is None
    may_open.set()
    reader.join(60)
    assert found == [slow.log] != [None]
    slow.stop()
    gone.start()
    assert gone.awaited_log() is None
    gone.stop()


def test_a_log_that_is_away_is_asked_again_after_a_pause(
    tmp_path: Path, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(recording, "time", SimpleNamespace(monotonic=time.monotonic, sleep=pauses.append))
    n_away = iter(range(3))

    def open_log() -> DecisionLog:
        if next(n_away, None) is not None:
            raise LogUnavailableError("away")
        return DecisionLog.open(log_url(tmp_path))

    limits = RecorderLimits(flush_seconds=0.01, drain_seconds=60.0, state_folder=tmp_path)
    recorder = Recorder(open_log, Redaction.FULL, limits, metrics)
    recorder.record(decision(1))
    recorder.start()
    recorder.stop()
    assert pauses == [recording.RETRY_SECONDS] * 3
    assert counted(metrics, "tierwise_log_errors_total") == 3
