// Written by `make types` from what `headwater openapi` prints: change the server.

/**
 * Exported conversations.
 */
export interface Archive {
  conversations: ArchiveConversation[];
  format: "headwater";
  version: 1;
}
/**
 * A conversation; `leaf` is the index of a message.
 */
export interface ArchiveConversation {
  archived?: boolean;
  created_at: string;
  leaf?: number | null;
  max_tokens?: number | null;
  messages: ArchiveMessage[];
  model?: string | null;
  pinned?: boolean;
  system?: string | null;
  temperature?: number | null;
  title: string;
  updated_at: string;
}
/**
 * A message; `parent` is the index of a message.
 */
export interface ArchiveMessage {
  created_at: string;
  left_out?: number;
  model?: string | null;
  outcome?: (CompletedOutcome | CancelledOutcome | FailedOutcome | InterruptedOutcome) | null;
  parent: number | null;
  parts?: (TextPart | ReasoningPart)[] | null;
  reasoning?: string;
  role: "user" | "assistant";
  text: string;
}
/**
 * The model finished, or reached a limit of its own.
 *
 * `no_text` says what a reply without text has instead; None for any other.
 */
export interface CompletedOutcome {
  no_text?: ("empty" | "reasoning" | "tool_call") | null;
  reason: "stop" | "length" | "content_filter";
  status: "completed";
  timing?: Timing | null;
  usage?: Usage | null;
}
/**
 * How a reply arrived from the provider; null if there was nothing to measure.
 *
 * `server_ms` is the time from the arrival of the request to our request to the provider, `provider_ms` the
 * time from there to the first token; older replies have neither.
 */
export interface Timing {
  duration_ms: number;
  first_token_ms: number | null;
  longest_gap_ms: number | null;
  provider_ms?: number | null;
  server_ms?: number | null;
  tokens: number;
  tokens_per_second: number | null;
}
/**
 * Tokens as the provider counted them.
 */
export interface Usage {
  completion_tokens: number;
  prompt_tokens: number;
}
/**
 * A user stopped the reply, or nobody was reading it any more.
 */
export interface CancelledOutcome {
  by: "user" | "abandoned";
  status: "cancelled";
  timing?: Timing | null;
  usage?: Usage | null;
}
/**
 * The reply failed. `message` is for people: no secrets, no addresses, no stack traces.
 */
export interface FailedOutcome {
  code:
    | "provider_error"
    | "provider_unreachable"
    | "provider_rate_limited"
    | "provider_auth"
    | "first_token_timeout"
    | "idle_timeout"
    | "total_timeout"
    | "reply_too_long"
    | "internal_error";
  message: string;
  retryable: boolean;
  status: "failed";
  timing?: Timing | null;
  usage?: Usage | null;
}
/**
 * The writer ended (shutdown or crash) before the reply was finished.
 */
export interface InterruptedOutcome {
  status: "interrupted";
  timing?: Timing | null;
  usage?: Usage | null;
}
/**
 * Text of the reply itself.
 */
export interface TextPart {
  text: string;
  type: "text";
}
/**
 * The model's reasoning, before its text or between.
 */
export interface ReasoningPart {
  text: string;
  type: "reasoning";
}
/**
 * The body of `POST /api/chat`.
 */
export interface ChatBody {
  conversation?: string | null;
  ids?: NewIds | null;
  max_tokens?: number | null;
  message: string;
  model?: string | null;
  parent?: string | null;
  script?: ScriptBody | null;
  system?: string | null;
  temperature?: number | null;
}
/**
 * The ids of a message and its reply; `conversation` only if the message begins one.
 */
export interface NewIds {
  conversation?: string | null;
  generation?: string | null;
  message?: string | null;
  reply?: string | null;
}
/**
 * The member `script`.
 */
export interface ScriptBody {
  faults?: FaultBody[] | null;
  first_token_ms?: number | null;
  jitter?: number | null;
  repeat?: number | null;
  seed?: number | null;
  tokens_per_second?: number | null;
}
/**
 * One member of `script.faults`.
 */
export interface FaultBody {
  after: number;
  kind: "error" | "stall" | "gate";
}
/**
 * A conversation with its settings (null: the default) and all its messages, oldest first.
 */
export interface Conversation {
  archived: boolean;
  created_at: string;
  id: string;
  leaf: string | null;
  max_tokens: number | null;
  messages: Message[];
  model: string | null;
  pinned: boolean;
  running: boolean;
  share: string | null;
  shared: boolean;
  system: string | null;
  temperature: number | null;
  title: string;
  updated_at: string;
  version: number;
}
/**
 * A node of the tree. `cursor` is the end of a running reply's log: follow it from there.
 */
export interface Message {
  created_at: string;
  cursor: number;
  generation: string | null;
  id: string;
  left_out: number;
  model: string | null;
  outcome: (CompletedOutcome | CancelledOutcome | FailedOutcome | InterruptedOutcome) | null;
  parent: string | null;
  parts: (TextPart | ReasoningPart)[];
  reasoning: string;
  role: "user" | "assistant";
  running: boolean;
  text: string;
}
/**
 * What to change. Null resets a setting; the other members cannot be null.
 */
export interface ConversationChange {
  archived?: boolean;
  leaf?: string;
  max_tokens?: number | null;
  model?: string | null;
  pinned?: boolean;
  system?: string | null;
  temperature?: number | null;
  title?: string;
}
/**
 * A page of conversations, newest first; `cursor` leads to the next page, null on the last one.
 */
export interface ConversationList {
  conversations: ConversationSummary[];
  cursor: string | null;
}
/**
 * A conversation in a list. `version` grows with every change.
 */
export interface ConversationSummary {
  archived: boolean;
  created_at: string;
  id: string;
  pinned: boolean;
  running: boolean;
  shared: boolean;
  title: string;
  updated_at: string;
  version: number;
}
/**
 * An event of a generation, with the members of its kind.
 */
export interface Event {
  cursor: number;
  event: string;
  generation: string;
  [k: string]: unknown;
}
/**
 * A generation in its current state; `outcome` is null while it runs.
 */
export interface Generation {
  conversation: string;
  cursor: number;
  generation: string;
  message: string;
  model: string;
  outcome: (CompletedOutcome | CancelledOutcome | FailedOutcome | InterruptedOutcome) | null;
  parts: (TextPart | ReasoningPart)[];
  text: string;
}
/**
 * The answer to a probe.
 */
export interface Health {
  status: "alive" | "ready";
}
/**
 * The imported conversations, in the order of the archive, and how many an earlier import had added.
 */
export interface ImportResult {
  conversations: ConversationSummary[];
  existing: number;
}
/**
 * An available model; `context_window` is in tokens, absent if it is unknown.
 */
export interface Model {
  context_window?: number | null;
  default: boolean;
  id: string;
  name: string;
  provider: string;
}
/**
 * The events of a generation after a cursor; `outcome` is null unless they are its last.
 */
export interface Page {
  cursor: number;
  events: Event[];
  outcome: (CompletedOutcome | CancelledOutcome | FailedOutcome | InterruptedOutcome) | null;
}
/**
 * A refusal (RFC 9457). `field` names the member at fault.
 */
export interface Problem {
  code:
    | "invalid_request"
    | "unauthorized"
    | "forbidden"
    | "not_found"
    | "unknown_model"
    | "method_not_allowed"
    | "not_acceptable"
    | "conflict"
    | "cursor_ahead"
    | "too_large"
    | "unsupported_media_type"
    | "rate_limited"
    | "internal_error"
    | "overloaded"
    | "unavailable"
    | "shutting_down";
  detail: string;
  field?: string | null;
  status: number;
  title: string;
  type: string;
}
/**
 * A complete reply: the non-streaming mode.
 */
export interface Reply {
  conversation: string;
  generation: string;
  message: string;
  model: string;
  outcome: CompletedOutcome | CancelledOutcome | FailedOutcome | InterruptedOutcome;
  parent: string;
  parts: (TextPart | ReasoningPart)[];
  reasoning: string;
  text: string;
}
/**
 * The body of `POST /api/conversations/<id>/messages/<message>/replies`.
 */
export interface ReplyBody {
  ids?: ReplyIds | null;
  max_tokens?: number | null;
  model?: string | null;
  script?: ScriptBody | null;
  system?: string | null;
  temperature?: number | null;
}
/**
 * The ids that a client chooses for a reply: a prefix and 22 characters of base64url.
 */
export interface ReplyIds {
  generation?: string | null;
  reply?: string | null;
}
/**
 * A match of a search; `message` is null if only the title matches.
 */
export interface SearchResult {
  conversation: ConversationSummary;
  message: string | null;
  snippet: SnippetPart[];
  title: SnippetPart[];
}
/**
 * A piece of a text; `match` is true if it is a word of the query.
 */
export interface SnippetPart {
  match: boolean;
  text: string;
}
/**
 * A page of matches, newest first; `cursor` leads to the next page, null on the last one.
 */
export interface SearchResults {
  cursor: string | null;
  results: SearchResult[];
}
/**
 * The link to a conversation: `path` on this server.
 */
export interface Share {
  path: string;
  token: string;
}
/**
 * The branch of a conversation that a link shows.
 */
export interface SharedConversation {
  messages: SharedMessage[];
  title: string;
}
/**
 * A message of a shared conversation.
 */
export interface SharedMessage {
  created_at: string;
  id: string;
  model: string | null;
  parts: (TextPart | ReasoningPart)[];
  reasoning: string;
  role: "user" | "assistant";
  text: string;
}
