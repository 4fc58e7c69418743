"""A verifier that asks a model: another step, on a tier of its own, routed and recorded like any."""

from typing import Any

from tierwise.agents.attempts.allowance import Allowance
from tierwise.agents.attempts.loop import AttemptLoop
from tierwise.agents.attempts.verdict import Verdict
from tierwise.agents.attempts.verifiers import SchemaVerifier
from tierwise.agents.upstreams import Reply
from tierwise.data.records import Step

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"passed": {"type": "boolean"}, "reason": {"type": "string"}},
    "required": ["passed", "reason"],
}
PROMPT = """You judge the answer to a task. Say whether it does everything that the task and the criteria ask for.

Task:
{task}

Criteria:
{criteria}

Answer:
{answer}

Reply with only JSON: {{"passed": true or false, "reason": "what is wrong, in one sentence, or empty"}}"""


class JudgeVerifier:
    """A model on ``tier`` or dearer judges by ``criteria``. A judge that cannot be asked leaves the reply unknown."""

    name = "judge"

    def __init__(
        self, loop: AttemptLoop, task: str, criteria: str, tier: str | None = None, catch_rate: float | None = None
    ) -> None:
        self.catch_rate = catch_rate
        self._loop = loop
        self._task = task
        self._criteria = criteria
        self._tier = tier or loop.upstreams.catalogue.top.name

    async def check(self, reply: Reply, allowance: Allowance) -> Verdict:
        answer = reply.text or str([(call.name, call.arguments) for call in reply.tool_calls])
        prompt = PROMPT.format(task=self._task, criteria=self._criteria, answer=answer)
        step = Step(text=prompt, task_type="judge", extra={"role": "judge"})
        judged = await self._loop.run(
            step,
            verifier=SchemaVerifier(SCHEMA),
            allowance=allowance,
            parameters={"temperature": 0, "max_tokens": 200},
            min_tier=self._tier,
        )
        if judged.reply is None:
            return Verdict(None, f"The judge could not be asked: {judged.failure}")
        if judged.success is not True:
            return Verdict(None, "The judge's answer could not be checked.")
        opinion = judged.reply.json()
        return Verdict(bool(opinion["passed"]), opinion["reason"], score=float(opinion["passed"]))
