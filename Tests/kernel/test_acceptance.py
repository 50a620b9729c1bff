"""What others learnt the hard way, as one list (docs/safety.md), in each layout of cgroups that containers come in.

Counts are those that a software-emulated machine has time for; docs/safety.md says the full ones.
"""

import collections
import contextlib
import os
import pathlib
import threading
import time
import unittest

from harness import CGROUPS, MIB, KernelTest, allocator_policy, json_values, run, wait_until
from layouts import CgroupfsContainer, ContainerdContainer, PodmanContainer, parent_limit


class Rows:
    """The rows; each layout runs all of them in its own kind of container."""

    layout = None
    ceiling = 600 * MIB

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.container = cls.layout(memory=cls.ceiling)
        cls.agent.install_policy(allocator_policy(cls.container.function))

    def test_limits_follow_and_go_back(self):
        seen = []
        for size in (5 * MIB, 150 * MIB, 5 * MIB):
            answer = self.container.invoke(bytes=size)
            self.assertEqual(answer.status, 200, answer.body[:300])
            observed = self.agent.observation(answer.activation)
            self.assertIsNone(observed["oom"], observed)
            seen.append(observed["limit_bytes"])
        self.assertGreater(seen[1], seen[0] + 100 * MIB, seen)
        self.assertLess(seen[2], seen[1] - 50 * MIB, seen)
        wait_until(lambda: self.container.limit() == self.ceiling, what="the idle container to be back at its ceiling")

    def test_reloads_while_limits_move(self):
        """daemon-reload again and again during 30 resizes up and down."""
        stop = threading.Event()
        lowest = []
        before = self.container.counter("memory.events", "oom_kill")

        def disturb():
            while not stop.wait(1):
                run("systemctl", "daemon-reload")

        def watch():
            while not stop.wait(0.02):
                with contextlib.suppress(OSError, ValueError):
                    lowest.append(self.container.limit() or self.ceiling)

        threads = [threading.Thread(target=disturb), threading.Thread(target=watch)]
        for thread in threads:
            thread.start()
        try:
            for index in range(15):
                answer = self.container.invoke(bytes=(10 + 80 * (index % 2)) * MIB)
                self.assertEqual(answer.status, 200, answer.body[:300])
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        wait_until(lambda: self.container.limit() == self.ceiling, what="the ceiling to be intact")
        self.assertEqual(self.container.counter("memory.events", "oom_kill"), before, "a resize killed")
        self.assertGreaterEqual(min(lowest), 60 * MIB, "a limit below what the function needs for itself")
        self.assertGreaterEqual(self.agent.metric("fuyun_limiter_overwrites_total"), 0)

    def test_a_pod_with_less_than_its_container(self):
        """The level above has 200 MiB: what a call gets is reported as that."""
        file = parent_limit(self.container)
        old = file.read_text().strip()
        file.write_text(str(200 * MIB))
        try:
            answers = []
            thread = threading.Thread(target=lambda: answers.append(self.container.invoke(bytes=100 * MIB, hold_ms=4000)))
            thread.start()
            effective = wait_until(self.in_flight, 30, what="the call to be in flight")["effective_limit_bytes"]
            thread.join()
        finally:
            file.write_text(old)
        self.assertEqual(answers[0].status, 200, answers[0].body[:300])
        self.assertLessEqual(effective, 200 * MIB, "the limit above is not reported")

    def test_page_cache_is_no_need(self):
        """A call writes and reads 400 MB under a limit of 256 MiB: the peak is the limit, the need is not."""
        function = self.container.function
        version = self.next_version()
        self.agent.install_policy(allocator_policy(function, base=256 * MIB, slope=0, version=version))
        try:
            answer = self.container.invoke(bytes=400 * MIB, mode="pagecache", timeout=300)
            self.assertEqual(answer.status, 200, answer.body[:300])
            observed = self.agent.observation(answer.activation)
            self.assertIsNone(observed["oom"], observed)
            self.assertGreater(observed["peak_bytes"], 240 * MIB, f"no cache was charged: {answer.body[:300]}")
            self.assertLess(observed["need"]["lower_bytes"], 160 * MIB, "cache counts as need")
            self.assertTrue(
                observed["need"]["upper_bytes"] is None or observed["need"]["upper_bytes"] >= observed["need"]["lower_bytes"], observed)
            again = self.container.invoke(bytes=1 * MIB)
            self.assertEqual(self.agent.observation(again.activation)["decision"]["limit_bytes"],
                             observed["decision"]["limit_bytes"], "cache alone raised the next limit")
        finally:
            self.agent.install_policy(allocator_policy(function, version=version + 1))

    def test_shared_memory_is_need(self):
        """A file in /dev/shm cannot be given back: it counts."""
        answer = self.container.invoke(bytes=40 * MIB, mode="tmpfs", hold_ms=1500)
        self.assertEqual(answer.status, 200, answer.body[:300])
        observed = self.agent.observation(answer.activation)
        self.assertGreaterEqual(observed["need"]["lower_bytes"], 40 * MIB, observed["need"])

    def test_one_warm_container_shows_each_call_by_itself(self):
        peaks = []
        for size in (10 * MIB, 100 * MIB, 300 * MIB, 10 * MIB):
            answer = self.container.invoke(bytes=size)
            self.assertEqual(answer.status, 200, answer.body[:300])
            observed = self.agent.observation(answer.activation)
            self.assertEqual(observed["peak_method"], "window")
            peaks.append(observed["peak_bytes"])
        slope = (peaks[2] - peaks[0]) / (290 * MIB)
        self.assertBetween(slope, 0.9, 1.15, f"peaks {peaks} do not show the input's slope")
        self.assertLess(abs(peaks[3] - peaks[0]), 60 * MIB, f"peaks {peaks}: the carried heap is attributed to the call")

    def test_a_frozen_container_is_left_alone(self):
        """A policy that asks for less arrives while the container is frozen: nothing is killed, and the next call has less."""
        function = self.container.function
        answer = self.container.invoke(bytes=20 * MIB)
        before = self.agent.observation(answer.activation)["limit_bytes"]
        kills = self.container.counter("memory.events", "oom_kill")
        freeze = self.container.path / "cgroup.freeze"
        freeze.write_text("1")
        try:
            wait_until(lambda: self.container.counter("cgroup.events", "frozen") == 1, what="the container to freeze")
            version = self.next_version()
            self.agent.install_policy(allocator_policy(function, base=60 * MIB, slope=1.0, version=version, headroom=0.02))
            time.sleep(0.5)
            self.assertEqual(self.container.counter("memory.events", "oom_kill"), kills, "the frozen container lost a process")
        finally:
            freeze.write_text("0")
        answer = self.container.invoke(bytes=20 * MIB)
        self.assertEqual(answer.status, 200, answer.body[:300])
        self.assertLessEqual(self.agent.observation(answer.activation)["decision"]["limit_bytes"], before)
        self.assertEqual(self.container.counter("memory.events", "oom_kill"), kills)
        self.agent.install_policy(allocator_policy(function, version=self.next_version()))

    def test_killed_right_after_the_start(self):
        """The first call of a new container dies of its limit and takes the whole group along: still told as what it was. 4 of 4."""
        verdicts = []
        for _ in range(4):
            container = self.layout(memory=self.ceiling)
            try:
                self.agent.install_policy(allocator_policy(container.function, base=64 * MIB, slope=0.33))
                (container.path / "memory.oom.group").write_text("1")
                answer = container.invoke(bytes=250 * MIB)
                self.assertNotEqual(answer.status, 200)
                observed = self.agent.observation(answer.activation)
                verdicts.append((observed["oom"] or {}).get("class"))
            finally:
                container.remove()
                self.agent.remove_policy(container.function)
        self.assertTrue(all(verdict in ("own_limit", "group") for verdict in verdicts), verdicts)

    def in_flight(self):
        for entry in self.agent.get("/v1/containers")["containers"]:
            if self.container.id[:12] in str(json_values(entry)) and entry["in_flight"] > 0:
                return entry
        return None

    def next_version(self):
        return (self.agent.active_version(self.container.function) or 0) + 1


class PodmanCrun(Rows, KernelTest):
    layout = PodmanContainer


class ContainerdRuncSystemd(Rows, KernelTest):
    layout = ContainerdContainer


class ContainerdRuncCgroupfs(Rows, KernelTest):
    layout = CgroupfsContainer

    def test_a_path_that_is_used_again(self):
        """A second container of another function at the very same path has nothing of the first."""
        first = CgroupfsContainer(memory=300 * MIB)
        self.agent.install_policy(allocator_policy(first.function))
        one = first.invoke(bytes=80 * MIB)
        self.assertEqual(one.status, 200)
        seen = self.agent.observation(one.activation)
        first.remove()
        second = CgroupfsContainer(memory=400 * MIB, identity=first.id, pod=first.pod)
        try:
            self.assertEqual(second.path, first.path)
            self.agent.install_policy(allocator_policy(second.function))
            two = second.invoke(bytes=5 * MIB)
            self.assertEqual(two.status, 200)
            observed = self.agent.observation(two.activation)
            self.assertEqual(observed["cgroup"], seen["cgroup"])
            self.assertNotEqual(observed["container"], seen["container"], "two containers count as one")
            self.assertEqual(observed["function"], second.function)
            self.assertEqual(observed["warm_index"], 0)
            self.assertEqual(observed["ceiling_bytes"], 400 * MIB, "the first container's ceiling")
            self.assertLess(observed["peak_bytes"], seen["peak_bytes"])
        finally:
            second.remove()


class Churn(KernelTest):
    """Births and deaths of containers, as fast as this machine makes them: nothing of them stays in the agent."""

    births = 8000
    alive = 40

    def test_nothing_stays(self):
        parent = CGROUPS / "fuyunchurn.slice"
        parent.mkdir(exist_ok=True)
        self.addCleanup(self.remove, parent)
        (parent / "cgroup.subtree_control").write_text("+memory")

        def round_of(count):
            living = collections.deque()
            highest = 0
            for index in range(count):
                # What Docker without systemd names its containers: 64 hexadecimal digits.
                path = parent / f"{index:016x}{os.urandom(24).hex()}"
                path.mkdir()
                living.append(path)
                if len(living) > self.alive:
                    living.popleft().rmdir()
                if index % 500 == 499:
                    highest = max(highest, self.agent.get("/v1/status")["counts"]["containers"])
            self.assertGreater(highest, before, "the agent saw none of them")
            for path in living:
                path.rmdir()
            wait_until(lambda: self.agent.get("/v1/status")["counts"]["containers"] == before, 60, 0.5, "the dead to be forgotten")

        before = self.agent.get("/v1/status")["counts"]["containers"]
        round_of(self.births // 4)
        pid = self.agent.pid()
        start = self.figures(pid)
        round_of(self.births - self.births // 4)
        end = self.figures(pid)
        self.assertEqual(pid, self.agent.pid(), "the agent restarted")
        print(f"after {self.births // 4} births: {start}; after {self.births}: {end}", flush=True)
        self.assertLessEqual(end["descriptors"], start["descriptors"] + 2)
        self.assertLessEqual(end["series"], start["series"] + 2)
        self.assertLessEqual(end["anonymous"], start["anonymous"] + 2 * MIB)

    def remove(self, parent):
        for path in parent.iterdir():
            if path.is_dir():
                path.rmdir()
        parent.rmdir()

    def figures(self, pid):
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        anonymous = int(next(line.split()[1] for line in status.splitlines() if line.startswith("RssAnon"))) * 1024
        return {
            "descriptors": len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir())),
            "series": sum(not line.startswith("#") for line in self.agent.get("/metrics").splitlines()),
            "anonymous": anonymous,
        }


if __name__ == "__main__":
    unittest.main()
