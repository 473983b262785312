from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ChatRequest(_message.Message):
    __slots__ = ("message", "conversation", "parent", "model", "system", "temperature", "max_tokens", "script", "ids")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SCRIPT_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    message: str
    conversation: str
    parent: str
    model: str
    system: str
    temperature: float
    max_tokens: int
    script: Script
    ids: Ids
    def __init__(self, message: _Optional[str] = ..., conversation: _Optional[str] = ..., parent: _Optional[str] = ..., model: _Optional[str] = ..., system: _Optional[str] = ..., temperature: _Optional[float] = ..., max_tokens: _Optional[int] = ..., script: _Optional[_Union[Script, _Mapping]] = ..., ids: _Optional[_Union[Ids, _Mapping]] = ...) -> None: ...

class ReplyRequest(_message.Message):
    __slots__ = ("conversation", "to", "model", "system", "temperature", "max_tokens", "script", "ids")
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SCRIPT_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    conversation: str
    to: str
    model: str
    system: str
    temperature: float
    max_tokens: int
    script: Script
    ids: Ids
    def __init__(self, conversation: _Optional[str] = ..., to: _Optional[str] = ..., model: _Optional[str] = ..., system: _Optional[str] = ..., temperature: _Optional[float] = ..., max_tokens: _Optional[int] = ..., script: _Optional[_Union[Script, _Mapping]] = ..., ids: _Optional[_Union[Ids, _Mapping]] = ...) -> None: ...

class Ids(_message.Message):
    __slots__ = ("conversation", "message", "reply", "generation")
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REPLY_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    conversation: str
    message: str
    reply: str
    generation: str
    def __init__(self, conversation: _Optional[str] = ..., message: _Optional[str] = ..., reply: _Optional[str] = ..., generation: _Optional[str] = ...) -> None: ...

class Script(_message.Message):
    __slots__ = ("tokens_per_second", "first_token_ms", "jitter", "seed", "repeat", "faults")
    TOKENS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    FIRST_TOKEN_MS_FIELD_NUMBER: _ClassVar[int]
    JITTER_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    REPEAT_FIELD_NUMBER: _ClassVar[int]
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    tokens_per_second: float
    first_token_ms: float
    jitter: float
    seed: int
    repeat: int
    faults: _containers.RepeatedCompositeFieldContainer[Fault]
    def __init__(self, tokens_per_second: _Optional[float] = ..., first_token_ms: _Optional[float] = ..., jitter: _Optional[float] = ..., seed: _Optional[int] = ..., repeat: _Optional[int] = ..., faults: _Optional[_Iterable[_Union[Fault, _Mapping]]] = ...) -> None: ...

class Fault(_message.Message):
    __slots__ = ("after", "kind")
    AFTER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    after: int
    kind: str
    def __init__(self, after: _Optional[int] = ..., kind: _Optional[str] = ...) -> None: ...

class FollowRequest(_message.Message):
    __slots__ = ("generation", "after")
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    generation: str
    after: int
    def __init__(self, generation: _Optional[str] = ..., after: _Optional[int] = ...) -> None: ...

class CancelRequest(_message.Message):
    __slots__ = ("generation",)
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    generation: str
    def __init__(self, generation: _Optional[str] = ...) -> None: ...

class ChatResponse(_message.Message):
    __slots__ = ("token", "done", "generation", "cursor", "reasoning", "start", "outcome", "event", "data")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    REASONING_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    token: str
    done: bool
    generation: str
    cursor: int
    reasoning: str
    start: Start
    outcome: Outcome
    event: str
    data: _struct_pb2.Struct
    def __init__(self, token: _Optional[str] = ..., done: _Optional[bool] = ..., generation: _Optional[str] = ..., cursor: _Optional[int] = ..., reasoning: _Optional[str] = ..., start: _Optional[_Union[Start, _Mapping]] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., event: _Optional[str] = ..., data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class Start(_message.Message):
    __slots__ = ("conversation", "message", "parent", "model")
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    conversation: str
    message: str
    parent: str
    model: str
    def __init__(self, conversation: _Optional[str] = ..., message: _Optional[str] = ..., parent: _Optional[str] = ..., model: _Optional[str] = ...) -> None: ...

class Outcome(_message.Message):
    __slots__ = ("status", "reason", "by", "code", "message", "retryable", "usage", "timing", "no_text")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RETRYABLE_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    TIMING_FIELD_NUMBER: _ClassVar[int]
    NO_TEXT_FIELD_NUMBER: _ClassVar[int]
    status: str
    reason: str
    by: str
    code: str
    message: str
    retryable: bool
    usage: Usage
    timing: Timing
    no_text: str
    def __init__(self, status: _Optional[str] = ..., reason: _Optional[str] = ..., by: _Optional[str] = ..., code: _Optional[str] = ..., message: _Optional[str] = ..., retryable: _Optional[bool] = ..., usage: _Optional[_Union[Usage, _Mapping]] = ..., timing: _Optional[_Union[Timing, _Mapping]] = ..., no_text: _Optional[str] = ...) -> None: ...

class Usage(_message.Message):
    __slots__ = ("prompt_tokens", "completion_tokens")
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    prompt_tokens: int
    completion_tokens: int
    def __init__(self, prompt_tokens: _Optional[int] = ..., completion_tokens: _Optional[int] = ...) -> None: ...

class Timing(_message.Message):
    __slots__ = ("first_token_ms", "duration_ms", "tokens", "tokens_per_second", "longest_gap_ms", "server_ms", "provider_ms")
    FIRST_TOKEN_MS_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    LONGEST_GAP_MS_FIELD_NUMBER: _ClassVar[int]
    SERVER_MS_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_MS_FIELD_NUMBER: _ClassVar[int]
    first_token_ms: int
    duration_ms: int
    tokens: int
    tokens_per_second: float
    longest_gap_ms: int
    server_ms: int
    provider_ms: int
    def __init__(self, first_token_ms: _Optional[int] = ..., duration_ms: _Optional[int] = ..., tokens: _Optional[int] = ..., tokens_per_second: _Optional[float] = ..., longest_gap_ms: _Optional[int] = ..., server_ms: _Optional[int] = ..., provider_ms: _Optional[int] = ...) -> None: ...

class Generation(_message.Message):
    __slots__ = ("generation", "conversation", "message", "model", "cursor", "text", "outcome", "parts")
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    generation: str
    conversation: str
    message: str
    model: str
    cursor: int
    text: str
    outcome: Outcome
    parts: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, generation: _Optional[str] = ..., conversation: _Optional[str] = ..., message: _Optional[str] = ..., model: _Optional[str] = ..., cursor: _Optional[int] = ..., text: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., parts: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...
