"""Ways for a call to die: which of them are memory, and whose limit it was."""

import json
import pathlib
import signal
import threading
import time

from harness import CGROUPS, MIB, Container, KernelTest, allocator_policy, run, wait_until


class OutOfMemory(KernelTest):
    def container(self, **options):
        made = Container(**options)
        self.addCleanup(made.remove)
        return made

    def verdict(self, answer):
        observed = self.agent.observation(answer.activation)
        self.assertIsNotNone(observed["oom"], f"no OOM verdict in {observed}")
        self.assertTrue(observed["oom"]["evidence"], "a verdict needs evidence")
        return observed, observed["oom"]["class"]

    def test_own_limit(self):
        """The policy is three times too low: the call dies of its own limit, and it is said so."""
        container = self.container()
        self.agent.install_policy(allocator_policy(container.function, base=64 * MIB, slope=0.33))
        answer = container.invoke(bytes=250 * MIB)
        self.assertNotEqual(answer.status, 200)
        observed, name = self.verdict(answer)
        self.assertEqual(name, "own_limit", observed)
        self.assertTrue(any("memory.events.local" in line for line in observed["oom"]["evidence"]), observed)
        self.assertLess(observed["limit_bytes"], 250 * MIB)

    def test_limit_of_an_ancestor(self):
        """The slice above the container has less to give than the container's own limit."""
        slice_name = "fuyuntest.slice"
        run("systemctl", "start", slice_name, check=False)
        run("systemctl", "set-property", "--runtime", slice_name, "MemoryMax=200M", "MemorySwapMax=0")
        self.addCleanup(lambda: run("systemctl", "stop", slice_name, check=False))
        container = self.container(cgroup_parent=slice_name)
        self.agent.install_policy(allocator_policy(container.function, base=64 * MIB, slope=1.2))
        answer = container.invoke(bytes=300 * MIB)
        self.assertNotEqual(answer.status, 200)
        observed, name = self.verdict(answer)
        self.assertEqual(name, "ancestor_limit", observed)
        self.assertTrue(any(slice_name in line for line in observed["oom"]["evidence"]), observed)

    def test_killed_child_of_a_surviving_server(self):
        container = self.container()
        self.agent.install_policy(allocator_policy(container.function, base=64 * MIB, slope=0.33))
        answer = container.invoke(bytes=250 * MIB, mode="child")
        observed, name = self.verdict(answer)
        self.assertEqual(name, "child_only", observed)
        again = container.invoke(bytes=5 * MIB)
        self.assertEqual(again.status, 200, "the server should have survived")

    def test_runtime_that_gives_up_by_itself(self):
        """Exit 134 (abort), as V8 and the JVM end on a full heap: no kernel event."""
        container = self.container()
        self.agent.install_policy(allocator_policy(container.function))
        answer = container.invoke(bytes=10 * MIB, mode="exit134")
        observed, name = self.verdict(answer)
        self.assertEqual(name, "runtime_heap", observed)

    def test_kill_from_outside(self):
        container = self.container()
        self.agent.install_policy(allocator_policy(container.function))
        answers = []
        thread = threading.Thread(target=lambda: answers.append(container.invoke(bytes=10 * MIB, hold_ms=20000)))
        thread.start()
        wait_until(lambda: self.in_flight(container), what="the call to be in flight")
        for pid in map(int, (container.path / "cgroup.procs").read_text().split()):
            if b"python3" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]:
                signal.pidfd_send_signal(pidfd_open(pid), signal.SIGKILL)
        thread.join()
        observed, name = self.verdict(answers[0])
        self.assertEqual(name, "external_kill", observed)

    def in_flight(self, container):
        for entry in self.agent.get("/v1/containers")["containers"]:
            if container.id[:12] in json.dumps(entry):
                return entry["in_flight"] > 0
        return False

    def test_a_thrashing_call_is_a_miss_though_nothing_is_killed(self):
        """The limit leaves no room for mapped code and file pages: they are evicted and read again."""
        container = self.container()
        # What the heap needs, and a few megabytes: far less than the file that is read again and again.
        self.agent.install_policy(allocator_policy(container.function, base=40 * MIB, slope=1.0))
        answer = container.invoke(bytes=100 * MIB, mode="thrash", file_bytes=150 * MIB, hold_ms=8000, timeout=300)
        observed = self.agent.observation(answer.activation)
        self.assertTrue(observed["thrashing"], observed)
        self.assertIsNone(observed["oom"], observed)


def pidfd_open(pid):
    import os
    return os.pidfd_open(pid)
