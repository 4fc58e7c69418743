"""Names, places and things to fill templates with."""

from __future__ import annotations

from random import Random

FIRST = [
    "Alice",
    "Bruno",
    "Carla",
    "Dmitri",
    "Elena",
    "Farid",
    "Greta",
    "Hiro",
    "Ines",
    "Jonas",
    "Kavya",
    "Liam",
    "Mona",
    "Nadia",
    "Oscar",
    "Priya",
    "Quinn",
    "Rosa",
    "Samir",
    "Tessa",
    "Umar",
    "Vera",
    "Wanda",
    "Xavier",
    "Yusuf",
    "Zoe",
]
LAST = [
    "Keller",
    "Okafor",
    "Novak",
    "Tanaka",
    "Silva",
    "Haddad",
    "Moreau",
    "Lindqvist",
    "Patel",
    "Brandt",
    "Castillo",
    "Yilmaz",
    "Osei",
    "Petrov",
    "Ricci",
    "Duarte",
]
CITIES = [
    "Oslo",
    "Lyon",
    "Quito",
    "Osaka",
    "Porto",
    "Cairo",
    "Lima",
    "Turin",
    "Kyiv",
    "Hanoi",
    "Perth",
    "Denver",
    "Riga",
    "Basel",
    "Dakar",
    "Leeds",
]
COMPANIES = ("Acme", "Northwind", "Globex", "Initech", "Umbra Labs", "Hooli", "Vandelay", "Contoso")
DOMAINS = ("acme.io", "mail.com", "northwind.org", "globex.net")
PRODUCTS = (
    "kettle",
    "phone",
    "router",
    "camera",
    "printer",
    "desk lamp",
    "keyboard",
    "monitor",
    "headset",
    "toaster",
)
WORDS = [
    "river",
    "copper",
    "window",
    "silent",
    "garden",
    "planet",
    "button",
    "ladder",
    "market",
    "orange",
    "velvet",
    "thunder",
    "basket",
    "mirror",
    "pencil",
    "winter",
]
SERVICES = ("auth", "billing", "search", "orders", "mailer", "gateway", "reports", "inventory")


def person(rng: Random) -> str:
    """First and last name."""
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def email(rng: Random, name: str) -> str:
    """An address made of the name."""
    return f"{name.lower().replace(' ', '.')}@{rng.choice(DOMAINS)}"


def price(rng: Random, low: float = 10.0, high: float = 999.0) -> float:
    """An amount of money with cents."""
    return round(rng.uniform(low, high), 2)
