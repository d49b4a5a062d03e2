"""What is to be reached: every goal, as a number and as docs/performance.md says it."""

from dataclasses import dataclass

SERVER = "openucwa"
ON_POSTGRESQL = "openucwa, PostgreSQL"
ISSUER = "openucwa, an issuer's token"
UNLOGGED = "openucwa, change_log false"
BEFORE = "openucwa, before"
BEFORE_ON_POSTGRESQL = "openucwa, before, PostgreSQL"
FLOOR = "bare ASGI"
RAW_SQLITE = "raw SQLite"
RAW_ASYNCPG = "raw asyncpg"
FASTIFY = "fastify, SQLite"
FASTAPI = "FastAPI, SQLite"
FASTAPI_POSTGRESQL = "FastAPI, PostgreSQL"
KINTO = "Kinto, PostgreSQL"


@dataclass(frozen=True)
class Goal:
    """A figure and its bound. `id`: what the page and its explanations name it by. `unit`: behind the number."""

    id: str
    figure: str
    bound: float
    unit: str = ""
    least: bool = True

    def met(self, value: float) -> bool:
        """Whether `value` is on the right side."""
        return value >= self.bound if self.least else value <= self.bound

    @property
    def text(self) -> str:
        """The bound in words."""
        return f"{'at least' if self.least else 'at most'} {self.shown(self.bound)}"

    def shown(self, value: float) -> str:
        """A number with its unit."""
        digits = f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if self.unit else f"{value:.2f}"
        return f"{digits} {self.unit}".rstrip()


@dataclass(frozen=True)
class Ratio(Goal):
    """Requests a second of `of` divided by those of `beside`, at the same `work`; `by_cpu`: of the servers' CPU."""

    work: str = ""
    by_cpu: bool = False
    of: str = SERVER
    beside: str = FLOOR


#: What is asked, by the letter that names it.
WORKS = {
    "a": "GET a meeting's extensions, three of 200 bytes",
    "b": "GET one with a matching If-None-Match: 304",
    "c": "POST a new extension, durable when answered",
    "d": "PUT with If-Match, durable when answered",
    "e": "GET the same collection as XML",
    "miss": "(a), each time with a query that is new, so that the response is in no cache",
    "spread": "(a), spread over 1,000 meetings",
    "mix": "(a), and every 20th request is (d) in the same meeting",
    "log": "(a), with the access log",
    "history": "(d), with the change log and without",
    "issuer": "(a), with a token of this server and with one of an issuer",
}

_PEERS = ((FASTAPI, "fastapi"), (FASTAPI_POSTGRESQL, "fastapi-pg"), (KINTO, "kinto"))

GOALS: tuple[Goal, ...] = (
    Ratio("a-floor", "(a) JSON reads / bare ASGI, by CPU", 1.5, work="a", by_cpu=True),
    Ratio("a-fastify", "(a) JSON reads / fastify", 1.0, work="a", beside=FASTIFY),
    Ratio("b-floor", "(b) 304 / bare ASGI, by CPU", 1.5, work="b", by_cpu=True),
    Ratio("c-raw", "(c) durable creates / raw SQLite, 32 rows a commit", 0.30, work="c", beside=RAW_SQLITE),
    Ratio("c-fastify", "(c) durable creates / fastify", 2.5, work="c", beside=FASTIFY),
    Ratio("c-fastify-cpu", "(c) durable creates / fastify, by CPU", 2.0, work="c", beside=FASTIFY, by_cpu=True),
    Ratio("d-floor", "(d) durable updates / bare ASGI", 0.45, work="d"),
    Ratio("d-fastify", "(d) durable updates / fastify", 3.0, work="d", beside=FASTIFY),
    Ratio("d-fastify-cpu", "(d) durable updates / fastify, by CPU", 2.5, work="d", beside=FASTIFY, by_cpu=True),
    Ratio("mix-fastify", "19 reads to an update / fastify, by CPU", 2.0, work="mix", beside=FASTIFY, by_cpu=True),
    Ratio("e-floor", "(e) XML reads / bare ASGI, by CPU", 1.5, work="e", by_cpu=True),
    Ratio("a-pg", "(a) on PostgreSQL / bare ASGI", 0.25, work="a", of=ON_POSTGRESQL),
    Ratio("c-pg", "(c) on PostgreSQL / raw asyncpg", 0.80, work="c", of=ON_POSTGRESQL, beside=RAW_ASYNCPG),
    *(
        Ratio(f"{work}-{short}", f"({work}) / {peer}", 10.0, work=work, beside=peer)
        for peer, short in _PEERS
        for work in "abcd"
    ),
    *(
        Ratio(f"{work}-pg-{short}", f"({work}) on PostgreSQL / {peer}", 10.0, work=work, of=ON_POSTGRESQL, beside=peer)
        for peer, short in _PEERS[1:]
        for work in "ac"
    ),
    *(
        Ratio(f"{work}-before", f"({work}) / before, by CPU", bound, work=work, beside=BEFORE, by_cpu=True)
        for work, bound in (("a", 1.0), ("b", 1.0), ("e", 1.0), ("miss", 2.2), ("c", 2.2), ("d", 2.5), ("mix", 2.9))
    ),
    *(
        Ratio(
            f"{work}-pg-before",
            f"({work}) on PostgreSQL / before, by CPU",
            2.0,
            work=work,
            of=ON_POSTGRESQL,
            beside=BEFORE_ON_POSTGRESQL,
            by_cpu=True,
        )
        for work in ("a", "miss", "c", "d", "mix")
    ),
    # At most 15 % more.
    Ratio("history", "(d) with the change log / without, by CPU", 0.87, work="history", by_cpu=True, beside=UNLOGGED),
    Ratio(
        "issuer",
        "(a) with an issuer's token / an own one, by CPU",
        0.95,
        work="issuer",
        of=ISSUER,
        by_cpu=True,
        beside=SERVER,
    ),
    Goal("workers", "requests per second of CPU, two processes / one", 0.90),
    Goal("f-one", "(f) a change to one waiting participant, idle server, p99", 20, "ms", least=False),
    Goal("f-thousand", "(f) a change to 1,000 waiting participants, the last one", 200, "ms", least=False),
    Goal("g-memory", "(g) memory of a waiting poll", 25, "KiB", least=False),
    Goal("g-count", "(g) polls waiting on one process", 18_000),
    Goal("store", "cost of a read, 10^6 meetings / 10^3", 1.20, least=False),
    Goal("query", "cost of a query, 10^6 meetings / 10^3", 1.50, least=False),
    Goal("meeting", "cost of a GET by extensions: the farthest from a straight line", 1.15, least=False),
    Goal("start", "start to first answer", 1.0, "s", least=False),
    Goal("idle", "memory idle", 60, "MiB", least=False),
)
