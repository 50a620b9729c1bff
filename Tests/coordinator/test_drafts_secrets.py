"""Secrets of a function's source, all the way: the command, the coordinator, its log, events, drafts and file, the model's endpoint."""

import json
import os
import subprocess
import unittest

from models import KEY, REPLY, Hostile, completion
from server import OPERATOR_TOKEN, ROOT
from test_drafts import DraftingServer, source

FUYUN = ROOT / ".build/debug/fuyun"


def cycle(text, count):
    return (text * (count // len(text) + 1))[:count]


def word(count):
    return cycle("aB3dE5gH7jK9mN2pQ4sT6vW8xY", count)


def hexadecimal(count):
    return cycle("0a9b8c7d6e5f4132", count)


# Put together at run time, so that no scanner of this repository takes them for real ones.
TOKENS = [
    "AKIA" + "QWERTZUIOPASDFG7",
    "wJalrXUtnFEMI" + "/K7MDENG/bPxRfiCYzz41",
    "ghp" + "_" + word(36),
    "github" + "_pat_" + word(60),
    "glpat" + "-" + word(20),
    "sk" + "_live_" + word(24),
    "whsec" + "_" + word(32),
    "sk" + "-ant-" + word(40),
    "sk" + "-proj-" + word(40),
    "AI" + "za" + word(35),
    "GOCSPX" + "-" + word(28),
    "npm" + "_" + word(36),
    "pypi" + "-" + word(60),
    "xoxb" + "-" + word(40),
    "SG" + "." + word(22) + "." + word(43),
    "123456789" + ":AA" + word(33),
    "hf" + "_" + word(34),
    "dapi" + hexadecimal(32),
    "dop" + "_v1_" + hexadecimal(64),
    "hvs" + "." + word(24),
    "SK" + hexadecimal(32),
    "eyJ" + word(30) + "." + "eyJ" + word(30) + "." + word(43),
    "q7Xk2Zp9Lw4Tn8Vb3Rm6" + "Yc1Hd5Jf0Gs",
]
PLACED = [
    ('db = connect("postgres://app:h4rbour-Town@db:5432/x")', "h4rbour-Town"),
    ('DB_PASSWORD = "correct horse"', "correct horse"),
    ('headers = {"Authorization": "Bearer abc123def456ghi7"}', "abc123def456ghi7"),
    ("config[\"api_key\"] = 'plainbutsecret'", "plainbutsecret"),
    ('pem = """-----BEGIN RSA ' + "PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\n-----END RSA " + 'PRIVATE KEY-----"""', "MIIEowIBAAKCAQEA7"),
    ('hook = "https://hooks.slack.com/services/T0/B0/abcdefghijkl"', "abcdefghijkl"),
]
SECRETS = TOKENS + [secret for _, secret in PLACED]
# What an example payload holds is nobody's business either.
PAYLOAD_VALUE = "a-name-in-a-payload-93417"

TEXT = "\n".join(
    ["import os", "def main(args):"]
    + [f'    value_{index} = "{token}"' for index, token in enumerate(TOKENS)]
    + ["    " + line for line, _ in PLACED]
    + ["    return {'sum': sum(list(range(args['n'])))}", ""]
)


class Secrets(unittest.TestCase):
    def assert_clean(self, place, content):
        if isinstance(content, str):
            content = content.encode()
        self.assertTrue(content, place)
        for secret in SECRETS + [KEY, PAYLOAD_VALUE, OPERATOR_TOKEN]:
            if secret.encode() in content:
                at = content.index(secret.encode())
                self.fail(f"{place}: {secret[:12]}… in {content[max(0, at - 60) : at + 20]!r}")

    def run_through(self, server, hostile, ask):
        """Drafts, lets the program end, and looks into everything that was written or sent."""
        log = server.folder / "log"
        with open(log, "wb") as server.output:
            server.start()
            told = ask(server)
            told["events"] = json.dumps(server.ask_json("/v1/events?limit=1000"))
            told["drafts"] = json.dumps(server.ask("GET", "/v1/functions/guest%2Ff/drafts"))
            told["draft"] = json.dumps(server.ask("GET", "/v1/functions/guest%2Ff/drafts/1"))
            told["policies"] = json.dumps([server.document(policy["version"]) for policy in server.policies()])
            told["metrics"] = server.request("GET", "/metrics")[1]
            server.stop()
        self.assertTrue(hostile.requests)
        for number, request in enumerate(hostile.requests):
            self.assert_clean(f"request {number}", request["body"])
            headers = {name: value for name, value in request["headers"].items() if name != "Authorization"}
            self.assert_clean(f"headers {number}", json.dumps(headers) + request["path"])
            # It is this source that was asked about.
            self.assertIn(b"value_0", request["body"])
        self.assert_clean("log", log.read_bytes())
        for path in server.folder.glob("fuyun.db*"):
            if path.stat().st_size:
                self.assert_clean(path.name, path.read_bytes())
        for place, content in told.items():
            self.assert_clean(place, content)
        return told

    def with_models(self, ask):
        """A model that answers, one that repeats what it was asked and is asked again, and one that refuses."""

        def question():
            return hostile.requests[-1]["body"].decode()

        for name, script in [
            ("answers", lambda _, request: request.send(200, completion(REPLY))),
            ("repeats", lambda _, request: request.send(200, completion(json.loads(question())["messages"][-1]["content"]))),
            ("refuses", lambda _, request: request.send(400, {"error": {"message": question()[:4000]}})),
        ]:
            with self.subTest(name), Hostile(script) as hostile:
                settings = ["log.level=trace", "drafter.rounds=1", "drafter.retries=0"]
                server = DraftingServer(hostile.url, "m", *settings, key=KEY)
                try:
                    self.run_through(server, hostile, ask)
                finally:
                    server.__exit__()

    def test_a_client_that_masks_nothing(self):
        self.with_models(lambda server: {"answer": json.dumps(server.draft(source(TEXT)))})

    def test_the_command(self):
        self.with_models(self.commands)

    def commands(self, server):
        (server.folder / "main.py").write_text(TEXT)
        (server.folder / "payload.json").write_text(json.dumps({"n": 5, "name": PAYLOAD_VALUE}))
        server.secret("token", OPERATOR_TOKEN + "\n")
        inputs = ["--source", server.folder / "main.py", "--payload", server.folder / "payload.json"]
        access = ["--coordinator", f"http://127.0.0.1:{server.port}", "--token-file", server.folder / "token"]
        told = {}
        for words in [
            ["draft", "guest/f", *inputs, *access],
            ["draft", "guest/f", "--dry-run", "--json", *inputs, *access],
            ["draft", "show", "guest/f", *access],
            ["draft", "show", "guest/f", "--json", *access],
            ["draft", "list", "guest/f", *access],
            ["draft", "prompt", "guest/f", *inputs],
            ["events", *access],
            ["policies", "list", "guest/f", *access],
        ]:
            ended = subprocess.run([FUYUN, *words], capture_output=True, timeout=90, env={**os.environ, "NO_COLOR": "1"})
            self.assertLessEqual(ended.returncode, 1, (words, ended.stderr.decode()[-1000:]))
            told[f"{len(told)}: fuyun " + " ".join(str(part) for part in words)] = (ended.stdout + ended.stderr).decode()
        return told


if __name__ == "__main__":
    unittest.main()
