"""`/openapi.json`: what the API takes and answers with, made from its routes and their types."""

import re
from collections.abc import Callable, Iterable
from inspect import getdoc
from typing import Any, get_args, get_origin

from quart import Quart
from quart_schema import DataSource, Info, OpenAPIProvider, QuartSchema
from werkzeug.routing import Rule

from headwater import __version__
from headwater.api.problems import MEDIA_TYPE
from headwater.api.requests import ChatQuery, ReplyBody
from headwater.api.responses import Problem
from headwater.api.streaming import ENCODERS, JSON
from headwater.transports.sse import SseEncoder

REPLIES = "/api/conversations/{conversation}/messages/{message}/replies"
OTHER_BODIES = {REPLIES: ReplyBody}
"""Where one function serves several addresses and what it takes differs."""

QUERIES = {"/api/chat": ChatQuery, "/chat": ChatQuery}
"""What the plain EventSource sends to addresses that take a body otherwise."""

OTHER_MEDIA_TYPES = {
    "/api/chat": tuple(ENCODERS),
    "/chat": tuple(ENCODERS),
    REPLIES: tuple(ENCODERS),
    "/api/generations/{name}/events": (*ENCODERS, JSON),
    "/api/conversations/events": (SseEncoder.media_type,),
    "/api/conversations/{name}/export": ("text/markdown",),
    "/metrics": ("text/plain",),
}
"""What some addresses answer with beside, or instead of, an object of a type."""

ELSEWHERE = ("page.", "openai.", "ui_messages.")
"""The blueprints that are not described: the page's files, and what others describe."""

NOTHING = {
    ("delete", "/api/conversations/{name}"): "204",
    ("delete", "/api/conversations/{name}/share"): "204",
    ("post", "/api/scripted/gates/{name}"): "204",
    ("get", "/api/conversations/{name}"): "304",
    ("get", "/api/chat"): "204",
    ("get", "/chat"): "204",
    ("get", "/api/generations/{name}/events"): "204",
}
"""Who may answer with nothing."""


def install_schema(app: Quart) -> None:
    """Describe the API; the pages that show such a document would load scripts from elsewhere."""
    QuartSchema(
        app,
        info=Info(
            title="Headwater",
            version=__version__,
            description="A reply is an append-only log that any number of readers follow from a cursor.",
        ),
        openapi_provider_class=_Provider,
        redoc_ui_path=None,
        scalar_ui_path=None,
        swagger_ui_path=None,
        conversion_preference="pydantic",
    )


class _Provider(OpenAPIProvider):
    """Gives every type its name among the components, so that types made from the document have names too."""

    def generate_rules(self) -> Iterable[Rule]:
        return [rule for rule in super().generate_rules() if not rule.endpoint.startswith(ELSEWHERE)]

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
        paths, components = super().build_paths(rule)
        for path, operations in paths.items():
            if path in OTHER_BODIES:
                body, added = self.build_request_body(OTHER_BODIES[path], DataSource.JSON)
                operations["post"]["requestBody"] = body
                components.update(added)
            for method, operation in operations.items():
                if method == "get":
                    operation.pop("requestBody", None)
                if method == "get" and path in QUERIES:
                    added_parameters, added = self.build_querystring_parameters(QUERIES[path])
                    operation["parameters"] = [*operation["parameters"], *added_parameters]
                    components.update(added)
                operation["responses"] = self._responses(method, path, operation["responses"], components)
        return paths, components

    def _responses(
        self, method: str, path: str, described: dict[Any, Any], components: dict[str, Any]
    ) -> dict[str, Any]:
        """All answers: also streams, nothing at all, and the problem that every address may answer with."""
        responses = {str(status): response for status, response in described.items()}
        for media_type in OTHER_MEDIA_TYPES.get(path, ()):
            response = responses.setdefault("200", {"description": "", "content": {}})
            response["content"].setdefault(media_type, {"schema": {"type": "string"}})
        if status := NOTHING.get((method, path)):
            responses[status] = {"description": "Nothing"}
        problem, added = self.build_response_object(Problem, None)
        components.update(added)
        content = problem["content"]["application/json"]
        responses["default"] = {**problem, "content": {MEDIA_TYPE: content}}
        return responses

    def build_request_body(
        self, model: type[Any], source: DataSource
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        return _named(*super().build_request_body(model, source))

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
