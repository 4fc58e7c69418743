"""The audit trail: entries come back as they were written, in order, and survive a reopening."""

from tierwise.data.decision_log import AuditEntry, DecisionLog


def test_entries_come_back_in_order_with_their_time(url: str) -> None:
    first = AuditEntry("promote", "tierwise", "ada", "won the test", {"gates": [{"name": "success", "passed": True}]})
    with DecisionLog.open(url, clock=lambda: 100.0) as log:
        log.record_audit(first)
        log.record_audit(AuditEntry("rollback", "tierwise", "ada", "NUL \x00 and half \ud800 a pair"))
        log.record_audit(AuditEntry("promote", "other", "bob", "because"))
    with DecisionLog.open(url) as log:
        found = log.audit("tierwise")
        assert [entry.action for entry in found] == ["promote", "rollback"]
        assert found[0].evidence == first.evidence
        assert found[0].recorded_at == 100.0
        assert found[1].reason == "NUL � and half � a pair"
        assert len(log.audit()) == 3
