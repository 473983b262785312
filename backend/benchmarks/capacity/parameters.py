"""What people do in the busiest hour, and what it costs.

Each figure says where it is from. Those of people are of others' publications, or estimates that say so.
Those of costs are measured, by the command that stands there, on 2026-11-28 on two cores of the kind of
docs/performance.md with other work on them. So they are rather too large.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class People:
    """How people use a chat on a day of work."""

    replies_a_day: float = 10.0
    """An estimate. In July 2025, 700 million people sent ChatGPT 18 billion messages a week ("How People Use
    ChatGPT", NBER working paper 34255), 3.7 a day each; people who work with it ask more."""

    peak_share: float = 0.15
    """The part of a day's replies that is asked for in its busiest hour. An estimate, for one time zone."""

    replies_a_session: float = 5.0
    """Questions in a row. An estimate."""

    open_pages: float = 0.2
    """The part of the people who have the page open in the busiest hour. An estimate."""

    think_seconds: float = 45.0
    """From the end of a reply to the next question of the session, on average. An estimate."""

    sessions_in_one_minute: float = 0.05
    """The part of the hour's sessions that begins in one minute, as those of a class do, beside those that
    begin in any minute. An estimate."""

    tokens: float = 440.0
    """Of a reply, on average: 441 in WildChat, a million conversations with ChatGPT (arXiv 2405.01470)."""

    tokens_spread: float = 1.0
    """The standard deviation of their logarithm: one reply in 20 is longer than 1,380 tokens. An estimate."""

    tokens_per_second: float = 50.0
    """The pace of a reply, as in docs/performance.md."""

    first_token_seconds: float = 0.8
    """How long the model thinks before its first token. An estimate."""

    resumed: float = 0.1
    """The part of replies that is read on after a reload or a cut, or in another tab as well: by any server.
    An estimate."""

    looks: float = 1.0
    """How often the list and a conversation are read for each question, by any server. An estimate."""

    @property
    def reply_seconds(self) -> float:
        """How long a reply takes, on average."""
        return self.first_token_seconds + self.tokens / self.tokens_per_second


@dataclass(frozen=True)
class Costs:
    """Processor time in seconds, unless said otherwise."""

    token: float = 115e-6
    """Of the writer, for a token that one person reads over server-sent events:
    `python -m benchmarks.servers`. Over other transports: docs/performance.md."""

    token_elsewhere: float = 56e-6
    """Of another server, for a token that is read there: `python -m benchmarks.servers`."""

    start: float = 13.3e-3
    """Of the writer, for a reply of one token, from its request to its end: `python -m benchmarks.page_cost`.
    On SQLite and without other work, 9.0 ms (docs/performance.md)."""

    look: float = 12.2e-3
    """For the list and a conversation: `python -m benchmarks.page_cost`."""

    heard: float = 0.19e-3
    """Of each other server, for a reply that it hears of: `python -m benchmarks.page_cost`."""

    idle: float = 15e-3
    """Of a server, each second: `python -m benchmarks.page_cost`."""

    postgresql_start: float = 4.4e-3
    """Of PostgreSQL, for a reply of one token: `python -m benchmarks.page_cost`."""

    postgresql_token: float = 6e-6
    """Of PostgreSQL, for a token: `python -m benchmarks.servers`."""

    postgresql_token_elsewhere: float = 43e-6
    """Of PostgreSQL, for a token that is read on another server: `python -m benchmarks.servers`."""

    postgresql_look: float = 1.8e-3
    """Of PostgreSQL, for the list and a conversation: `python -m benchmarks.page_cost`."""

    postgresql_heard: float = 65e-6
    """Of PostgreSQL, for each server that hears of a reply: `python -m benchmarks.page_cost`."""

    postgresql_idle: float = 4.4e-3
    """Of PostgreSQL for each server, each second: `python -m benchmarks.page_cost`."""

    stored_kib: float = 10.9
    """On PostgreSQL's disk, for a reply of 500 tokens and its question: `python -m benchmarks.storage_cost
    postgresql`."""

    wal_kib: float = 21.1
    """The write-ahead log of the same: `python -m benchmarks.storage_cost postgresql`."""

    server_mib: float = 85.0
    """Memory of a server: `python -m benchmarks.page_cost`."""

    stream_kib: float = 65.0
    """Memory of a reply that runs and is read: docs/performance.md."""

    page_kib: float = 29.0
    """Memory of an open page, which follows the changes: `python -m benchmarks.page_cost`."""
