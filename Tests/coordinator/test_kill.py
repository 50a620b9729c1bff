"""SIGKILL in the middle of ingest, again and again: nothing that was acknowledged is lost, nothing is stored twice."""

import json
import os
import random
import sqlite3
import threading
import time
import unittest

from server import NODE_TOKEN, OPERATOR_TOKEN, OTHER_TOKEN, Server, batch

KILLS = int(os.environ.get("FUYUN_KILLS", "50"))
RECORDS = 40


class Node(threading.Thread):
    """Sends batches as an agent does: one that was not acknowledged comes again until it is."""

    def __init__(self, server, name, token):
        super().__init__(daemon=True)
        self.server, self.name_, self.token = server, name, token
        self.acknowledged = 0
        self.duplicates = 0
        self.stored = 0
        self.isOver = False
        self.wrong = None

    def run(self):
        first = 0
        while not self.isOver:
            body = batch(range(first, first + RECORDS), function=f"guest/{self.name_}", epoch=9)
            try:
                status, answer = self.server.request("POST", f"/v1/nodes/{self.name_}/observations", body, self.token, 10)
            except Exception:  # The server is away: the same batch again.
                time.sleep(0.005)
                continue
            if status == 503:
                continue
            if status != 200:
                self.wrong = f"{status} {answer}"
                return
            receipt = json.loads(answer)
            self.stored += receipt["stored"]
            self.duplicates += receipt["duplicates"]
            first += RECORDS
            self.acknowledged = first


class KilledDuringIngest(unittest.TestCase):
    def test_nothing_acknowledged_is_lost_and_nothing_is_stored_twice(self):
        with Server("ingest.observations_per_minute=10000000", "retention.observations_per_function=100000000") as server:
            nodes = [Node(server, "a", NODE_TOKEN), Node(server, "b", OTHER_TOKEN)]
            nodes += [Node(server, f"n{number}", OPERATOR_TOKEN) for number in range(4)]
            for node in nodes:
                node.start()
            for _ in range(KILLS):
                time.sleep(random.uniform(0.02, 0.3))
                server.kill()
                server.start()
                for node in nodes:
                    self.assertIsNone(node.wrong)
            for node in nodes:
                node.isOver = True
            for node in nodes:
                node.join(timeout=30)
            total = 0
            for node in nodes:
                count = server.observation_count(f"guest/{node.name_}")
                self.assertEqual(count, node.acknowledged, f"node {node.name_}")
                total += count
            self.assertGreater(total, KILLS * RECORDS)
            again = sum(node.duplicates for node in nodes)
            print(f"    {KILLS} kills, {total} observations, {again} came again after a lost answer", flush=True)
            server.stop()
            with sqlite3.connect(f"file:{server.folder}/fuyun.db?mode=ro", uri=True) as database:
                self.assertEqual(database.execute("PRAGMA integrity_check").fetchone()[0], "ok")


if __name__ == "__main__":
    unittest.main()
