"""The OpenAPI 3.1 document of some routes: made from the same types that read the requests.

`x-needs` is the right that a route asks for, `x-problems` the stable types that a status may have.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from cti.routes import problem as p
from cti.routes.declare import BODY, PUBLIC, Route
from cti.routes.reading import MAX_INT
from cti.routes.text import MAX_TEXT, NO_CONTROL_PATTERN

Schemas = dict[tuple[str, str], Any]
"""By the name of the route, and of the parameter, `body` or the answer."""

_ANSWER: Final = "return"  # no parameter can have this name
_REF: Final = "#/components/schemas/{name}"
_IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A request that is repeated with its key acts once and gets the same answer.",
    "schema": {"type": "string", "pattern": '^"?[A-Za-z0-9._:-]{1,128}"?$'},
}
_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of what is to be changed, as it was read.",
    "schema": {"type": "string", "pattern": '^"[A-Za-z0-9._:-]{1,128}"$'},
}


def openapi(
    routes: Sequence[Route],
    *,
    title: str,
    version: str,
    description: str = "",
    security: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The document. `security`: the schemes, each of which lets somebody in."""
    schemas, components = _schemas(routes)
    schemes = dict(security or {})
    paths: dict[str, dict[str, Any]] = {}
    for each in routes:
        operation = _operation(each, schemas, list(schemes))
        paths.setdefault(each.declared.path, {})[each.declared.method.lower()] = operation
    made: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description},
        "paths": paths,
        "components": {"schemas": components},
    }
    if schemes:
        made["components"]["securitySchemes"] = schemes
    return made


def faults_of(route: Route) -> tuple[p.Kind, ...]:
    """Every problem that a route may answer with, those of all routes included."""
    declared = route.declared
    kinds = [*declared.faults]
    if route.body is not None:
        kinds += [p.BAD_FIELD, p.BAD_JSON, p.TOO_LARGE, p.NOT_JSON, p.TOO_SLOW]
    else:
        kinds += [p.BAD_FIELD]  # a query that is not known here
    if declared.needs != PUBLIC:
        kinds += [p.NOT_SIGNED_IN, p.NOT_ALLOWED]
    if declared.once:
        kinds += [p.KEY_REUSED, p.TOO_MANY]
    if declared.if_match:
        kinds += [p.NO_VERSION, p.CHANGED]
    return tuple(dict.fromkeys(kinds))


def _schemas(routes: Sequence[Route]) -> tuple[Schemas, dict[str, Any]]:
    """Schemas and components. What comes in has the bounds that hold for all that comes in."""
    types = {("", "problem"): p.Problem}
    for each in routes:
        types |= {(each.name, parameter.name): parameter.hint for parameter in each.parameters}
        if each.body is not None:
            types[each.name, BODY] = each.body
    incoming = list(types)[1:]
    for each in routes:
        if not each.declared.produces and each.status != HTTPStatus.NO_CONTENT:
            types[each.name, _ANSWER] = each.returns
    made, components = msgspec.json.schema_components(types.values(), ref_template=_REF)
    schemas = dict(zip(types, made, strict=True))
    seen: set[str] = set()
    for key in incoming:
        _bound(schemas[key], components, seen)
    return schemas, components


def _bound(schema: Any, components: dict[str, Any], seen: set[str]) -> None:
    if isinstance(schema, list):
        for part in schema:
            _bound(part, components, seen)
    if not isinstance(schema, dict):
        return
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    if name and name not in seen:
        seen.add(name)
        _bound(components[name], components, seen)
    if schema.get("type") == "string" and not {"enum", "format"} & schema.keys():
        bounded = {"maxLength", "pattern"} & schema.keys()
        if not bounded:
            schema["maxLength"] = MAX_TEXT
        schema.setdefault("pattern", NO_CONTROL_PATTERN)
    if schema.get("type") == "integer":
        schema.setdefault("minimum", -MAX_INT)
        schema.setdefault("maximum", MAX_INT)
    for key, part in schema.items():
        if key not in ("enum", "default", "const", "examples"):
            _bound(part, components, seen)


def _operation(route: Route, schemas: Schemas, schemes: list[str]) -> dict[str, Any]:
    declared = route.declared
    made: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": route.description,
        "x-needs": declared.needs,
        "parameters": _parameters(route, schemas),
        "responses": _responses(route, schemas),
    }
    if route.body is not None:
        content = {"application/json": {"schema": schemas[route.name, BODY]}}
        made["requestBody"] = {"required": route.body_required, "content": content}
    if schemes and declared.needs != PUBLIC:
        made["security"] = [{name: []} for name in schemes]
    return {key: value for key, value in made.items() if value not in ("", [])}


def _parameters(route: Route, schemas: Schemas) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for each in route.parameters:
        schema = dict(schemas[route.name, each.name])
        if not each.required and each.default is not None:
            schema["default"] = msgspec.to_builtins(each.default)
        made.append(
            {"name": each.name, "in": each.where, "required": each.required, "schema": schema}
        )
    if route.declared.once:
        made.append(_IDEMPOTENCY_KEY)
    if route.declared.if_match:
        made.append(_IF_MATCH)
    return made


def _responses(route: Route, schemas: Schemas) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "Done"}
    if route.declared.produces:
        good["content"] = {route.declared.produces: {}}
    elif route.status != HTTPStatus.NO_CONTENT:
        good["content"] = {"application/json": {"schema": schemas[route.name, _ANSWER]}}
    made = {str(route.status): good}
    by_status: dict[int, list[p.Kind]] = {}
    for kind in faults_of(route):
        by_status.setdefault(kind.status, []).append(kind)
    for status, kinds in sorted(by_status.items()):
        made[str(status)] = {
            "description": "; ".join(kind.title for kind in kinds),
            "x-problems": [kind.urn for kind in kinds],
            "content": {p.MEDIA_TYPE: {"schema": schemas["", "problem"]}},
        }
    return made
