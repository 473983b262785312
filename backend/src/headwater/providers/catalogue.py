"""Which models there are, and who answers for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from headwater.generation.provider import Provider


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be asked: `id` is `<provider>/<name>`, `context_window` in tokens if known."""

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
        """Who answers."""
        ...

    async def models(self) -> Sequence[Model]:
        """Its models, the one to prefer first; one named `default` where a server does not tell."""
        ...

    async def offers(self, name: str) -> bool:
        """Whether it can be asked for a model of that name (the id without its prefix)."""
        ...


class Catalogue:
    """All sources, in the order in which they are preferred."""

    def __init__(self, sources: Sequence[Source], default: str | None = None) -> None:
        self._sources = {source.name: source for source in sources}
        self._default = default

    async def models(self) -> list[Model]:
        """Every model of every source."""
        return [model for source in self._sources.values() for model in await source.models()]

    async def default(self) -> str:
        """The id of the model that answers when none is named."""
        return self._default or (await self.models())[0].id

    async def find(self, model: str) -> tuple[Model, Source, str] | None:
        """A model, its source and its name there, or None when nobody offers it."""
        prefix, _, name = model.partition("/")
        source = self._sources.get(prefix)
        if source is None or not await source.offers(name):
            return None
        listed = {found.id: found for found in await source.models()}
        return listed.get(model, Model(model, name, prefix)), source, name
