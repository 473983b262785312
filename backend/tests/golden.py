"""The golden logs of `contract/`, and what the encoders make of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from headwater.conversations.model import GenerationRecord
from headwater.generation.codec import JsonObject, parse_outcome
from headwater.generation.log import Page
from headwater.generation.outcome import Completed, Outcome
from headwater.generation.parts import Event, parse_part, settle
from headwater.transports.encoder import Encoder
from headwater.transports.grpc import JsonCodec, frame, opening_message, page_messages
from headwater.transports.json import JsonEncoder
from headwater.transports.ndjson import NdjsonEncoder
from headwater.transports.openai_chat import OpenAIChatEncoder, completion_object
from headwater.transports.openai_error import broken_off
from headwater.transports.openai_responses import (
    OpenAIResponsesEncoder,
    last_number,
    response_object,
)
from headwater.transports.sse import SseEncoder
from headwater.transports.ui_message import UiMessageEncoder
from headwater.transports.wire import encode_json
from headwater.v1.chat_pb2 import ChatResponse

FOLDER = Path(__file__).parents[2] / "contract"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json") if "." not in path.stem)
CREATED = 1_795_680_000_000
"""When the replies of golden logs began, in milliseconds since 1970, for the transports that say so."""

GENERATION = GenerationRecord(
    id="gen_1",
    owner="me",
    conversation="conv_1",
    message="msg_1",
    parent="msg_0",
    model="scripted/echo",
    created_at=CREATED,
)

END_STREAM = frame(b"{}", 0b10)
"""What Connect says after the last message."""


@dataclass(frozen=True)
class Golden:
    """One golden log."""

    name: str
    generation: GenerationRecord
    after: int
    events: tuple[Event, ...]
    cuts: tuple[int, ...]
    outcome: Outcome
    text: str
    reasoning: str

    def pages(self) -> Iterator[Page]:
        """The pages of the response; the last one carries the outcome."""
        before = self.after
        for number, cut in enumerate(self.cuts, 1):
            outcome = self.outcome if number == len(self.cuts) else None
            yield Page(self.events[before:cut], cut, outcome)
            before = cut

    def response(self, encoder: Encoder) -> bytes:
        """The whole response in one transport."""
        pages = [encoder.page(page) for page in self.pages()]
        return b"".join([encoder.opening(self.after), *pages])

    def messages(self) -> Iterator[ChatResponse]:
        """The whole response as messages."""
        yield opening_message(self.generation, self.after)
        for page in self.pages():
            yield from page_messages(self.generation.id, page)

    def files(self) -> dict[str, bytes]:
        """What stands beside the log, by the ending of the file."""
        return {
            "sse": self.response(SseEncoder(self.generation)),
            "ndjson": self.response(NdjsonEncoder(self.generation)),
            "grpc": b"".join(frame(message.SerializeToString()) for message in self.messages()),
            "connect": b"".join(frame(JsonCodec().encode(message)) for message in self.messages())
            + END_STREAM,
            "reply.json": self._reply() + b"\n",
            **self._openai_chat(),
            **self._openai_responses(),
            "ui-message": self.response(UiMessageEncoder(self.generation)),
        }

    def _reply(self) -> bytes:
        """The whole reply as one object; it is never resumed."""
        encoder = JsonEncoder(self.generation)
        return encoder.opening(0) + encoder.page(Page(tuple(self.events), len(self.events), self.outcome))

    def _openai_chat(self) -> dict[str, bytes]:
        streamed = self.response(OpenAIChatEncoder(self.generation, usage=True))
        return {"openai-chat": streamed, "openai-chat.whole": encode_json(self._completion()) + b"\n"}

    def _openai_responses(self) -> dict[str, bytes]:
        """A reader who resumes is given what it has seen as well, and nothing of it is sent."""
        generation = replace(self.generation, id="gen_1")
        seen = last_number(generation, self.events[: self.after], None) if self.after else -1
        encoder = OpenAIResponsesEncoder(generation, None, seen)
        pages = [Page(self.events[: self.after], self.after), *self.pages()]
        answers = [encoder.opening(0), *(encoder.page(page) for page in pages)]
        whole = response_object(generation, None, self.events, self.outcome)
        return {"openai-responses": b"".join(answers), "openai-responses.whole": encode_json(whole) + b"\n"}

    def _completion(self) -> JsonObject:
        status = self.outcome.status
        if not isinstance(status, Completed):
            return broken_off(status)
        return completion_object(self.generation, settle(self.events), status.reason, self.outcome.usage)


def load(name: str) -> Golden:
    """Read one golden log."""
    found = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    start = found["start"]
    return Golden(
        name=name,
        generation=GenerationRecord(id=start.pop("generation"), owner="me", created_at=CREATED, **start),
        after=found["after"],
        events=tuple(parse_part(event) for event in found["events"]),
        cuts=tuple(found["pages"]),
        outcome=parse_outcome(found["outcome"]),
        text=found["text"],
        reasoning=found["reasoning"],
    )


def main() -> None:
    """Write the bytes of every transport anew."""
    for name in NAMES:
        for ending, content in load(name).files().items():
            (FOLDER / f"{name}.{ending}").write_bytes(content)


if __name__ == "__main__":
    main()
