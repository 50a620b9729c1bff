"""The limit of each invocation: in place before the payload, up and down with it, and never the cause of a kill."""

import json
import random
import threading

from harness import DEMO, MIB, Container, KernelTest, allocator_policy, wait_until

# Small, large, small again for each demonstration function: what the payload must do to the limit.
PAYLOADS = {
    "video-watermark": (
        {"object": {"width": 160, "height": 120, "fps": 10, "duration": 1}},
        {"object": {"width": 640, "height": 360, "fps": 10, "duration": 1.5}},
    ),
    "video-frames": (
        {"object": {"width": 160, "height": 120, "fps": 10, "duration": 1}},
        {"object": {"width": 640, "height": 360, "fps": 25, "duration": 2}},
    ),
    "graph-rank": ({"size": 500}, {"size": 50000}),
    "allocator": ({"bytes": 5 * MIB}, {"bytes": 120 * MIB}),
}


class LimitInPlace(KernelTest):
    """The function reads its own memory.max the moment it has the payload."""

    def check(self, program):
        document = json.loads((DEMO / "policies" / f"{program}.json").read_text())
        self.agent.install_policy(document)
        container = Container(program, function=document["metadata"]["policy_id"], memory=1024 * MIB)
        try:
            small, large = PAYLOADS[program]
            seen = []
            for value in (small, large, small, large):
                answer = container.invoke(value)
                self.assertEqual(answer.status, 200, answer.body[:500] + container.logs().encode()[-500:])
                observed = self.agent.observation(answer.activation)
                self.assertEqual(answer.header_limit(), observed["limit_bytes"], "the function saw another limit than was recorded")
                self.assertIsNone(observed["oom"])
                seen.append(answer.header_limit())
            self.assertGreater(seen[1], seen[0] + 4 * MIB, f"limits {seen} do not follow the payload up")
            self.assertLess(seen[2], seen[1], f"limits {seen} do not follow the payload down")
            wait_until(lambda: container.limit() == 1024 * MIB, what="the idle container to be back at its ceiling")
        finally:
            container.remove()

    def test_video_watermark(self):
        self.check("video-watermark")

    def test_video_frames(self):
        self.check("video-frames")

    def test_graph_rank(self):
        self.check("graph-rank")

    def test_allocator(self):
        self.check("allocator")


class Windows(KernelTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.container = Container(memory=700 * MIB)
        cls.agent.install_policy(allocator_policy(cls.container.function))

    def test_a_small_call_after_a_large_one_reads_its_own_peak(self):
        large = self.container.invoke(bytes=200 * MIB)
        small = self.container.invoke(bytes=20 * MIB)
        self.assertEqual((large.status, small.status), (200, 200))
        first = self.agent.observation(large.activation)
        second = self.agent.observation(small.activation)
        self.assertEqual(second["peak_method"], "window")
        self.assertGreater(first["peak_bytes"], 195 * MIB)
        self.assertBetween(second["peak_bytes"], 20 * MIB, 90 * MIB, "the second window holds the first call's peak")

    def test_a_warm_heap_is_not_taken_away(self):
        kept = self.container.invoke(bytes=150 * MIB, mode="keep")
        self.assertEqual(kept.status, 200, self.container.logs())
        after = self.container.invoke(bytes=20 * MIB)
        self.assertEqual(after.status, 200, self.container.logs())
        observed = self.agent.observation(after.activation)
        self.assertGreaterEqual(observed["limit_bytes"], 150 * MIB + 20 * MIB, "less than what is held plus the call's part")
        self.assertEqual(self.container.counter("memory.events", "oom_kill"), 0)

    def test_shadow_records_and_leaves_the_limit_alone(self):
        function = self.container.function
        self.agent.install_policy(allocator_policy(function, status="shadow", version=2))
        try:
            answer = self.container.invoke(bytes=10 * MIB)
            observed = self.agent.observation(answer.activation)
            self.assertEqual(answer.header_limit(), 700 * MIB)
            self.assertEqual(observed["mode"], "shadow")
        finally:
            self.agent.install_policy(allocator_policy(function, version=3))


class LoweringNeverKills(KernelTest):
    changes = 500

    def test_random_limits_under_load(self):
        """Each invocation moves the limit twice; caches, heaps and kept memory of all sizes are in its way."""
        containers = [Container(memory=400 * MIB) for _ in range(2)]
        for container in containers:
            self.agent.install_policy(allocator_policy(container.function, base=70 * MIB))
        seed = 20261123
        print(f"seed {seed}", flush=True)
        failures = []

        def load(container, generator):
            for _ in range(self.changes // 2 // len(containers)):
                value = {"bytes": generator.randrange(1, 60) * MIB, "mode": generator.choice(["anon", "anon", "anon", "pagecache", "tmpfs"])}
                answer = container.invoke(value)
                if answer.status != 200:
                    failures.append((container.name, value, answer.status, answer.body[:200]))

        threads = [threading.Thread(target=load, args=(container, random.Random(seed + index)))
                   for index, container in enumerate(containers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        for container in containers:
            self.assertEqual(container.counter("memory.events", "oom_kill"), 0)
            self.assertEqual(container.counter("memory.events", "oom"), 0)
