"""Rules by which requests fail: which requests, how often, and how."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from openucwa.model.refusals import ParameterValidationFailure, ResourceNotFound
from openucwa.sandbox.matching import checked_path, path_matches, user_matches
from openucwa.sandbox.world import Chance

#: The request header by which a request fails itself.
HEADER = b"x-openucwa-fault"
#: The maximum number of rules.
MAX_RULES = 1_000

Value = str | float | int | bool


class RuleWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A rule. `fault`: a name of the catalogue; `parameters`: its parameters.

    Which requests: `rel`, `method` and `user` (a SIP URI) must be equal, and `path` is the whole path, in which `*`
    stands for any text; what is left out may be anything. `after`: so many of them are answered as usual first.
    `count`: how many fail then; null: all until the rule is removed. `probability`: of each of them to fail.
    """

    fault: str
    parameters: dict[str, str | float | int | bool] = {}
    rel: str | None = None
    method: str | None = None
    user: str | None = None
    path: str | None = None
    after: int = 0
    count: int | None = 1
    probability: float = 1.0


class Facts(NamedTuple):
    """The facts of a request that rules are matched against. `user`: None if there is no valid token."""

    rel: str
    method: str
    user: str | None
    path: str


class Fault(NamedTuple):
    """A fault to inject into a request."""

    name: str
    parameters: Mapping[str, Value]


@dataclass(slots=True)
class Rule:
    """A rule in force. `seen`: how many requests it applied to; `hits`: how many of them failed by it."""

    id: str
    wanted: RuleWanted
    seen: int = 0
    hits: int = 0

    def applies(self, facts: Facts) -> bool:
        wanted = self.wanted
        return (
            (wanted.rel is None or wanted.rel.lower() == facts.rel.lower())
            and (wanted.method is None or wanted.method.upper() == facts.method)
            and (wanted.user is None or user_matches(facts.user, wanted.user))
            and (wanted.path is None or path_matches(facts.path, wanted.path))
        )

    def strikes(self, chance: Chance) -> bool:
        """Whether the next request that it applies to fails."""
        wanted = self.wanted
        self.seen += 1
        if self.seen <= wanted.after or (wanted.count is not None and self.hits >= wanted.count):
            return False
        if wanted.probability < 1 and chance.number() >= wanted.probability:
            return False
        self.hits += 1
        return True

    def shown(self) -> dict[str, object]:
        return {"id": self.id, **msgspec.to_builtins(self.wanted), "seen": self.seen, "hits": self.hits}


@dataclass(slots=True)
class Rules:
    """The rules, oldest first: the first that strikes decides. `chance`: for probabilities."""

    chance: Chance
    _rules: dict[str, Rule] = field(default_factory=dict)
    _made: int = 0

    def add(self, wanted: RuleWanted) -> Rule:
        """ParameterValidationFailure: it is not a rule that could ever apply."""
        if len(self._rules) >= MAX_RULES:
            raise ParameterValidationFailure({"body": f"there are {MAX_RULES} rules already"})
        if not 0 <= wanted.probability <= 1:
            raise ParameterValidationFailure({"probability": "must be from 0 to 1"})
        if wanted.after < 0 or (wanted.count is not None and wanted.count < 1):
            raise ParameterValidationFailure({"count": "must be 1 or more, and after must be 0 or more"})
        checked_path(wanted.path)
        self._made += 1
        rule = Rule(str(self._made), wanted)
        self._rules[rule.id] = rule
        return rule

    def remove(self, rule_id: str) -> None:
        """ResourceNotFound."""
        if self._rules.pop(rule_id, None) is None:
            raise ResourceNotFound("there is no such rule")

    def clear(self) -> None:
        """Removes all."""
        self._rules.clear()

    def start_anew(self) -> None:
        """Removes all, and what was drawn and counted for them."""
        self.clear()
        self._made = self.chance.drawn = 0

    def all(self) -> Sequence[Rule]:
        return tuple(self._rules.values())

    def find(self, facts: Facts, possible: Callable[[str], bool] = lambda _: True) -> Fault | None:
        """The fault of the first rule that strikes. `possible`: which faults can happen; other rules do not apply."""
        for rule in self._rules.values():
            if possible(rule.wanted.fault) and rule.applies(facts) and rule.strikes(self.chance):
                return Fault(rule.wanted.fault, rule.wanted.parameters)
        return None


def read_header(text: str) -> Fault:
    """`NAME[; key=value]...`."""
    name, *rest = (part.strip() for part in text.split(";"))
    pairs = (part.partition("=") for part in rest if part)
    return Fault(name, {key.strip(): value.strip().strip('"') for key, _, value in pairs})
