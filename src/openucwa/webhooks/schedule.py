"""When a delivery that failed is tried again."""

from openucwa.model.world import World

#: Seconds until the next attempt, by the number of attempts so far; the last one repeats.
DELAYS = (5, 30, 120, 300, 900, 1_800, 3_600, 7_200, 14_400, 21_600)
#: A delay is longer or shorter by up to this part of it, so that receivers are not hit by all at once.
JITTER = 0.2


def next_attempt(world: World, attempts: int, retry_after: int | None = None) -> int:
    """When the next attempt is due, in ms since 1970. `attempts`: those that failed.

    `retry_after`: the seconds that the receiver asked for; it may lengthen a delay, to no more than the longest one.
    """
    delay = DELAYS[min(attempts, len(DELAYS)) - 1]
    chance = int.from_bytes(world.random_bytes(4)) / 2**31 - 1.0
    seconds = delay * (1.0 + JITTER * chance)
    if retry_after is not None:
        seconds = max(seconds, min(retry_after, DELAYS[-1]))
    return world.now() + round(seconds * 1000)
