"""The OpenAPI document: the routes read their bodies themselves, so their schemas are added here."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from tierwise.serving.http import gateway_schemas, schemas
from tierwise.serving.http.schema_fields import Documented

_TEMPLATE = "#/components/schemas/{model}"


def document_schemas(app: FastAPI) -> None:
    """Makes ``/openapi.json`` of ``app`` hold every model that its routes refer to."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    _, found = models_json_schema([(model, "validation") for model in wire_models()], ref_template=_TEMPLATE)
    components = document.setdefault("components", {})
    components["schemas"] = {**found["$defs"], **components.get("schemas", {})}
    return document


def wire_models() -> list[type[Documented]]:
    """Every model of :mod:`tierwise.serving.http.schemas` and of the gateway's."""
    members = (vars(schemas) | vars(gateway_schemas)).values()
    return [
        each for each in members if isinstance(each, type) and issubclass(each, Documented) and each is not Documented
    ]
