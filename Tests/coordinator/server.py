"""A coordinator of the tests: the real program, in a directory of its own, on loopback."""

import http.client
import json
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / ".build/debug/fuyun-coordinator"

NODE_TOKEN = "token-of-node-a-0123456789"
OTHER_TOKEN = "token-of-node-b-0123456789"
OPERATOR_TOKEN = "token-of-operators-0123456789"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`with Server() as server:` runs one; `kill` and `start` again keep its database."""

    def __init__(self, *settings, guarded=True):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fuyun-coordinator-"))
        self.port = free_port()
        self.settings = [f"listen.port={self.port}", f"store.path={self.folder}/fuyun.db", "log.level=warning", *settings]
        if guarded:
            self.secret("nodes", f"a {NODE_TOKEN}\nb {OTHER_TOKEN}\n")
            self.secret("operators", f"{OPERATOR_TOKEN}\n")
            self.settings += [f"tokens.nodes_file={self.folder}/nodes", f"tokens.operators_file={self.folder}/operators"]
        self.process = None
        # A file for what the program writes; None: it goes where the tests' own output goes.
        self.output = None

    def secret(self, name, text):
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Starts the program and waits until it serves."""
        command = [PROGRAM] + [word for setting in self.settings for word in ("--set", setting)]
        self.process = subprocess.Popen(command, stdout=self.output, stderr=self.output)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the coordinator ended with status {self.process.returncode}")
            try:
                if self.request("GET", "/readyz", timeout=5)[0] == 200:
                    return
            except OSError:
                time.sleep(0.01)
        raise AssertionError("the coordinator did not become ready within 30 s")

    def kill(self):
        """Ends it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """Ends it as the service manager would."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError("the coordinator did not stop within 30 s of SIGTERM")
        return self.process.returncode

    def request(self, method, path, body=None, token=None, timeout=30):
        """One request on a connection of its own: (status, body)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def observation_count(self, function):
        status, body = self.request("GET", f"/v1/functions/{function.replace('/', '%2F')}", token=OPERATOR_TOKEN)
        if status == 404:
            return 0
        assert status == 200, body
        return json.loads(body)["observations"]


def observation(sequence, function="guest/f"):
    return {
        "schema": "fuyun.observation/v1",
        "id": f"6650f1a2-{sequence + 1}",
        "function": function,
        "began_ms": 1_750_000_000_000 + sequence,
        "duration_ms": 12.5,
        "features": {"n": random.randrange(1000)},
        "need": {"lower_bytes": 1000, "upper_bytes": 2000},
        "outcome": "success",
    }


def batch(sequences, function="guest/f", epoch=7):
    records = [{"sequence": number, "observation": observation(number, function)} for number in sequences]
    return {"schema": "fuyun.observations/v1", "epoch": epoch, "observations": records}
