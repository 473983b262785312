"""`/openapi.json`: what the API takes and answers with, made from its routes and their types."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from quart import Quart
from quart_schema import DataSource, Info, OpenAPIProvider, QuartSchema
from werkzeug.routing import Rule

from headwater import __version__
from headwater.api.requests import ReplyBody

OTHER_BODIES = {"/api/conversations/{conversation}/messages/{message}/replies": ReplyBody}
"""Where one function serves several addresses and what it takes differs."""


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
        return [rule for rule in super().generate_rules() if not rule.endpoint.startswith("page.")]

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
        paths, components = super().build_paths(rule)
        for path, operations in paths.items():
            if path in OTHER_BODIES:
                body, added = self.build_request_body(OTHER_BODIES[path], DataSource.JSON)
                operations["post"]["requestBody"] = body
                components.update(added)
            operations.get("get", {}).pop("requestBody", None)
        return paths, components

    def build_request_body(
        self, model: type[Any], source: DataSource
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        return _named(*super().build_request_body(model, source))

    def build_response_object(
        self, model: type[Any], headers_model: type[Any] | None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        return _named(*super().build_response_object(model, headers_model))

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
