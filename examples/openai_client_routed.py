"""The gateway from end to end, with the real ``openai`` client and a stub provider. Needs ``tierwise[serve]`` and
``openai``:

    python examples/openai_client_routed.py
"""

from local_stack import local_stack
from openai import OpenAI

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def main() -> None:
    with local_stack() as stack:
        client = OpenAI(base_url=f"{stack.service}/v1", api_key="unused")
        for task_type, text in (("extract", "Extract the total."), ("plan", "Plan the migration.")):
            raw = client.chat.completions.with_raw_response.create(
                model="auto",
                messages=[{"role": "user", "content": text}],
                extra_body={"tierwise": {"step": {"task_type": task_type}, "task_id": "example"}},
            )
            print(f"{text:22} -> {raw.headers['x-tierwise-tier']:9} {raw.parse().choices[0].message.content}")
        answer = client.chat.completions.create(
            model="auto:best", messages=[{"role": "user", "content": "What is the weather?"}], tools=[WEATHER]
        )
        print(f"{'a tool call':22} -> {answer.model:9} {answer.choices[0].message.tool_calls[0].function.arguments}")
        stack.print_log()


if __name__ == "__main__":
    main()
