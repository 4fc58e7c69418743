"""Sentences that name other labels than their own: scheme -> label -> sentences."""

from __future__ import annotations

Scheme = dict[str, tuple[str, ...]]

HARD: dict[str, Scheme] = {
    "support": {
        "refund": (
            (
                "I am not complaining, and I don't want to cancel anything: I only expect the "
                "money for the returned {product} back."
            ),
            ("An exchange for another {product} is no good to me; what I paid should come back to my card."),
        ),
        "cancel": (
            (
                "Upgrading the {product} was a mistake, and a cheaper plan is no use to me "
                "either. Close it down altogether."
            ),
            "I neither want money back nor help with the {product}; just make sure it does not renew.",
        ),
        "change_date": (
            "Don't cancel the {product} delivery, I am just away this week; next Tuesday would do.",
            ("The address is right, but nobody is home on the {n}th when the {product} comes; a week later suits."),
        ),
        "change_address": (
            "We moved last month, so the {product} must not go to the old flat; the date is fine.",
            ("Friday is fine for the {product}, but bring it to the office at number {n} rather than my home."),
        ),
        "invoice_copy": (
            ("No refund needed, but my accountant lost the paper of the {product} purchase and asks for it again."),
            ("I paid for the {product} and all is well, only the tax office wants to see proof of the sum."),
        ),
        "complaint": (
            "I need no refund, I just want you to know that the {product} fitter was rude to my mother.",
            "Keep the money; but {n} minutes on hold over a {product} is a disgrace.",
        ),
        "upgrade": (
            "The {product} is good but 5 users are too few for us, we would pay for {n}.",
            "We don't want to leave, quite the contrary: what does the bigger {product} plan cost?",
        ),
        "outage": (
            "Nobody in our office can reach the {product} page since 9 am, everything times out.",
            "It is not my password: all {n} of us get error 503 on the {product} site.",
        ),
    },
    "clause": {
        "liability": (
            (
                "Neither party shall owe the other more than {n} thousand dollars for any loss, "
                "even on early end of this contract."
            ),
        ),
        "termination": (
            ("Without owing damages, either side may end this agreement with {n} days of notice in writing."),
        ),
        "payment": (
            (
                "Sums are due {n} days after receipt of the bill; late sums bear interest but "
                "give no right to end the contract."
            ),
        ),
        "confidentiality": (
            ("For {n} years after the end, what {name} learned of the other's business must not be told to others."),
        ),
        "warranty": (
            ("For {n} months from delivery the {product} will work as described; beyond repair nothing is owed."),
        ),
        "jurisdiction": ("Should {name} refuse to pay or breach secrecy, only the courts of Denver shall decide.",),
    },
    "commit": {
        "fix": ("Stop adding tests that never ran: guard against empty {product} list, which threw",),
        "feature": ("Users can now export the {product} list, docs to follow, no bug involved",),
        "refactor": ("Move {product} parsing out of the fixed module; nothing changes for users",),
        "docs": ("Explain how to fix {product} tests; no code touched",),
        "test": ("Cover the new {product} feature with {n} cases; source untouched",),
        "perf": ("Same answers as before the fix, {n} times sooner, by caching the {product} table",),
    },
}
