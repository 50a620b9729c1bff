"""Endpoints that speak chat completions: litellm's proxy with replies of its own, and a server that means harm."""

import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import http.client
import http.server

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV = ROOT / ".build/litellm"
KEY = "sk-fuyun-test-0123456789"

# An answer in the drafter's form: memory grows with n.
REPLY = json.dumps(
    {
        "analysis": {
            "summary": "It holds n numbers.",
            "drivers": [{"name": "n", "place": "/n", "effect": "a list of n numbers"}],
            "outside_payload": [],
        },
        "proposal": {
            "variables": [
                {
                    "name": "n", "type": "integer", "unit": "count", "minimum": 1, "maximum": 100000, "values": None,
                    "source": "json", "at": "/n", "default": None,
                }
            ],
            "skeletons": [
                {
                    "name": "list", "family": "linear", "select": None, "rationale": "A list of n numbers is held once.",
                    "grows_with": ["n"],
                    "laws": [
                        {
                            "when": None,
                            "base": {"expected": 30000000, "low": 20000000, "high": 50000000},
                            "terms": [
                                {
                                    "name": "numbers", "expression": "n",
                                    "coefficient": {"expected": 32, "low": 8, "high": 64},
                                    "exponent": None, "rate": None, "knots": None,
                                }
                            ],
                        }
                    ],
                }
            ],
        },
    }
)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class LiteLLM:
    """https://github.com/BerriAI/litellm: the proxy as it comes from PyPI, its models answering what the test says."""

    MODELS = {
        "plain": {"mock_response": REPLY},
        "limited": {"mock_response": "litellm.RateLimitError"},
        "broken": {"mock_response": "litellm.InternalServerError"},
        "slow": {"mock_response": REPLY, "mock_delay": 20},
        "prose": {"mock_response": "Memory grows with the input. I would set a limit of 1 byte."},
    }

    @staticmethod
    def install():
        if (VENV / "bin/litellm").exists():
            return
        print("    installing litellm from PyPI", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        command = [VENV / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "10", "--timeout", "60"]
        for attempt in range(3):
            if subprocess.run([*command, "litellm[proxy]>=1.100,<2"]).returncode == 0:
                return
            time.sleep(5)
        shutil.rmtree(VENV, ignore_errors=True)
        raise AssertionError("litellm cannot be installed from PyPI")

    def __enter__(self):
        self.install()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fuyun-litellm-"))
        self.port = free_port()
        config = {
            "model_list": [
                {"model_name": name, "litellm_params": {"model": "openai/gpt-4o-mini", "api_key": "none", **answer}}
                for name, answer in self.MODELS.items()
            ],
            "general_settings": {"master_key": KEY},
            "litellm_settings": {"telemetry": False, "num_retries": 0},
        }
        # JSON is YAML.
        (self.folder / "config.yaml").write_text(json.dumps(config))
        self.log = open(self.folder / "log", "w")
        self.process = subprocess.Popen(
            [VENV / "bin/litellm", "--config", self.folder / "config.yaml", "--host", "127.0.0.1", "--port", str(self.port)],
            stdout=self.log, stderr=subprocess.STDOUT, cwd=self.folder,
            env={"PATH": f"{VENV}/bin:/usr/bin:/bin", "HOME": str(self.folder), "LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_PROXY": "*"},
        )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/health/liveliness")
                if connection.getresponse().status == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.3)
        text = (self.folder / "log").read_text()[-2000:]
        self.__exit__()
        raise AssertionError(f"litellm does not start: {text}")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


def completion(content, **more):
    return {
        "id": "c", "object": "chat.completion", "model": "hostile-1",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}, **more,
    }


class Hostile:
    """A server whose answers a test writes: `Hostile(script)`, where script(number, request) handles one request."""

    def __init__(self, script):
        self.requests = []
        hostile = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                number = len(hostile.requests)
                hostile.requests.append({"path": self.path, "headers": dict(self.headers), "body": body, "at": time.monotonic()})
                try:
                    script(number, self)
                except OSError:
                    pass

            def send(self, status, body, kind="application/json", **headers):
                if isinstance(body, (dict, list)):
                    body = json.dumps(body)
                if isinstance(body, str):
                    body = body.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
