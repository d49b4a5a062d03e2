"""Nodes are killed under load, behind nginx, and others started: clients notice little, and nothing is lost.

Of those that are stopped in order, `test_upgrades.py` is about.
"""

import asyncio
from functools import partial

from tests.cluster.busy import busy
from tests.cluster.cluster import Cluster
from tests.cluster.conftest import Come, Connect
from tests.cluster.load import all_go_on, trouble
from tests.cluster.participant import eventually


async def test_killed_node_is_replaced_by_another(three: Cluster, come: Come, connect: Connect) -> None:
    async with busy(three, come, connect) as meeting:
        for index in (0, 1):
            async with trouble(*meeting.clients):
                await asyncio.to_thread(three.kill, index)
                await all_go_on(*meeting.clients)
                await asyncio.to_thread(three.start, index)
                await eventually(partial(three.in_use, index))
            await all_go_on(*meeting.clients)
