"""Write an SQL query; it is judged by the rows it returns on a small database, not by its text."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from random import Random

from tools.sample_log.families.template import Case, Example, Template
from tools.sample_log.families.texts import words


@dataclass(frozen=True, slots=True)
class Query:
    """A question with its reference query; `{n}`, `{few}`, `{city}` and `{product}` are filled in both."""

    name: str
    ask: str
    sql: str
    ordered: bool = False


ONE_TABLE = "Table orders(id, customer, city, product, quantity, price, status)."
TWO_TABLES = "Tables customers(id, name, city), orders(id, customer_id, product, quantity, price, status)."
QUERIES: dict[int, tuple[Query, ...]] = {
    1: (
        Query(
            "by_city",
            "The customer of all orders from {city}",
            "SELECT customer FROM orders WHERE city = '{city}'",
        ),
        Query("above", "The id of all orders with a price above {n}", "SELECT id FROM orders WHERE price > {n}"),
        Query(
            "count_status",
            "The number of open orders (status 'open')",
            "SELECT COUNT(*) FROM orders WHERE status = 'open'",
        ),
        Query(
            "product_ids",
            "The id of all orders of the product '{product}'",
            "SELECT id FROM orders WHERE product = '{product}'",
        ),
        Query("all_cities", "The distinct cities", "SELECT DISTINCT city FROM orders"),
        Query("max_price", "The highest price", "SELECT MAX(price) FROM orders"),
        Query("total_quantity", "The sum of quantity over all orders", "SELECT SUM(quantity) FROM orders"),
    ),
    2: (
        Query(
            "per_city",
            "Each city with its number of orders with a price above {n}",
            "SELECT city, COUNT(*) FROM orders WHERE price > {n} GROUP BY city",
        ),
        Query(
            "dearest",
            "The id of the {few} orders with the highest price, highest first",
            "SELECT id FROM orders ORDER BY price DESC LIMIT {few}",
            True,
        ),
        Query(
            "revenue",
            "The sum of price times quantity of the paid orders (status 'paid') of the product '{product}'",
            "SELECT SUM(price * quantity) FROM orders WHERE status = 'paid' AND product = '{product}'",
        ),
        Query(
            "mean_by_product",
            "Each product with the average price of its orders from {city}",
            "SELECT product, AVG(price) FROM orders WHERE city = '{city}' GROUP BY product",
        ),
        Query(
            "two_conditions",
            "The customer of open orders (status 'open') with a price above {n}",
            "SELECT customer FROM orders WHERE status = 'open' AND price > {n}",
        ),
        Query(
            "cities_with_many",
            "The cities with at least {few} orders",
            "SELECT city FROM orders GROUP BY city HAVING COUNT(*) >= {few}",
        ),
        Query(
            "not_bought",
            "The customer of all orders that are not of the product '{product}'",
            "SELECT customer FROM orders WHERE product <> '{product}'",
        ),
    ),
    3: (
        Query(
            "name_total",
            "Each customer name with the sum of price of their orders of the product '{product}'; "
            "customers without such orders have 0",
            "SELECT name, COALESCE(SUM(price), 0) FROM customers LEFT JOIN orders "
            "ON customer_id = customers.id AND product = '{product}' GROUP BY customers.id",
        ),
        Query(
            "no_orders",
            "The names of customers without any order of the product '{product}'",
            "SELECT name FROM customers WHERE id NOT IN (SELECT customer_id FROM orders WHERE product = '{product}')",
        ),
        Query(
            "above_mean",
            "The id of the orders of the product '{product}' with a price above the average price of all orders",
            "SELECT id FROM orders WHERE product = '{product}' AND price > (SELECT AVG(price) FROM orders)",
        ),
        Query(
            "best_city",
            "The city with the highest revenue (price times quantity) of the product '{product}'",
            "SELECT city FROM customers JOIN orders ON customer_id = customers.id WHERE product = '{product}' "
            "GROUP BY city ORDER BY SUM(price * quantity) DESC LIMIT 1",
        ),
        Query(
            "dearest_each",
            "Each product with the id of its order with the highest price among those with a price below {n}",
            "SELECT product, id FROM orders AS o WHERE price = "
            "(SELECT MAX(price) FROM orders WHERE product = o.product AND price < {n})",
        ),
        Query(
            "share",
            "Each city with the percentage of its orders that have a price above {n}, as a number from 0 to 100",
            "SELECT city, 100.0 * SUM(price > {n}) / COUNT(*) FROM customers JOIN orders "
            "ON customer_id = customers.id GROUP BY city",
        ),
        Query(
            "repeat_buyers",
            "The names of customers with two or more orders with a price above {n}, "
            "most such orders first, then by name",
            "SELECT name FROM customers JOIN orders ON customer_id = customers.id WHERE price > {n} "
            "GROUP BY customers.id HAVING COUNT(*) >= 2 ORDER BY COUNT(*) DESC, name",
            True,
        ),
    ),
}


def templates() -> list[Template]:
    """One template per question."""
    return [_template(level, query) for level, queries in QUERIES.items() for query in queries]


def _template(level: int, query: Query) -> Template:
    tables = ONE_TABLE if level < 3 else TWO_TABLES

    def make(rng: Random) -> Case:
        cities, products = rng.sample(words.CITIES, 3), rng.sample(words.PRODUCTS, 3)
        setup = (_one_table if level < 3 else _two_tables)(rng, cities, products)
        fill = {"n": rng.randrange(100, 260, 10), "few": rng.randint(2, 4), "city": cities[0], "product": products[0]}
        gold = query.sql.format(**fill)
        verify = {"kind": "sql_rows", "setup": setup, "expect": _rows(setup, gold), "ordered": query.ordered}
        return Case(f"{query.ask.format(**fill)}.", f"{gold};", verify)

    instruction = f"{tables} Write one SQLite query. Reply with only the SQL."
    example = Example("The id of all orders.", "SELECT id FROM orders;")
    return Template("sql", "query", level, query.name, instruction, (example,), make, max_tokens=40 + 15 * level)


def _rows(setup: str, sql: str) -> list[list[object]]:
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(setup)
        return [list(row) for row in database.execute(sql).fetchall()]


def _one_table(rng: Random, cities: list[str], products: list[str]) -> str:
    rows = []
    for number, price in enumerate(_prices(rng, 9), start=1):
        status = "open" if number % 3 == 1 else rng.choice(["open", "paid"])
        city, product = cities[number % 3 if number < 4 else rng.randrange(3)], products[number % 3]
        rows.append(
            f"({number}, '{rng.choice(words.FIRST)}', '{city}', '{product}', {rng.randint(1, 9)}, {price}, '{status}')"
        )
    return (
        f"CREATE TABLE orders(id, customer, city, product, quantity, price, status); INSERT INTO "
        f"orders VALUES {', '.join(rows)};"
    )


def _two_tables(rng: Random, cities: list[str], products: list[str]) -> str:
    names = rng.sample(words.FIRST, 5)
    customers = [f"({number}, '{name}', '{cities[number % 3]}')" for number, name in enumerate(names, start=1)]
    orders = []
    for number, price in enumerate(_prices(rng, 10), start=1):
        status = "paid" if number % 2 else rng.choice(["open", "paid"])
        # Customer 5 never orders: questions about customers without orders need one.
        orders.append(
            f"({number}, {rng.randint(1, 4)}, '{products[number % 3]}', {rng.randint(1, 9)}, {price}, '{status}')"
        )
    return (
        "CREATE TABLE customers(id, name, city); CREATE TABLE orders(id, customer_id, product, "
        "quantity, price, status); "
        f"INSERT INTO customers VALUES {', '.join(customers)}; INSERT INTO orders VALUES {', '.join(orders)};"
    )


def _prices(rng: Random, count: int) -> list[int]:
    """Distinct prices, so that 'the dearest' is one order."""
    return rng.sample(range(20, 400), count)
