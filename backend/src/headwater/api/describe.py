"""`/openapi.json`: the description of the API, generated from its routes and their types.

quart-schema has no decorators for streams and empty answers; `answers_as` and `answers_nothing` add them.
"""

import re
from collections.abc import Callable, Iterable
from inspect import getdoc
from typing import Any, TypeVar, get_args, get_origin

from quart import Quart
from quart_schema import DataSource, Info, OpenAPIProvider, QuartSchema, Server
from werkzeug.routing import BaseConverter, Rule, UnicodeConverter

from headwater import __version__
from headwater.api.problems import MEDIA_TYPE
from headwater.api.requests import is_required
from headwater.api.responses import Problem

F = TypeVar("F", bound=Callable[..., Any])

_MEDIA_TYPES = "_headwater_media_types"
_EMPTY = "_headwater_empty_status"


def answers_as(*media_types: str) -> Callable[[F], F]:
    """Mark a route that also answers as these media types, beside the JSON of its response type, if any."""

    def mark(route: F) -> F:
        setattr(route, _MEDIA_TYPES, media_types)
        return route

    return mark


def answers_nothing(status: int) -> Callable[[F], F]:
    """Mark a route that may answer with this status and no body."""

    def mark(route: F) -> F:
        setattr(route, _EMPTY, status)
        return route

    return mark


def install_schema(app: Quart, undescribed: Iterable[str], base_path: str = "") -> None:
    """Describe the API below `base_path`, without the blueprints that are described elsewhere.

    No page shows the document, because such pages load scripts from other sites.
    """
    prefixes = tuple(f"{blueprint}." for blueprint in undescribed)

    class Provider(_Provider):
        def generate_rules(self) -> Iterable[Rule]:
            return [rule for rule in super().generate_rules() if not rule.endpoint.startswith(prefixes)]

    QuartSchema(
        app,
        info=Info(
            title="Headwater",
            version=__version__,
            description="A reply is an append-only log that any number of readers follow from a cursor.",
        ),
        servers=[Server(url=base_path)] if base_path else None,
        openapi_provider_class=Provider,
        redoc_ui_path=None,
        scalar_ui_path=None,
        swagger_ui_path=None,
        conversion_preference="pydantic",
    )


class _Provider(OpenAPIProvider):
    """Puts every type under its name into the components, so that types generated from them have names."""

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
        paths, components = super().build_paths(rule)
        route = self._app.view_functions[rule.endpoint]
        for operations in paths.values():
            for operation in operations.values():
                operation["responses"] = self._responses(route, operation["responses"], components)
        return paths, components

    def _responses(
        self, route: Callable[..., Any], described: dict[Any, Any], components: dict[str, Any]
    ) -> dict[str, Any]:
        """All answers, including streams, empty answers, and the problem that any route may return."""
        responses = {str(status): response for status, response in described.items()}
        for media_type in getattr(route, _MEDIA_TYPES, ()):
            response = responses.setdefault("200", {"description": "", "content": {}})
            response["content"].setdefault(media_type, {})
        if status := getattr(route, _EMPTY, None):
            responses[str(status)] = {"description": "Nothing"}
        problem, added = self.build_response_object(Problem, None)
        components.update(added)
        content = problem["content"]["application/json"]
        responses["default"] = {**problem, "content": {MEDIA_TYPE: content}}
        return responses

    def build_path_parameter(self, name: str, converter: BaseConverter) -> dict[str, Any]:
        described = super().build_path_parameter(name, converter)
        if not isinstance(converter, UnicodeConverter):
            described["schema"]["pattern"] = f"^{converter.regex}$"
        return described

    def build_querystring_parameters(self, model: type[Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        parameters, components = super().build_querystring_parameters(model)
        for parameter in parameters:
            parameter["required"] = model.model_fields[parameter["name"]].is_required()
        return parameters, components

    def build_request_body(
        self, model: type[Any], source: DataSource
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        described, components = super().build_request_body(model, source)
        return _named({**described, "required": is_required(model)}, components)

    def build_response_object(
        self, model: type[Any], headers_model: type[Any] | None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        described, components = super().build_response_object(model, headers_model)
        if get_origin(model) is list:
            (member,) = get_args(model)
            described["description"] = getdoc(member)
        return _named(described, components)

    def operation_id(self, method: str, path: str, _func: Callable[..., Any]) -> str:
        words = re.findall(r"[a-z]+", path)
        return "_".join((method.lower(), *words))


def _named(described: dict[str, Any], components: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    for content in described["content"].values():
        schema = content["schema"]
        if schema.get("type") == "object" and "title" in schema:
            components[schema["title"]] = schema
            content["schema"] = {"$ref": f"#/components/schemas/{schema['title']}"}
    return described, components
