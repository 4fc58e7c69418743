"""The circuit breaker: open after failures in a row, one probe a pause, pauses that double."""

from tierwise.agents.breaker import CircuitBreaker


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_failures_in_a_row_open_it_and_a_success_closes_it() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock, n_failures=2, pause_seconds=1)
    for note in (breaker.note_failure, breaker.note_success, breaker.note_failure):
        note()
        assert breaker.allows()
    breaker.note_failure()
    assert (breaker.is_open, breaker.allows()) == (True, False)
    clock.now = 1.0
    assert [breaker.allows(), breaker.allows()] == [True, False], "one probe a pause"
    breaker.note_success()
    assert (breaker.is_open, breaker.allows(), breaker.allows()) == (False, True, True)


def test_pauses_double_up_to_the_longest() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock, n_failures=1, pause_seconds=1, max_pause_seconds=5)
    pauses = []
    for _ in range(5):
        breaker.note_failure()
        opened = clock.now
        while not breaker.allows():
            clock.now += 0.5
        pauses.append(clock.now - opened)
    assert pauses == [1, 2, 4, 5, 5]
