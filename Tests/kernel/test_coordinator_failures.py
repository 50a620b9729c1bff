"""What breaks between coordinator and agent: processes, disks, files, clocks. Nothing acknowledged is lost, and the agent serves on."""

import contextlib
import os
import pathlib
import random
import shutil
import sqlite3
import threading
import time

from harness import AGENT_STATE, COORDINATOR_STATE, MIB, Container, run, wait_until
from test_coordinator import Tuned


class Ingest(Tuned):
    KILLS = 20

    def test_coordinator_killed_during_ingest(self):
        """Batches are sent while the coordinator is killed again and again; what was not acknowledged is sent anew, as an agent does."""
        container = self.start()
        sample = self.agent.observation(container.invoke(bytes=20 * MIB).activation)
        function = container.function + "-ingest"
        # Batches go out for as long as there are kills to come, so that no kill falls after the last batch however fast the machine;
        # small and paced, as the coordinator hands out 10,000 observations of a function at most and each of them is counted.
        sent, finished, resent, acknowledged = [], threading.Event(), [0], [0]

        def send():
            dice = random.Random(3)
            unsent = []
            while unsent or not finished.is_set():
                while len(unsent) < 8 and not finished.is_set():
                    first = len(sent) * 10 + 1
                    sent.append([(n, {**sample, "function": function, "id": f"00000007-{n:x}"}) for n in range(first, first + 10)])
                    unsent.append(sent[-1])
                if not unsent:
                    return
                batch = unsent[dice.randrange(len(unsent))]
                try:
                    status, answer = self.coordinator.send(0x1234, batch, timeout=20)
                except OSError:
                    resent[0] += 1
                    time.sleep(0.05)
                    continue
                except Exception:  # a connection cut in the middle of an answer
                    resent[0] += 1
                    continue
                if status == 200:
                    acknowledged[0] += answer["stored"] + answer["duplicates"]
                    unsent.remove(batch)
                    time.sleep(0.05)

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        dice = random.Random(11)
        try:
            for kill in range(self.KILLS):
                time.sleep(dice.uniform(0.02, 0.5))
                self.coordinator.kill()
                floor = acknowledged[0]
                self.coordinator.start()
                self.coordinator.wait_ready()
                self.assertGreaterEqual(self.coordinator.count(function), floor, f"acknowledged observations are gone after kill {kill + 1}")
        finally:
            finished.set()
            sender.join(180)
        self.assertFalse(sender.is_alive(), "not every batch went through")
        total = 10 * len(sent)
        self.assertEqual(self.coordinator.count(function), total, "each exactly once")
        self.assertGreaterEqual(acknowledged[0], total)
        print(f"     {self.KILLS} kills during {total} observations in batches of 10, {resent[0]} sends that failed: all stored, each once", flush=True)

    def test_agent_killed_during_spool_writes(self):
        container = self.start()
        self.coordinator.stop()
        stop, answers = threading.Event(), []

        def load():
            while not stop.is_set():
                answers.append(container.invoke(bytes=1 * MIB))

        caller = threading.Thread(target=load)
        caller.start()
        kills = 8
        try:
            for _ in range(kills):
                time.sleep(1.5)
                self.agent.kill()
                self.agent.wait_ready()
        finally:
            stop.set()
            caller.join()
            self.coordinator.start()
        self.assertEqual({answer.status for answer in answers}, {200})
        self.coordinator.wait_ready()
        logged = sum(entry["function"] == container.function and entry.get("known", True) for entry in self.agent.observations())
        stored = self.settled(container.function)
        print(f"     {len(answers)} calls, {kills} kills of the agent: {logged} in its log, {stored} at the coordinator", flush=True)
        # The log is another file with a queue of its own, so either may have lost what was being written when it was killed.
        self.assertGreaterEqual(stored, logged - kills)

    def settled(self, function):
        """The number of stored observations, once it has stopped growing."""
        last, since, end = -1, time.monotonic(), time.monotonic() + 60
        while time.monotonic() < end and time.monotonic() - since < 4:
            count = self.coordinator.count(function)
            if count != last:
                last, since = count, time.monotonic()
            time.sleep(0.2)
        return last


class Away(Tuned):
    def test_coordinator_away_for_a_while(self):
        """The agent goes on with its last good snapshot, over its own restart too, and catches up afterwards."""
        container = self.start()
        active = self.learn(container)
        stored = wait_until(lambda: self.coordinator.count(container.function) >= 6 and self.coordinator.count(container.function), 20,
                            what="the first observations")
        self.coordinator.stop()
        for size in (20, 100, 60):
            answer = container.invoke(bytes=size * MIB)
            self.assertEqual(answer.status, 200)
            self.assertLess(answer.header_limit(), 512 * MIB)
        self.agent.restart()
        self.agent.wait_ready()
        self.assertGreaterEqual(self.agent.active_version(container.function) or 0, active, "the snapshot is on the node's disk")
        for size in (30, 90, 70):
            answer = container.invoke(bytes=size * MIB)
            self.assertEqual(answer.status, 200)
            self.assertLess(answer.header_limit(), 512 * MIB)
        began = time.monotonic()
        self.coordinator.start()
        wait_until(lambda: self.coordinator.count(container.function) >= stored + 6, 90, 0.1, "what was observed meanwhile to arrive")
        print(f"     6 calls while it was away (agent restarted after 3): all there {time.monotonic() - began:.1f} s after its start", flush=True)
        self.assertEqual(self.coordinator.count(container.function), stored + 6, "each once")


class Files(Tuned):
    """Damaged files, full and read-only disks."""

    def setUp(self):
        super().setUp()
        self.began = time.time()

    def good(self, container, size=40, limited=True):
        answer = container.invoke(bytes=size * MIB)
        self.assertEqual(answer.status, 200, f"the agent must serve on: {answer.body[:300]}")
        if limited:
            self.assertLess(answer.header_limit(), 512 * MIB, "and limit as before")

    @contextlib.contextmanager
    def small_disk(self, unit, folder, size):
        """A file system of its own for a service's state, with a copy of what was there."""
        unit.stop()
        kept = folder.with_name(folder.name + ".kept")
        shutil.copytree(folder, kept, symlinks=True)
        run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0750", "tmpfs", str(folder))
        try:
            run("cp", "-a", f"{kept}/.", str(folder))
            unit.start()
            unit.wait_ready()
            yield folder
        finally:
            unit.stop()
            run("cp", "-a", f"{folder}/.", str(kept), check=False)
            run("umount", "--lazy", str(folder))
            shutil.rmtree(folder)
            run("cp", "-a", str(kept), str(folder))
            shutil.rmtree(kept)
            unit.start()
            unit.wait_ready()

    def fill(self, folder):
        """Takes every byte that is left: the file to remove afterwards."""
        path = folder / "filler"
        with contextlib.suppress(OSError), open(path, "wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 65536)
        with contextlib.suppress(OSError), open(path, "ab", buffering=0) as file:
            while True:
                file.write(b"\0" * 512)
        return path

    def test_full_disk_of_the_coordinator(self):
        container = self.start()
        self.learn(container)
        stored = self.coordinator.count(container.function)
        with self.small_disk(self.coordinator, COORDINATOR_STATE, "48m") as folder:
            filler = self.fill(folder)
            sample = dict(self.agent.observations()[-1], function=container.function + "-full")
            refused = None
            for batch in range(40):  # what is in the write-ahead log already has room
                records = [(batch * 200 + k + 1, {**sample, "id": f"00000009-{batch * 200 + k + 1:x}"}) for k in range(200)]
                status, answer = self.coordinator.send(9, records)
                if status != 200:
                    refused = status, answer
                    break
            self.assertIsNotNone(refused, "a full disk must be felt")
            self.assertIn(refused[0], (500, 503, 507), refused)
            self.assertIn("error", refused[1])
            self.good(container)
            self.assertTrue(self.coordinator.pid(), "the coordinator lives on")
            said = self.coordinator.journal(self.began).lower()
            self.assertTrue("full" in said or "no space" in said, said[-1500:])
            filler.unlink()
            wait_until(lambda: self.coordinator.count(container.function) > stored, 90, 0.2, "ingest to go on once there is room")
        self.good(container)

    def test_full_disk_of_the_agent(self):
        container = self.start()
        self.learn(container)
        with self.small_disk(self.agent, AGENT_STATE, "24m") as folder:
            filler = self.fill(folder)
            for size in (20, 60, 100):
                self.good(container, size)
            filler.unlink()
            before = self.coordinator.count(container.function)
            self.good(container)
            wait_until(lambda: self.coordinator.count(container.function) > before, 60, 0.2, "reports to go on once there is room")
        self.good(container)

    @contextlib.contextmanager
    def read_only_disk(self, unit, folder):
        """The same, and nothing can be written there; the service is stopped."""
        with self.small_disk(unit, folder, "64m"):
            unit.stop()  # it holds files that are open for writing
            run("mount", "-o", "remount,ro", str(folder))
            try:
                yield
            finally:
                unit.stop()
                run("mount", "-o", "remount,rw", str(folder))

    def test_read_only_state_of_the_agent(self):
        container = self.start()
        self.learn(container)
        with self.read_only_disk(self.agent, AGENT_STATE):
            self.agent.start()
            self.agent.wait_ready()
            wait_until(lambda: self.agent.active_version(container.function), 30, what="the policies, from disk or coordinator")
            for size in (20, 60, 100):
                self.good(container, size)
            wait_until(lambda: "read-only" in self.agent.journal(self.began).lower(), 30, what="the agent to say that it cannot write")
        self.good(container)

    def test_read_only_state_of_the_coordinator(self):
        container = self.start()
        self.learn(container)
        stored = wait_until(lambda: self.coordinator.count(container.function) >= 6 and self.coordinator.count(container.function), 20,
                            what="the first observations")
        with self.read_only_disk(self.coordinator, COORDINATOR_STATE):
            run("systemctl", "start", "--no-block", self.coordinator.unit)
            wait_until(lambda: any(word in self.coordinator.journal(self.began).lower() for word in ("read_only", "read-only", "readonly")),
                       60, what="the coordinator to say that it cannot write")
            self.good(container)
        wait_until(lambda: self.coordinator.count(container.function) == stored + 1, 90, 0.2, "the agent to catch up")
        self.good(container)

    def spooled(self, container, calls=6):
        """Calls that stay in the spool, since the coordinator is away; the agent is stopped then. The spool's segments."""
        self.coordinator.stop()
        for _ in range(calls):
            self.good(container, 20)
        time.sleep(1.5)  # what is written is synced every second
        self.agent.stop()
        segments = sorted(path for path in (AGENT_STATE / "spool").glob("*.spool") if path.stat().st_size > 200)
        self.assertTrue(segments, list((AGENT_STATE / "spool").iterdir()))
        return segments

    def test_corrupt_spool(self):
        container = self.start()
        self.learn(container)
        wait_until(lambda: self.coordinator.count(container.function) >= 6, 20, what="the first observations")
        stored = self.coordinator.count(container.function)
        segments = self.spooled(container)
        with open(segments[-1], "r+b") as file:  # a torn write at the end, as a crash leaves it
            file.truncate(segments[-1].stat().st_size - 7)
        self.agent.start()
        self.agent.wait_ready()
        self.good(container)
        self.coordinator.start()
        wait_until(lambda: self.coordinator.count(container.function) >= stored + 6, 90, 0.2, "all but the torn record to arrive")
        self.assertEqual(self.coordinator.count(container.function), stored + 6, "5 of 6 whole records, and a new one")
        stored += 6

        segments = self.spooled(container)
        data = bytearray(segments[-1].read_bytes())
        data[len(data) // 2] ^= 0xFF
        segments[-1].write_bytes(bytes(data))
        # And one that is nothing at all, in the place of the next.
        segments[-1].with_name(f"{int(segments[-1].stem, 16) + 1:016x}.spool").write_bytes(os.urandom(4096))
        self.agent.start()
        self.agent.wait_ready()
        self.good(container)
        self.coordinator.start()
        wait_until(lambda: self.coordinator.count(container.function) > stored, 90, 0.2, "reports to go on after a flipped bit")
        self.good(container)

    def test_corrupt_snapshot(self):
        container = self.start()
        self.learn(container)
        snapshot = AGENT_STATE / "coordinator-policies.json"
        self.assertTrue(snapshot.exists(), list(AGENT_STATE.iterdir()))
        for damage in (lambda data: data[: len(data) // 2], lambda data: b"\0" * len(data), lambda data: data.replace(b"1", b"2", 3)):
            self.agent.stop()
            snapshot.write_bytes(damage(snapshot.read_bytes()))
            since = time.time()
            self.agent.start()
            self.agent.wait_ready()
            wait_until(lambda: self.agent.active_version(container.function), 30, what="a full pull to put it right")
            self.good(container)
            self.assertTrue(list(AGENT_STATE.glob("coordinator-policies.json*corrupt*")), list(AGENT_STATE.iterdir()))
            self.assertIn("coordinator-policies", self.agent.journal(since))

    def test_corrupt_database_and_restore_of_a_backup(self):
        container = self.start()
        self.learn(container)
        wait_until(lambda: self.coordinator.count(container.function) >= 6, 20, what="the observations to be stored")
        database = COORDINATOR_STATE / "fuyun.db"
        backup = pathlib.Path("/var/tmp/fuyun-backup.db")
        backup.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(database)) as connection:  # with the service running
            connection.execute("VACUUM INTO ?", (str(backup),))
        stored = self.coordinator.count(container.function)
        self.coordinator.stop()
        for path in COORDINATOR_STATE.glob("fuyun.db-*"):
            path.unlink()
        with open(database, "r+b") as file:
            file.write(os.urandom(8192))
        since = time.time()
        run("systemctl", "start", "--no-block", self.coordinator.unit)
        wait_until(lambda: any(word in self.coordinator.journal(since).lower() for word in ("corrupt", "damaged", "not a database")), 60,
                   what="the coordinator to say that its database is damaged")
        self.good(container)
        self.coordinator.stop()
        database.unlink()
        shutil.copy(backup, database)
        run("chown", f"--reference={COORDINATOR_STATE}", str(database))  # as docs/operations.md says
        self.coordinator.start()
        self.coordinator.wait_ready()
        self.assertGreaterEqual(self.coordinator.count(container.function), stored)
        self.good(container)
        wait_until(lambda: self.coordinator.count(container.function) >= stored + 2, 90, 0.2, "the agent to catch up with the restored one")


class Clock(Tuned):
    def test_clock_set_back_an_hour(self):
        container = self.start()
        self.learn(container)
        stored = self.coordinator.count(container.function)
        run("date", "--set", "1 hour ago")
        try:
            for size in (30, 90, 60):
                answer = container.invoke(bytes=size * MIB)
                self.assertEqual(answer.status, 200)
                self.assertLess(answer.header_limit(), 512 * MIB)
            wait_until(lambda: self.coordinator.count(container.function) >= stored + 3, 30, 0.2, "observations to arrive all the same")
            for unit in (self.agent, self.coordinator):
                unit.restart()
                unit.wait_ready()
            before = self.coordinator.count(container.function)
            self.assertEqual(container.invoke(bytes=50 * MIB).status, 200)
            wait_until(lambda: self.coordinator.count(container.function) > before, 30, 0.2, "and after a restart of both")
        finally:
            run("date", "--set", "1 hour")
        self.assertTrue(self.agent.is_ready() and self.coordinator.is_ready())


# Its tests run where they are defined; this name is here for its set-up only.
del Tuned
