"""A container without a runtime: a cgroup with a runtime's name and one process in it, called over platform.sock as an invoker calls.

Starting one takes a fraction of what podman takes, so that a hundred calls are affordable on an emulated machine.
"""

import contextlib
import json
import os
import pathlib
import secrets
import subprocess
import sys

from services import CGROUPS, SOCKETS, UnixConnection, wait_until

WORKER = pathlib.Path(__file__).resolve().parent / "rescue_worker.py"
PARENT = CGROUPS / "fuyun-direct"


class Call:
    """A call in flight: its process waits for `go`."""

    def __init__(self, container, mode, count, predicted, hold=0.0, managed=True):
        self.container = container
        self.process = subprocess.Popen(
            [sys.executable, "-u", str(WORKER), str(container.path), mode, str(count), str(hold)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        first = self.process.stdout.readline().strip()
        if first != "ready":
            raise AssertionError(f"the worker said {first!r}: {self.process.stderr.read()[-500:]}")
        self.id = None
        self.activation = secrets.token_hex(8)
        self.connection = UnixConnection(SOCKETS / "platform.sock", 60)
        if managed:
            answer = self.exchange("POST", "/v1/invocations", json.dumps({"predicted": predicted}))
            self.id, self.begin = answer["id"], answer

    def exchange(self, method, target, body):
        headers = {"Fuyun-Function": self.container.function, "Fuyun-Activation": self.activation,
                   "Fuyun-Container": str(self.container.path.relative_to(CGROUPS))}
        self.connection.request(method, target, body=body, headers=headers)
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status >= 300:
            raise AssertionError(f"{target} answered {answer.status}: {data[:300]}")
        return json.loads(data)

    def go(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def finish(self, timeout=180):
        """Waits for the process and reports the end: (exit status as of a shell, what the process said)."""
        try:
            out, _ = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, _ = self.process.communicate()
        status = self.process.returncode
        status = 128 - status if status < 0 else status
        if self.id:
            outcome = "success" if status == 0 else "crashed"
            with contextlib.suppress(AssertionError, OSError):
                self.answer = self.exchange("POST", f"/v1/invocations/{self.id}/end",
                                            json.dumps({"outcome": outcome, "exit_status": status}))
        self.connection.close()
        try:
            return status, json.loads(out.strip().splitlines()[-1])
        except (ValueError, IndexError):
            return status, {}


class DirectContainer:
    """The cgroup."""

    def __init__(self, function, ceiling):
        PARENT.mkdir(exist_ok=True)
        (PARENT / "cgroup.subtree_control").write_text("+memory")
        self.function = function
        self.path = PARENT / secrets.token_hex(32)
        self.path.mkdir()
        (self.path / "memory.swap.max").write_text("0")
        (self.path / "memory.max").write_text(str(ceiling))
        self.ceiling = ceiling

    def read(self, file):
        return (self.path / file).read_text().strip()

    def limit(self, file="memory.max"):
        text = self.read(file)
        return None if text == "max" else int(text)

    def counter(self, key, file="memory.events"):
        for line in self.read(file).splitlines():
            name, value = line.split()
            if name == key:
                return int(value)
        raise AssertionError(f"{file} has no {key}")

    def call(self, mode, count, predicted, **options):
        return Call(self, mode, count, predicted, **options)

    def run(self, mode, count, predicted, **options):
        call = self.call(mode, count, predicted, **options)
        call.go()
        status, said = call.finish()
        return call, status, said

    def remove(self):
        with contextlib.suppress(OSError):
            (self.path / "cgroup.kill").write_text("1")
        with contextlib.suppress(OSError):
            wait_until(lambda: "populated 0" in self.read("cgroup.events"), 10)
            os.rmdir(self.path)
