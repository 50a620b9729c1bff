"""What the kernel suite stands on: the installed services, real containers, and plain reads of the kernel's files.

Black box on purpose: nothing of Fuyun is imported; coordinator and agent are met over their sockets and judged by the kernel.
"""

import contextlib
import http.client
import json
import pathlib
import socket
import subprocess
import time
import unittest

from services import (  # noqa: F401: tests import from here
    AGENT_STATE, CGROUPS, COORDINATOR_STATE, CREDENTIALS, DEMO, MIB, OBSERVATIONS, PATIENT_DEADLINE_MS, POLICIES, SOCKETS, SOURCE, Agent,
    Coordinator, json_values, request, run, segment, wait_until,
)


def policy(function, terms, coefficients, mapping, status="active", version=1, headroom=0.05, minimum=8 * MIB, maximum=2048 * MIB):
    """A linear policy document over numeric variables."""
    return {
        "schema": "fuyun.policy/v1",
        "metadata": {"policy_id": function, "version": version, "status": status, "origin": {"kind": "operator"}},
        "inputs": {
            "source": "payload",
            "variables": [{"name": name, "type": "number", "range": [0, 1e12]} for name in mapping],
            "mapping": {name: {"json": pointer} for name, pointer in mapping.items()},
        },
        "logic": {"type": "linear", "terms": terms, "coefficients": coefficients, "decision_rationale": "kernel suite"},
        "safety": {"headroom": headroom, "bounds": {"min": minimum, "max": maximum}, "tier_bytes": MIB},
    }


def allocator_policy(function, base=64 * MIB, slope=1.1, **options):
    """The policy of the allocator: what it is asked for, plus its interpreter."""
    return policy(function, {"bytes": "bytes"}, {"base": base, "bytes": slope}, {"bytes": "/value/bytes"}, **options)


class Answer:
    """What a function's caller saw."""

    def __init__(self, activation, status, headers, body, seconds):
        self.activation, self.status, self.headers, self.body, self.seconds = activation, status, headers, body, seconds

    @property
    def json(self):
        return json.loads(self.body)

    def header_limit(self):
        """The memory.max that the function itself read when the payload reached it; None for `max`."""
        text = self.headers.get("X-Memory-Max", "")
        return None if text == "max" else int(text)


class Container:
    """A function in a podman container behind the shim, driven as an OpenWhisk invoker drives it."""

    ports = iter(range(18100, 18900, 2))
    live = []

    def __init__(self, program="allocator", function=None, memory=512 * MIB, runtime="crun", deadline_ms=PATIENT_DEADLINE_MS,
                 extra=(), shim_options=(), cgroup_parent=None):
        self.port = next(Container.ports)
        self.name = f"fuyun-test-{program}-{self.port}"
        self.function = function or f"test/{self.name}"
        self.sequence = 0
        arguments = [
            "podman", "run", "--detach", "--name", self.name, "--runtime", runtime, "--network", "host",
            "--cgroupns", "private", "--memory", str(memory), "--memory-swap", str(memory),
            "--volume", "/run/fuyun:/run/fuyun", "--volume", f"{SOURCE}:{SOURCE}:ro", "--env", f"PORT={self.port + 1}",
        ]
        if cgroup_parent:
            arguments += ["--cgroup-parent", cgroup_parent]
        arguments += [*extra, "--rootfs", "/:O"]
        arguments += [
            "/usr/bin/fuyun-shim", "http", "--listen", f"127.0.0.1:{self.port}", "--upstream", f"127.0.0.1:{self.port + 1}",
            "--agent-deadline", str(deadline_ms), *shim_options, "--",
            "python3", "-u", str(DEMO / f"{program.replace('-', '_')}.py"),
        ]
        run(*arguments, timeout=240)
        Container.live.append(self)
        self.id = run("podman", "inspect", "--format", "{{.Id}}", self.name).strip()
        self.pid = int(run("podman", "inspect", "--format", "{{.State.Pid}}", self.name))
        if self.pid == 0:
            raise AssertionError(f"{self.name} ended at once: {self.logs()}")
        self.path = self.cgroup_of(self.pid)
        wait_until(self.accepts, 120, 0.2, f"{self.name} to listen")
        self.init()

    @staticmethod
    def cgroup_of(pid):
        for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            if line.startswith("0::"):
                return CGROUPS / line[3:].lstrip("/")
        raise AssertionError(f"process {pid} is in no cgroup v2")

    def accepts(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port + 1), timeout=1):
                return True
        except OSError:
            return False

    def post(self, target, body, headers=None, timeout=120):
        """One request on a connection of its own, as OpenWhisk's invoker makes it: (status, headers, body, seconds)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        start = time.monotonic()
        try:
            connection.request("POST", target, body=body, headers={"Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, answer.headers, data, time.monotonic() - start
        finally:
            connection.close()

    def init(self):
        namespace, _, action = self.function.partition("/")
        body = {"value": {"name": action, "main": "main", "binary": False,
                          "env": {"__OW_NAMESPACE": namespace, "__OW_ACTION_NAME": f"/{self.function}"}}}
        status, _, data, _ = self.post("/init", json.dumps(body))
        if status != 200:
            raise AssertionError(f"{self.name}: /init answered {status}: {data[:300]}")

    def run_body(self, value):
        self.sequence += 1
        activation = f"{self.name}-{self.sequence}"
        namespace = self.function.partition("/")[0]
        return activation, {
            "value": value, "namespace": namespace, "action_name": f"/{self.function}", "activation_id": activation,
            "deadline": str(int(time.time() * 1000) + 60000),
        }

    def invoke(self, value=None, timeout=120, raw=None, **parameters):
        """POST /run; a lost connection is an answer with status 0."""
        activation, body = self.run_body({**(value or {}), **parameters})
        data = json.dumps(body) if raw is None else raw
        start = time.monotonic()
        try:
            status, headers, content, seconds = self.post("/run", data, timeout=timeout)
        except (OSError, http.client.HTTPException):
            return Answer(activation, 0, {}, b"", time.monotonic() - start)
        return Answer(activation, status, headers, content, seconds)

    def read(self, file):
        """A kernel file of the cgroup that the container's processes live in."""
        return (self.path / file).read_text().strip()

    def limit(self):
        text = self.read("memory.max")
        return None if text == "max" else int(text)

    def counter(self, file, key):
        for line in self.read(file).splitlines():
            name, value = line.split()
            if name == key:
                return int(value)
        raise AssertionError(f"{file} has no {key}")

    def is_running(self):
        return run("podman", "inspect", "--format", "{{.State.Running}}", self.name, check=False).strip() == "true"

    def logs(self):
        done = subprocess.run(["podman", "logs", "--tail", "40", self.name], text=True, capture_output=True, timeout=60)
        return done.stdout + done.stderr

    def remove(self):
        run("podman", "rm", "--force", "--time", "0", self.name, check=False, timeout=120)
        with contextlib.suppress(ValueError):
            Container.live.remove(self)


class KernelTest(unittest.TestCase):
    """A test with the agent up; containers are removed after each class unless they are kept in `cls.container`."""

    agent = Agent()
    coordinator = Coordinator()
    # What a limit does by itself is what most of the suite is about; test_rescue.py has it on, as operators do.
    rescue = False

    @classmethod
    def setUpClass(cls):
        cls.agent.use_rescue(cls.rescue)
        cls.agent.wait_ready()

    @classmethod
    def tearDownClass(cls):
        for container in list(Container.live):
            container.remove()

    def setUp(self):
        self.agent.wait_ready()

    def assertBetween(self, value, low, high, message=""):
        self.assertTrue(low <= value <= high, f"{value} is not in [{low}, {high}] {message}")
