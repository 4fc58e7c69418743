"""Every limit on what others send, in one place. docs/security.md says what each one protects.

Limits that an operator may want to move are settings of the service (``max_body_bytes`` and its neighbours); what
stands here is beyond every honest use.
"""

# Answers to our own calls, in bytes.
MAX_DECISION_BYTES = 128 * 1024
"""An answer of ``/route`` or ``/outcomes``: a decision with its explanation over eight tiers takes about 5 kB."""
MAX_REPLY_BYTES = 16 * 2**20
"""A model's whole answer. Half a million output tokens take about 2 MB."""
MAX_ANSWER_PARTS = 5_000
"""Texts, thoughts and tool calls of one answer, all its choices together."""
MAX_EMBEDDINGS_BYTES = 128 * 2**20
MAX_EMBEDDINGS_VALUES = 8_000_000
"""An answer of ``/embeddings``: 2,048 texts with 3,072 numbers each, written out, take about 6 million and 130 MB."""
MAX_EVENT_BYTES = 4 * 2**20
"""One event of a model's stream."""
MAX_STREAM_BYTES = 64 * 2**20
"""A model's whole stream: each token comes with some 200 bytes around it."""
MAX_PROBLEM_BYTES = 64 * 1024
"""The body of a refusal."""

# JSON.
MAX_DEPTH = 100
"""Levels of arrays and objects in each other."""
MAX_VALUES = 500_000
"""Values in one document. Each takes about 60 bytes of memory, whatever it took on the wire."""

# Numbers.
MAX_USD = 1e6
"""The price of one call, and what a step may cost."""
MAX_MS = 1e10
"""A latency: four months."""
MAX_NUMBER = 1e15
"""Any other number: beyond it, sums of squares leave what a float holds exactly by far."""
MAX_TOKENS = 10**15
"""A count of tokens, retries or steps."""
MAX_MESSAGES = 10_000
MAX_TOOLS = 2_000
MAX_EARLIER_STEPS = 32
"""Of one step; beyond them looking at each takes longer than others should wait."""

# Time, in seconds.
MAX_RETRY_AFTER_SECONDS = 60.0
"""The longest pause that a provider may ask for; who asks for more is as good as away."""

# Work on schemas and patterns.
MAX_SCHEMA_VALUES = 20_000
MAX_CHECK_STEPS = 100_000
"""Keywords looked at in one check."""
MAX_CHECK_SECONDS = 0.15
"""Processor time of one check: what no count of steps foresaw."""
MAX_CHECKED_CHARS = 1_000_000
"""An answer longer than this is not held against a schema."""
MAX_PATTERN_CHARS = 1_000
MAX_PATTERN_WORK = 5_000_000
"""Characters times states of a pattern, in one check: about half a second at worst, and mostly a thousandth of it."""

# Queues.
MAX_WAITING_BYTES = 64 * 2**20
"""What may wait in one queue of the service, beside its limit of entries."""

# Redaction, in characters. What is longer is cut and marked, never stored unseen.
MAX_REDACTED_STEP_CHARS = 500_000
MAX_REDACTED_ATTEMPT_CHARS = 65_536

# Files.
MAX_LINE_CHARS = 32 * 2**20
"""One line of a log, after decompression."""
MAX_RATIO = 100
MIN_UNPACKED_BYTES = 64 * 2**20
"""A log unpacks to five to thirty times its size; one that unpacks to more than both is taken to be a bomb."""
MAX_LINE_VALUES = 2_000_000
MAX_QUARANTINED_CHARS = 100_000
"""What a quarantine file keeps of a line."""
MAX_BUNDLE_FILE_BYTES = 512 * 2**20
