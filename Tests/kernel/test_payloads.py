"""Payloads of every kind: large, broken, hostile. The call always succeeds, or fails for its function's own reasons."""

import json
import pathlib

from harness import MIB, Container, KernelTest, allocator_policy


def resident_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise AssertionError(f"no RssAnon of {pid}")


class Payloads(KernelTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.container = Container(memory=900 * MIB)
        cls.agent.install_policy(allocator_policy(cls.container.function))

    def shim_pid(self):
        for pid in map(int, (self.container.path / "cgroup.procs").read_text().split()):
            if b"fuyun-shim" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]:
                return pid
        raise AssertionError("no shim in the container")

    def padded(self, size):
        """A valid /run body of about `size` bytes whose features come before the padding."""
        activation, body = self.container.run_body({"bytes": 5 * MIB})
        ordered = {"activation_id": activation, "action_name": body["action_name"], "value": body["value"],
                   "padding": "x" * size}
        return activation, json.dumps(ordered)

    def test_large_bodies_leave_shim_and_agent_flat(self):
        self.container.invoke(bytes=1 * MIB)
        shim, agent = resident_kib(self.shim_pid()), resident_kib(self.agent.pid())
        for size in (1 * MIB, 100 * MIB):
            activation, body = self.padded(size)
            status, headers, _, _ = self.container.post("/run", body, timeout=300)
            self.assertEqual(status, 200)
            observed = self.agent.observation(activation, 60)
            self.assertEqual(observed["decision"]["reason"], "policy")
        self.assertLess(resident_kib(self.shim_pid()), shim + 6 * 1024, "the shim grew by more than the part it keeps")
        self.assertLess(resident_kib(self.agent.pid()), agent + 6 * 1024, "the agent grew with a payload")

    def reason_of(self, raw):
        """The recorded reason for a payload that is sent as `POST /` with an activation in the header."""
        self.container.sequence += 1
        activation = f"{self.container.name}-raw-{self.container.sequence}"
        status, _, body, _ = self.container.post("/", raw, {"X-Request-Id": activation})
        # What the function itself makes of rubbish is its own affair; that it was asked and answered is ours.
        self.assertNotIn(status, (0, 502, 503, 504), body[:200])
        observed = self.agent.observation(activation)
        self.assertEqual(observed["limit_bytes"], 900 * MIB, "the preset should apply")
        return observed["decision"]["reason"]

    def test_broken_payloads_get_the_preset_and_a_reason(self):
        cases = {
            "malformed": ('{"value" {"bytes": 12}}', {"malformed_payload"}),
            "ends in a number": ('{"value": {"bytes": 12', {"malformed_payload"}),
            "not JSON": ("hello", {"malformed_payload"}),
            "deep": ('{"a": ' + "[" * 10000 + "]" * 10000 + ', "value": {"bytes": 1}}', {"payload_too_deep"}),
            "NaN": ('{"value": {"bytes": NaN}}', {"malformed_payload"}),
            "1e400": ('{"value": {"bytes": 1e400}}', {"wrong_type", "out_of_range", "not_finite"}),
            "text for a number": ('{"value": {"bytes": "many"}}', {"wrong_type"}),
            "missing": ('{"value": {}}', {"missing_feature"}),
            "empty": ("", {"empty_payload"}),
            "negative": ('{"value": {"bytes": -5}}', {"out_of_range"}),
        }
        for name, (raw, reasons) in cases.items():
            with self.subTest(name):
                self.assertIn(self.reason_of(raw), reasons)

    def test_features_beyond_the_kept_part(self):
        raw = '{"padding": "' + "x" * (2 * MIB) + '", "value": {"bytes": 1000000}}'
        self.assertEqual(self.reason_of(raw), "truncated_payload")
