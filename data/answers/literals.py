"""Reads values and calls as models write them: JSON, Python, and what lies between (names without quotes).

One pass, no recursion on text beyond ``MAX_DEPTH``, linear in its length.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 40

_SPACE = re.compile(r"\s*")
_STRING = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'', re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w.:/-]*")
_KEYWORD = re.compile(r"\s*(?P<name>[^\W\d]\w*)\s*(?:=(?!=)|:(?!:))\s*")
_BARE_STOP = re.compile(r"[\[\](){},\"']")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\n": ""}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_CLOSERS = {"[": "]", "{": "}", "(": ")"}
_WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None, "none": None}


class UnreadableError(ValueError):
    """The text is no value of this notation."""


@dataclass(frozen=True, slots=True)
class Bare:
    """Text without quotes: a number, a name, an expression."""

    text: str


@dataclass(frozen=True, slots=True)
class CallText:
    """``name(...)``: positional values and named ones."""

    name: str
    values: tuple[Any, ...]
    named: Mapping[str, Any]


class LiteralReader:
    """Reads from ``text``, forwards."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def value(self, depth: int = 0) -> Any:
        """The next value: dict, list, str, ``Bare`` or a word's value. Raises ``UnreadableError``."""
        if depth > MAX_DEPTH:
            raise UnreadableError("nested too deep")
        char = self.peek()
        if not char:
            raise UnreadableError("an empty value")
        if char == "{":
            return self._object(depth)
        if char in "[(":
            return self._list(depth)
        if char in "\"'":
            found = _STRING.match(self.text, self.place)
            if found:
                self.place = found.end()
                if self.peek() in ",)]}" or self._at_colon():
                    return _unescaped(found.group())
                self.place = found.start()
        return self._bare()

    def calls(self) -> list[CallText]:
        """``f(...)``, ``[f(...), g(...)]`` or several after each other, to the end of the text."""
        found: list[CallText] = []
        if self.peek() == "[":
            self.place += 1
        while self.peek():
            if self.peek() in ",;]":
                self.place += 1
                continue
            found.append(self.call())
        return found

    def call(self, depth: int = 0) -> CallText:
        """One call. Raises ``UnreadableError``."""
        self.peek()
        name = _NAME.match(self.text, self.place)
        if not name:
            raise UnreadableError("no name")
        self.place = name.end()
        if self.peek() != "(":
            raise UnreadableError("no call")
        self.place += 1
        values: list[Any] = []
        named: dict[str, Any] = {}
        while (char := self.peek()) != ")":
            if not char:
                raise UnreadableError("the call does not end")
            if char == ",":
                self.place += 1
                continue
            keyword = _KEYWORD.match(self.text, self.place)
            if keyword:
                self.place = keyword.end()
                named[keyword.group("name")] = self.value(depth + 1)
            else:
                values.append(self.value(depth + 1))
        self.place += 1
        return CallText(name.group(), tuple(values), named)

    def peek(self) -> str:
        """The next character that is no space; "" at the end."""
        found = _SPACE.match(self.text, self.place)
        self.place = found.end() if found else self.place
        return self.text[self.place : self.place + 1]

    def _at_colon(self) -> bool:
        return self.peek() in ":=" or not self.peek()

    def _object(self, depth: int) -> dict[str, Any]:
        self.place += 1
        found: dict[str, Any] = {}
        while (char := self.peek()) != "}":
            if not char:
                raise UnreadableError("the object does not end")
            if char == ",":
                self.place += 1
                continue
            key = self._key(depth)
            if self.peek() not in ":=" or not self.peek():
                raise UnreadableError("a key without a value")
            self.place += 1
            found[key] = self.value(depth + 1)
        self.place += 1
        return found

    def _key(self, depth: int) -> str:
        if self.peek() in {'"', "'"}:
            return str(self.value(depth + 1))
        found = re.compile(r"[^\s:={},\[\]()]+").match(self.text, self.place)
        if not found:
            raise UnreadableError("no key")
        self.place = found.end()
        return found.group()

    def _list(self, depth: int) -> list[Any]:
        closer = _CLOSERS[self.text[self.place]]
        self.place += 1
        found: list[Any] = []
        while (char := self.peek()) != closer:
            if not char:
                raise UnreadableError("the list does not end")
            if char == ",":
                self.place += 1
                continue
            found.append(self.value(depth + 1))
        self.place += 1
        return found

    def _bare(self) -> Any:
        """Up to the comma or bracket that ends it; brackets and strings inside belong to it."""
        start, open_brackets = self.place, 0
        while found := _BARE_STOP.search(self.text, self.place):
            char = found.group()
            self.place = found.end()
            if char in "\"'":
                string = _STRING.match(self.text, found.start())
                self.place = string.end() if string else found.end()
            elif char in "[({":
                open_brackets += 1
            elif open_brackets and char in "])}":
                open_brackets -= 1
            elif not open_brackets:
                self.place = found.start()
                break
        else:
            self.place = len(self.text)
        text = self.text[start : self.place].strip()
        if not text:
            raise UnreadableError("an empty value")
        return _WORDS[text.lower()] if text.lower() in _WORDS else Bare(text)


def _unescaped(literal: str) -> str:
    inner = literal[3:-3] if literal.startswith('"""') else literal[1:-1]
    return _ESCAPE.sub(_escape, inner) if "\\" in inner else inner


def _escape(found: re.Match[str]) -> str:
    code = found.group(1)
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return _ESCAPES.get(code, code if code in "\"'\\/" else f"\\{code}")
