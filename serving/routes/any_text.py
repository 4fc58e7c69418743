"""A path parameter that takes every text: ids are the callers', and may hold slashes and line breaks."""

from starlette.convertors import CONVERTOR_TYPES, Convertor, register_url_convertor


class AnyText(Convertor[str]):
    """Starlette's own ``path`` stops at a line break."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


def provide_any_text() -> None:
    """Makes ``{name:any_text}`` known to routes; repeating it changes nothing."""
    if "any_text" not in CONVERTOR_TYPES:
        register_url_convertor("any_text", AnyText())
