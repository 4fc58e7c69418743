"""Tools with the requests that need them next."""

from __future__ import annotations

TOOL_LINES = {
    "web_search": "search the internet",
    "send_email": "send a mail",
    "read_file": "read a file",
    "write_file": "write a file",
    "run_sql": "query the database",
    "run_tests": "run the test suite",
    "calculator": "compute with numbers",
    "calendar": "read and book dates",
    "translate": "translate a text",
    "weather": "weather forecast",
    "convert_currency": "exchange rates",
    "plot": "draw a chart",
    "ask_user": "ask the user when something needed is missing",
    "deploy": "bring a version to production",
}

NEXT_TOOL: dict[int, dict[str, tuple[str, tuple[str, ...]]]] = {
    1: {
        "weather": (
            "weather",
            (
                "What is the weather in {city}?",
                "Will it rain in {city} tomorrow?",
                "Weather forecast for {city}, {n} days.",
            ),
        ),
        "email": (
            "send_email",
            (
                "Send a mail to {name}.",
                "Mail {name} the price of the {product}.",
                "Send {name} an email about {n}.",
            ),
        ),
        "translate": (
            "translate",
            (
                "Translate this text to French for {name}.",
                "Translate the {product} manual.",
                "How do you say {product} in Italian? Translate it.",
            ),
        ),
        "calculator": (
            "calculator",
            ("Compute {n} * 17.", "What is {n} plus 2.5?", "Compute the sum of {n}, 4 and 9."),
        ),
        "tests": (
            "run_tests",
            (
                "Run the tests of the {product} module.",
                "Run the test suite again, {name} changed the code.",
                "Please run all {n} tests.",
            ),
        ),
    },
    2: {
        "sql": (
            "run_sql",
            (
                "How many orders of {product}s are in our orders table?",
                "Which customer of ours bought most {product}s?",
                "List the {n} newest rows of the users table.",
            ),
        ),
        "calendar": (
            "calendar",
            (
                "When is {name} free on Friday?",
                "Reserve an hour with {name} on the {n}th.",
                "What meetings do I have tomorrow?",
            ),
        ),
        "currency": (
            "convert_currency",
            (
                "How many yen do I get for {n} euros?",
                "What are {n} dollars in pounds today?",
                "{n} francs, how much is that in euros?",
            ),
        ),
        "plot": (
            "plot",
            (
                "Show {name} the monthly sales as bars.",
                "Draw how the {product} price went over {n} weeks.",
                "A picture of the last {n} values, please.",
            ),
        ),
        "read": (
            "read_file",
            (
                "What does notes/{product}.txt say?",
                "Look into config.yaml for the port.",
                "Show the contents of /home/{name}/todo.md",
            ),
        ),
        "deploy": (
            "deploy",
            (
                "All tests are green, put version {n} live.",
                "Ship release {n} to the customers now.",
                "Bring the {product} service to production.",
            ),
        ),
    },
    3: {
        "missing": (
            "ask_user",
            (
                "Book a table for us.",
                "Send it to her, you know which one.",
                "Convert {n} into the other currency.",
                "Mail the report to the new colleague.",
            ),
        ),
        "no_search": (
            "run_sql",
            (
                "Don't search the net for it: our own records know how many {product}s {name} returned.",
                "Before you draw or mail anything, get last month's {product} revenue out of our tables.",
            ),
        ),
        "first_tests": (
            "run_tests",
            (
                "{name} wants version {n} live today, but only once we know that nothing is broken.",
                "Before you deploy the {product} fix, make sure that all checks pass.",
            ),
        ),
        "keep": (
            "write_file",
            (
                "No need to mail it, just keep these {n} lines in notes.txt for later.",
                "Instead of a chart or a message, store the translated text on disk.",
            ),
        ),
        "told": (
            "send_email",
            (
                "The figures are computed and the chart is drawn; {name} has yet to hear of it.",
                "Nothing to book: {name} only needs to be told that the {product} is here.",
            ),
        ),
        "sum": (
            "calculator",
            (
                "The rates are known: {n} euros at 1.08 plus a fee of 3. What comes out?",
                "We have the query's {n} rows at 12.5 dollars each; what is the total?",
            ),
        ),
    },
}
