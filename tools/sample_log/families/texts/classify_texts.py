"""The label schemes and sentences of the classify family: difficulty -> scheme -> label -> sentences."""

from __future__ import annotations

from tools.sample_log.families.texts.classify_hard_texts import HARD, Scheme

SCHEMES: dict[int, dict[str, Scheme]] = {
    1: {
        "sentiment": {
            "positive": (
                "I love this {product}, it works perfectly.",
                "Best {product} I ever bought!",
                "The {product} arrived early and looks great.",
                "{name} is delighted with the {product}.",
            ),
            "negative": (
                "This {product} broke after {n} days.",
                "Terrible {product}, I want my money back.",
                "The {product} is far too slow and ugly.",
                "{name} hates the {product}.",
            ),
        },
        "spam": {
            "spam": (
                "You WON {n},000 dollars! Click here to claim now!!!",
                "Cheap {product} deals, {n}% off only today, buy buy buy!",
                "Hot singles near {name} are waiting, click now",
            ),
            "normal": (
                "Hi {name}, shall we meet at {n} past ten?",
                "Please find attached the quote for the {product}.",
                "{name} asked whether the {product} can come on Friday.",
            ),
        },
        "urgency": {
            "urgent": (
                "Everything is down, fix it right now!",
                "URGENT: {name} is locked out and {n} customers are waiting!",
                "The {product} is on fire, come at once!",
            ),
            "normal": (
                "No hurry, but could {name} look at the {product} next month?",
                "Whenever you have time: the {product} needs a new label.",
                "A small idea for the {product}, read it some day.",
            ),
        },
        "language": {
            "English": (
                "The {product} is on the table and {name} is at home.",
                "Where is the next train station?",
                "{name} bought {n} apples this morning.",
            ),
            "Spanish": (
                "El gato de {name} duerme en la casa.",
                "¿Dónde está la estación de tren?",
                "{name} compró {n} manzanas esta mañana.",
            ),
            "German": (
                "Die Katze von {name} schläft im Haus.",
                "Wo ist der nächste Bahnhof, bitte?",
                "{name} hat heute Morgen {n} Äpfel gekauft.",
            ),
        },
        "speech_act": {
            "question": (
                "Where is the {product}?",
                "Did {name} call already?",
                "How many people are coming, {n} or more?",
            ),
            "statement": (
                "The {product} is in the hall.",
                "{name} called {n} minutes ago.",
                "All {n} people have arrived.",
            ),
        },
        "topic": {
            "sports": (
                "{name} scored {n} points in the basketball final.",
                "The team won the football match.",
                "The marathon runner {name} set a record.",
            ),
            "food": (
                "{name} cooked a soup with {n} carrots.",
                "The pizza with fresh basil was delicious.",
                "Bake the bread for {n} minutes.",
            ),
        },
        "answer": {
            "yes": (
                "Sure, that works for me.",
                "Absolutely, count {name} in!",
                "Yes, please send {n} of them.",
            ),
            "no": (
                "Sorry, we cannot do that.",
                "No thanks, {name} is not interested.",
                "I must decline, {n} is too many.",
            ),
        },
    },
    2: {
        "shop_intent": {
            "billing": (
                "I was charged twice for the {product}.",
                "The invoice of my {product} shows a wrong sum.",
            ),
            "cancel": (
                "Please stop my {product} subscription today.",
                "I do not want the {product} plan any more, end it.",
            ),
            "shipping": (
                "Where is my {product}? It should be here since Monday.",
                "The parcel with the {product} never arrived.",
            ),
            "login": (
                "I forgot the password of my {product} account.",
                "The {product} site says my code is invalid when I sign in.",
            ),
            "praise": (
                "Just wanted to say the {product} is brilliant.",
                "Your {product} team did a wonderful job, {name} above all!",
            ),
        },
        "news_topic": {
            "business": (
                "Shares of the {product} maker rose {n} percent after strong earnings.",
                "{name}'s bank bought a rival for {n} million.",
            ),
            "science": (
                "Astronomers led by {name} found {n} new moons.",
                "A study shows how bees learn to count to {n}.",
            ),
            "politics": (
                "Parliament passed the budget by {n} votes.",
                "Senator {name} will run for president.",
            ),
            "weather": (
                "A storm will bring {n} mm of rain to the coast.",
                "Heat wave: {n} degrees expected on Sunday.",
            ),
            "culture": (
                "{name}'s new novel won the prize.",
                "The museum shows {n} paintings of the old master.",
            ),
        },
        "hr_request": {
            "leave": (
                "{name} would like to take {n} days off in May.",
                "I need to be away on Friday for a family visit.",
            ),
            "payslip": (
                "My salary statement of March is missing.",
                "{name} was paid {n} dollars less than agreed last month.",
            ),
            "hiring": (
                "Could we open a position for a second designer?",
                "{name} is a strong candidate, please invite her for a talk.",
            ),
            "training": (
                "May I join the {n}-day course on statistics?",
                "{name} asks for a workshop in public speaking.",
            ),
            "equipment": (
                "My {product} at work is broken, I need a new one.",
                "{name} starts Monday and has no laptop.",
            ),
        },
        "bug_kind": {
            "crash": (
                "The app closes at once when {name} opens the settings.",
                "Segmentation fault after {n} clicks.",
            ),
            "slow": (
                "Loading the list takes {n} seconds.",
                "The search has become sluggish since the update.",
            ),
            "layout": (
                "The button overlaps the text on small screens.",
                "The logo is {n} pixels too far to the left.",
            ),
            "data": (
                "Totals are off by {n} after the import.",
                "{name}'s address shows up in another customer's record.",
            ),
            "security": (
                "I can open {name}'s invoices without logging in.",
                "The password is visible in the address bar.",
            ),
        },
        "emotion": {
            "joy": ("We did it, I could dance all night!", "{name} cannot stop smiling about the {product}."),
            "anger": (
                "How dare they ignore me for {n} days!",
                "{name} slammed the door and shouted at the clerk.",
            ),
            "fear": (
                "I am shaking, what if the {product} explodes?",
                "{name} dares not walk home alone at night.",
            ),
            "sadness": (
                "I miss my old {product}, nothing is the same.",
                "{name} cried all evening after the farewell.",
            ),
            "surprise": (
                "Wow, I never expected {n} guests!",
                "{name} could not believe the {product} was a gift.",
            ),
        },
        "document_kind": {
            "invoice": (
                "Amount due: {n} dollars, payable within 30 days, ref {product}.",
                "Bill to {name}: 2 x {product}, total {n}.00",
            ),
            "contract": (
                "The parties, {name} and the lessor, agree on the following terms for {n} months.",
                "This agreement is governed by the laws of Ohio.",
            ),
            "resume": (
                "{name}: {n} years of experience as a nurse, BSc, fluent in French.",
                "Skills: Java, SQL. Previous employer: Acme. References on request.",
            ),
            "recipe": (
                "Stir {n} grams of flour into the butter, then bake.",
                "Serves four: dice the onions, simmer for {n} minutes.",
            ),
            "minutes": (
                "Present: {name} and two others. Decision: postpone the {product} launch.",
                "Item 3: the board approved the minutes of the last meeting, {n} votes.",
            ),
        },
    },
    3: HARD,
}

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "sentiment": (("The lamp is wonderful.", "positive"), ("The worst shoes ever.", "negative")),
    "spam": (("Free money, click this link!", "spam"), ("See you at lunch, Bo.", "normal")),
    "urgency": (("Help, the server is down now!", "urgent"), ("Some time next year is fine.", "normal")),
    "language": (
        ("Das Wetter ist schön.", "German"),
        ("La sopa está fría.", "Spanish"),
        ("The dog is big.", "English"),
    ),
    "speech_act": (("What time is it?", "question"), ("It is late.", "statement")),
    "topic": (("The tennis match took three hours.", "sports"), ("Add salt to the salad.", "food")),
    "answer": (("Of course, gladly!", "yes"), ("I am afraid not.", "no")),
    "shop_intent": (("How do I reset my password?", "login"), ("My package is late.", "shipping")),
    "news_topic": (("The opera opened to applause.", "culture"), ("Snow is expected tomorrow.", "weather")),
    "hr_request": (
        ("I want to take vacation next week.", "leave"),
        ("Can I attend a Python class?", "training"),
    ),
    "bug_kind": (
        ("The page takes forever to open.", "slow"),
        ("The program quits when I press save.", "crash"),
    ),
    "emotion": (("I am so happy today!", "joy"), ("He wept for hours.", "sadness")),
    "document_kind": (
        ("Mix the eggs with sugar and bake.", "recipe"),
        ("Total due: 40 dollars by May 1.", "invoice"),
    ),
    "support": (("Please send last year's bill of the desk once more.", "invoice_copy"),),
    "clause": (("What is told in confidence stays with the parties.", "confidentiality"),),
    "commit": (("Describe the install steps", "docs"),),
}

__all__ = ["EXAMPLES", "SCHEMES", "Scheme"]
