"""Queues with the tickets that belong in them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Board:
    """Queues by name with what they take, tickets as (text, queue), and one worked example."""

    queues: dict[str, str]
    tickets: tuple[tuple[str, str], ...]
    example: tuple[str, str]


QUEUES: dict[int, dict[str, Board]] = {
    1: {
        "sales_support": Board(
            {"sales": "buying and prices", "support": "things that do not work"},
            (
                ("How much do {n} {product}s cost?", "sales"),
                ("I want to buy a {product}.", "sales"),
                ("Price list for the {product}, please.", "sales"),
                ("My {product} does not work.", "support"),
                ("The {product} is broken, help!", "support"),
                ("{name}'s {product} does not turn on.", "support"),
            ),
            ("What is the price of a fan?", "sales"),
        ),
        "hr_it": Board(
            {"hr": "people, pay and holidays", "it": "computers and software"},
            (
                ("{name} asks for {n} days of holiday.", "hr"),
                ("The pay of {name} is late.", "hr"),
                ("{name} will be a parent in May.", "hr"),
                ("The computer of {name} is slow.", "it"),
                ("Install the new software on {n} laptops.", "it"),
                ("The {product} driver crashes.", "it"),
            ),
            ("My laptop does not start.", "it"),
        ),
        "three_desks": Board(
            {
                "billing": "invoices and payments",
                "shipping": "parcels and delivery",
                "technical": "errors and defects",
            },
            (
                ("Invoice {n} is wrong.", "billing"),
                ("I paid the {product} twice.", "billing"),
                ("The parcel to {city} is late.", "shipping"),
                ("Delivery of the {product} never came.", "shipping"),
                ("The {product} shows error {n}.", "technical"),
                ("The {product} has a defect.", "technical"),
            ),
            ("When is the parcel delivered?", "shipping"),
        ),
        "hotel": Board(
            {"kitchen": "food and drinks", "housekeeping": "rooms, towels and cleaning"},
            (
                ("Room {n} would like two sandwiches.", "kitchen"),
                ("A coffee for room {n}.", "kitchen"),
                ("{name} wants breakfast at eight.", "kitchen"),
                ("Room {n} needs fresh towels.", "housekeeping"),
                ("Please clean room {n}.", "housekeeping"),
                ("The bed in room {n} is not made.", "housekeeping"),
            ),
            ("A bottle of water for room 5.", "kitchen"),
        ),
    },
    2: {
        "six_desks": Board(
            {
                "billing": "invoices, payments",
                "shipping": "parcels",
                "technical": "defects",
                "legal": "contracts, law",
                "press": "journalists",
                "jobs": "applicants",
            },
            (
                ("{name} writes for a newspaper and asks about the {product}.", "press"),
                ("Does clause {n} allow us to resell the {product}?", "legal"),
                ("I would like to work for you in {city}.", "jobs"),
                ("The box was left at the wrong door in {city}.", "shipping"),
                ("My card was debited {n} dollars too much.", "billing"),
                ("The {product} hums and smells burnt.", "technical"),
            ),
            ("A lawyer sent us a letter.", "legal"),
        ),
        "city_hall": Board(
            {
                "roads": "streets, lights",
                "parks": "trees, playgrounds",
                "permits": "building, events",
                "waste": "bins, recycling",
                "registry": "births, marriages",
            },
            (
                ("A lamp is out in {city} street {n}.", "roads"),
                ("A branch hangs over the swings.", "parks"),
                ("{name} wants to hold a street party for {n} guests.", "permits"),
                ("Nobody has emptied the containers for {n} days.", "waste"),
                ("{name} and I wish to get married in May.", "registry"),
                ("There is a deep hole in front of number {n}.", "roads"),
            ),
            ("My garbage was not collected.", "waste"),
        ),
        "cloud_ops": Board(
            {
                "database": "queries, tables, replicas",
                "network": "DNS, latency, firewalls",
                "compute": "machines, memory, CPU",
                "identity": "logins, keys, roles",
                "cost": "bills, budgets",
            },
            (
                ("Replica {n} lags behind by an hour.", "database"),
                ("Names in {city} no longer resolve.", "network"),
                ("Node {n} ran out of memory.", "compute"),
                ("{name} cannot assume the admin role.", "identity"),
                ("We spent {n} percent more than planned.", "cost"),
                ("An index on the orders table is missing.", "database"),
            ),
            ("The firewall blocks port 443.", "network"),
        ),
        "clinic": Board(
            {
                "emergency": "danger to life",
                "pharmacy": "medicines",
                "appointments": "booking and moving visits",
                "records": "reports and copies",
                "accounts": "bills",
            },
            (
                ("{name} has chest pain and cannot breathe.", "emergency"),
                ("My pills run out in {n} days.", "pharmacy"),
                ("May I come on Thursday instead?", "appointments"),
                ("Please mail the X-ray to my doctor in {city}.", "records"),
                ("Why was I asked to pay {n} dollars?", "accounts"),
                ("I need the lab report of {name}.", "records"),
            ),
            ("I want to book a visit.", "appointments"),
        ),
    },
    3: {
        "precedence": Board(
            {
                "fraud": "any sign of a stolen card or account, whatever else is asked",
                "vip": "customers with 50 or more users, unless fraud",
                "billing": "money, for all others",
                "technical": "defects, for all others",
            },
            (
                ("We are 12 people and were billed twice for the {product}.", "billing"),
                ("With our 80 users we see the {product} fail.", "vip"),
                ("All 300 of us were charged twice, with a card {name} never owned.", "fraud"),
                ("Our team of 9 cannot print on the {product}.", "technical"),
                ("{name} did not order this {product}, and my password was changed.", "fraud"),
                ("Our 64 users want a different invoice date.", "vip"),
            ),
            ("Our 70 users cannot log in.", "vip"),
        ),
        "negations": Board(
            {
                "hardware": "the device itself",
                "software": "apps and updates",
                "account": "logins and rights",
                "training": "how to use something that works",
            },
            (
                ("The {product} is fine and so is my login; since the update the app hangs.", "software"),
                ("Nothing is broken: {name} just does not know how to print on both sides.", "training"),
                (
                    "The app is current and I know how it works, but the screen of the {product} is cracked.",
                    "hardware",
                ),
                (
                    "I can start the app on the {product}, it only says I lack the right to open it.",
                    "account",
                ),
                ("No defect, no update wanted; where do I click to sort by {n} columns?", "training"),
                ("It is not the software: even without it the {product} gets no power.", "hardware"),
            ),
            ("The keyboard lost a key.", "hardware"),
        ),
        "second_cause": Board(
            {
                "warehouse": "wrong or missing goods",
                "carrier": "late, lost or damaged on the way",
                "producer": "faults from the factory",
                "customer_care": "the customer made a mistake",
            },
            (
                (
                    "The {product} came on time and unharmed, but in blue where I had ordered red.",
                    "warehouse",
                ),
                ("The box was dented by a fall and the {product} inside has a crack.", "carrier"),
                ("Sealed, in time, the right one, and yet the {product} has no motor inside.", "producer"),
                ("I typed {n} pieces when I wanted one.", "customer_care"),
                ("All {n} customers of this batch report the same short circuit.", "producer"),
                ("Sent on the 2nd, it is still somewhere near {city} on the 20th.", "carrier"),
            ),
            ("I gave you my old address by mistake.", "customer_care"),
        ),
    },
}
