"""The installed services as operators, nodes and functions meet them: over sockets, files and systemd. Nothing of Fuyun is imported."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

CGROUPS = pathlib.Path("/sys/fs/cgroup")
SOURCE = pathlib.Path(__file__).resolve().parents[2]
DEMO = SOURCE / "deploy/demo"
POLICIES = pathlib.Path("/etc/fuyun/policies")
AGENT_STATE = pathlib.Path("/var/lib/fuyun")
OBSERVATIONS = AGENT_STATE / "observations.jsonl"
# What /var/lib/fuyun-coordinator leads to: the service has a dynamic user.
COORDINATOR_STATE = pathlib.Path("/var/lib/private/fuyun-coordinator")
CREDENTIALS = pathlib.Path("/etc/credstore")
SOCKETS = pathlib.Path("/run/fuyun")
MIB = 1 << 20

# A software-emulated machine is ten to twenty times slower than the nodes that the 5 ms default is meant for.
PATIENT_DEADLINE_MS = 2000


def run(*command, check=True, timeout=120, **options):
    """Runs a command and returns its standard output; its error output is in the exception when it fails."""
    done = subprocess.run(command, text=True, capture_output=True, timeout=timeout, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} exited with {done.returncode}: {done.stderr.strip()[-800:]}")
    return done.stdout


def wait_until(condition, seconds=20.0, step=0.05, what="the condition"):
    """Polls until `condition()` is true (its value is returned); fails the test after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(step)


def json_values(value):
    """All scalars in a JSON value, for assertions that do not care where a figure stands."""
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in json_values(part)]
    if isinstance(value, list):
        return [leaf for part in value for leaf in json_values(part)]
    return [value]


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path, timeout=30):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def request(path, method, target, body=None, headers=None, timeout=30):
    """One request on a Unix socket: (status, decoded JSON or text)."""
    connection = UnixConnection(path, timeout)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        data = answer.read()
        try:
            return answer.status, json.loads(data)
        except ValueError:
            return answer.status, data.decode(errors="replace")
    finally:
        connection.close()


class Unit:
    """A service of systemd's."""

    unit = None

    def pid(self):
        return int(run("systemctl", "show", "-P", "MainPID", self.unit).strip())

    def start(self):
        run("systemctl", "start", self.unit, timeout=180)

    def stop(self):
        run("systemctl", "stop", self.unit, timeout=180)

    def restart(self):
        run("systemctl", "restart", self.unit, timeout=180)

    def kill(self):
        """SIGKILL to the main process; waits until it is gone."""
        pid = self.pid()
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), 20, 0.005, f"{self.unit}'s process {pid} to be gone")

    def journal(self, since):
        """What the unit said since a moment (seconds since 1970)."""
        return run("journalctl", "-q", "--no-pager", "-o", "cat", "-u", self.unit, "--since", f"@{since:.3f}", check=False)

    def drop_in(self, name, text):
        """Puts a runtime drop-in in place (None: takes it away) and lets systemd see it."""
        folder = pathlib.Path(f"/run/systemd/system/{self.unit}.d")
        folder.mkdir(parents=True, exist_ok=True)
        if text is None:
            (folder / f"{name}.conf").unlink(missing_ok=True)
        else:
            (folder / f"{name}.conf").write_text(text)
        run("systemctl", "daemon-reload")


def metric_sum(text, name, labels):
    """The sum of a metric's series that carry these labels; 0 when there is none."""
    total = 0.0
    for line in text.splitlines():
        match = re.match(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^}]*\})? (\S+)$", line)
        if match and match[1] == name and all(f'{key}="{value}"' in (match[2] or "") for key, value in labels.items()):
            total += float(match[3])
    return total


class Agent(Unit):
    """The agent as its operator sees it."""

    unit = "fuyun-agent.service"

    def get(self, target, timeout=30):
        status, answer = request(SOCKETS / "admin.sock", "GET", target, timeout=timeout)
        if status != 200:
            raise AssertionError(f"GET {target} answered {status}: {answer}")
        return answer

    def platform(self, method, target, body=None, headers=None):
        return request(SOCKETS / "platform.sock", method, target, body, headers)

    def metric(self, name, **labels):
        """The sum of a metric's series that carry these labels; 0 when there is none."""
        return metric_sum(self.get("/metrics"), name, labels)

    def function(self, name):
        """What the agent says of a function; an empty object when it knows nothing."""
        for function in self.get("/v1/functions")["functions"]:
            if function["function"] == name:
                return function
        return {}

    def active_version(self, name):
        return self.function(name).get("active_version")

    def is_ready(self):
        try:
            return request(SOCKETS / "admin.sock", "GET", "/readyz", timeout=5)[0] == 200
        except OSError:
            return False

    def wait_ready(self):
        wait_until(self.is_ready, 60, what="the agent to be ready")

    def observations(self):
        try:
            lines = OBSERVATIONS.read_text().splitlines()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def observation(self, activation, seconds=20):
        """The observation of one activation, waited for."""

        def find():
            for entry in reversed(self.observations()):
                if entry.get("activation") == activation:
                    return entry
            return None

        return wait_until(find, seconds, 0.1, f"the observation of {activation}")

    def install_policy(self, document):
        """Puts a policy into the agent's directory the way an operator should: write aside, then rename."""
        name = document["metadata"]["policy_id"].replace("/", "_") + ".json"
        with tempfile.NamedTemporaryFile("w", dir=POLICIES, prefix=".", delete=False) as file:
            json.dump(document, file)
        os.chmod(file.name, 0o644)
        os.rename(file.name, POLICIES / name)
        version = document["metadata"]["version"]

        def loaded():
            for function in self.get("/v1/functions")["functions"]:
                if function["function"] == document["metadata"]["policy_id"]:
                    return version in json_values(function)
            return False

        wait_until(loaded, 20, what=f"policy {name} version {version} to be loaded")

    def use_rescue(self, wanted):
        """Switches the rescue on or off; the agent is restarted when that is a change."""
        name, text = "rescue", f"[Service]\nEnvironment=FUYUN_RESCUE_ENABLED={'true' if wanted else 'false'}\n"
        path = pathlib.Path(f"/run/systemd/system/{self.unit}.d/{name}.conf")
        if path.exists() and path.read_text() == text:
            return
        self.drop_in(name, text)
        self.restart()
        self.wait_ready()

    def remove_policy(self, policy_id):
        with contextlib.suppress(FileNotFoundError):
            (POLICIES / (policy_id.replace("/", "_") + ".json")).unlink()


class Coordinator(Unit):
    """The coordinator as its operator and its nodes see it."""

    unit = "fuyun-coordinator.service"
    address = ("127.0.0.1", 7070)
    node = socket.gethostname()

    @staticmethod
    def token(kind):
        """The first token for operators, or for nodes."""
        return (CREDENTIALS / f"fuyun.{kind}-tokens").read_text().splitlines()[0].split()[-1]

    def request(self, method, target, body=None, token="operator", timeout=60, raw=None):
        """(status, decoded JSON or text); `token` is a token, or whose."""
        connection = http.client.HTTPConnection(*self.address, timeout=timeout)
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {self.token(token) if token in ('operator', 'node') else token}"
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, target, body=data, headers=headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text.decode(errors="replace")

    def ask(self, method, target, body=None):
        """The same for an operator whose wish is granted."""
        status, answer = self.request(method, target, body)
        if not 200 <= status < 300:
            raise AssertionError(f"{method} {target} answered {status}: {answer}")
        return answer

    def is_ready(self):
        try:
            return self.request("GET", "/readyz", token=None, timeout=5)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def wait_ready(self, seconds=90):
        wait_until(self.is_ready, seconds, what="the coordinator to be ready")

    def metric(self, name, **labels):
        return metric_sum(self.request("GET", "/metrics")[1], name, labels)

    def function(self, name):
        """What the coordinator says of a function; None when it does not know it."""
        status, answer = self.request("GET", f"/v1/functions/{segment(name)}")
        return answer if status == 200 else None

    def count(self, name):
        """Observations of a function that are stored."""
        return (self.function(name) or {}).get("observations", 0)

    def policies(self, name):
        """A function's versions, newest first."""
        return self.ask("GET", f"/v1/functions/{segment(name)}/policies")["policies"]

    def statuses(self, name):
        """{version: status}"""
        return {policy["version"]: policy["status"] for policy in self.policies(name)}

    def active_version(self, name):
        return (self.function(name) or {}).get("active_version")

    def add(self, document):
        """Adds a version by the command that an operator uses."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(document, file)
            file.flush()
            self.fuyun("functions", "register", document["metadata"]["policy_id"])
            self.fuyun("policies", "add", document["metadata"]["policy_id"], file.name)

    def activate(self, name, version):
        self.fuyun("policies", "activate", name, str(version), "--reason", "kernel suite")

    def fuyun(self, *arguments):
        """The operator's command line, pointed at this coordinator."""
        return run("fuyun", *arguments, "--coordinator", "http://{}:{}".format(*self.address),
                   "--token-file", str(CREDENTIALS / "fuyun.operator-tokens"), timeout=60)

    def send(self, epoch, records, node=None, token="node", timeout=60):
        """A batch as an agent sends it: [(sequence, observation)]."""
        body = {"schema": "fuyun.observations/v1", "epoch": epoch,
                "observations": [{"sequence": sequence, "observation": observation} for sequence, observation in records]}
        return self.request("POST", f"/v1/nodes/{segment(node or self.node)}/observations", body, token, timeout)


def segment(name):
    """A name as one segment of a path."""
    return urllib.parse.quote(name, safe="")
