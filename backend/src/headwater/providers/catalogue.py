"""The available models, and the provider of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from headwater.generation.provider import Provider


@dataclass(frozen=True, slots=True)
class Model:
    """An available model: `id` is `<provider>/<name>`, `context_window` is in tokens, if known."""

    id: str
    name: str
    provider: str
    context_window: int | None = None


class Source(Protocol):
    """One provider and the models that it offers."""

    @property
    def name(self) -> str:
        """The prefix of its models' ids."""
        ...

    @property
    def provider(self) -> Provider:
        """The provider that generates the replies of its models."""
        ...

    async def models(self) -> Sequence[Model]:
        """Its models, the preferred one first; only `default` if the server does not list them."""
        ...

    async def offers(self, name: str) -> bool:
        """Whether it has a model of this name (the id without its prefix)."""
        ...


class Catalogue:
    """All sources, in order of preference."""

    def __init__(self, sources: Sequence[Source], default: str | None = None) -> None:
        self._sources = {source.name: source for source in sources}
        self._default = default

    async def models(self) -> list[Model]:
        """Every model of every source."""
        return [model for source in self._sources.values() for model in await source.models()]

    async def default(self) -> str:
        """The id of the model for requests that name none."""
        return self._default or (await self.models())[0].id

    async def find(self, model: str) -> tuple[Model, Source, str] | None:
        """A model, its source and its name there; None if no source offers it."""
        prefix, _, name = model.partition("/")
        source = self._sources.get(prefix)
        if source is None or not await source.offers(name):
            return None
        listed = {each.id: each for each in await source.models()}
        return listed.get(model, Model(model, name, prefix)), source, name
