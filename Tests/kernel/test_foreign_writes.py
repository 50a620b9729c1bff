"""Others write to the same files: systemd on reload and on every property, runtimes, people."""

import threading
import time

from harness import CGROUPS, MIB, Container, KernelTest, allocator_policy, run, wait_until


class ForeignWrites(KernelTest):
    """runc keeps its processes in the scope itself, so systemd's own value and the fast limit share one file."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.container = Container(memory=600 * MIB, runtime="runc")
        cls.scope = cls.container.path.name
        cls.agent.install_policy(allocator_policy(cls.container.function))

    def during_a_call(self, disturb):
        """Runs `disturb` while a call is in flight; gives the call's answer and the limit it should have had."""
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.container.invoke(bytes=20 * MIB, hold_ms=15000)))
        thread.start()
        wait_until(lambda: self.container.limit() != 600 * MIB, 30, what="the call's limit")
        limit = self.container.limit()
        try:
            disturb(limit)
        finally:
            thread.join()
        self.assertEqual(answers[0].status, 200)
        return limit

    def overwritten(self):
        return self.agent.metric("fuyun_limiter_overwrites_total")

    def test_another_property_of_the_scope(self):
        before = self.overwritten()

        def disturb(limit):
            run("systemctl", "set-property", "--runtime", self.scope, "CPUWeight=50")
            wait_until(lambda: self.container.limit() == limit, 10, what=f"the limit {limit} to be re-asserted")
            wait_until(lambda: self.overwritten() > before, 10, what="the overwrite to be counted")

        self.during_a_call(disturb)

    def test_daemon_reload(self):
        def disturb(limit):
            for _ in range(3):
                run("systemctl", "daemon-reload")
                wait_until(lambda: self.container.limit() == limit, 10, what=f"the limit {limit} after daemon-reload")

        self.during_a_call(disturb)
        wait_until(lambda: self.container.limit() == 600 * MIB, what="the ceiling after the call")
        self.assertEqual(self.container.read("memory.swap.max"), "0", "swap must stay off")

    def test_a_hand_in_the_file(self):
        before = self.overwritten()

        def disturb(limit):
            (self.container.path / "memory.max").write_text(str(600 * MIB))
            wait_until(lambda: self.container.limit() == limit, 10, what="the limit to be re-asserted")

        self.during_a_call(disturb)
        self.assertGreater(self.overwritten(), before)

    def test_systemd_knows_the_ceiling(self):
        self.assertEqual(run("systemctl", "show", "-P", "MemoryMax", self.scope).strip(), str(600 * MIB))
        self.assertEqual(run("systemctl", "show", "-P", "MemorySwapMax", self.scope).strip(), "0")
