"""What the routes share: JSON answers, and how their bodies stand in the OpenAPI document."""

from typing import Any

from fastapi import Response
from pydantic import BaseModel
from pydantic_core import to_json

from tierwise.serving.http.problems import MEDIA_TYPE
from tierwise.serving.http.schemas import ProblemAnswer


def json_answer(content: object) -> Response:
    """``content`` as JSON; a number that JSON does not have becomes null."""
    return Response(to_json(content, inf_nan_mode="null"), media_type="application/json")


def json_body(model: type[BaseModel], or_list: bool = False) -> dict[str, Any]:
    """``openapi_extra`` for a route that reads its body itself."""
    reference: dict[str, Any] = {"$ref": f"#/components/schemas/{model.__name__}"}
    schema = {"anyOf": [reference, {"type": "array", "items": reference}]} if or_list else reference
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def problem_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """``responses`` for the problem documents that a route may answer with."""
    reference = {"$ref": f"#/components/schemas/{ProblemAnswer.__name__}"}
    content = {MEDIA_TYPE: {"schema": reference}}
    return {status: {"description": "A problem document.", "content": content} for status in statuses}


def json_answers(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """``responses`` for the good answer of a route that builds its response itself."""
    reference = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {200: {"description": "Done.", "content": {"application/json": {"schema": reference}}}}
