"""Callers that mean harm, or do not know better: refused with the right status, nothing stored, others unaffected."""

import json
import socket
import subprocess
import threading
import time
import unittest

from server import NODE_TOKEN, OTHER_TOKEN, PROGRAM, Server, batch

OBSERVATIONS = "/v1/nodes/a/observations"


def head(length, token=NODE_TOKEN, extra=""):
    return (
        f"POST {OBSERVATIONS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Length: {length}\r\n{extra}\r\n"
    ).encode()


def read_all(connection):
    data = b""
    try:
        while part := connection.recv(65536):
            data += part
    except OSError:
        pass
    return data


class HostileCallers(unittest.TestCase):
    def assert_unaffected(self, server, count):
        """Others are served, and there are so many observations and no more."""
        begin = time.monotonic()
        self.assertEqual(server.request("GET", "/healthz")[0], 200)
        self.assertEqual(server.request("GET", "/readyz")[0], 200)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(server.observation_count("guest/f"), count)

    def test_tokens_and_nodes(self):
        with Server() as server:
            for token, path, status in [
                (None, OBSERVATIONS, 401),
                ("wrong-token-0123456789", OBSERVATIONS, 401),
                (NODE_TOKEN[:-1], OBSERVATIONS, 401),
                (OTHER_TOKEN, OBSERVATIONS, 403),
                (NODE_TOKEN, "/v1/nodes/unknown/observations", 403),
                (NODE_TOKEN, "/v1/functions/guest%2Ff/rollback", 403),
                (NODE_TOKEN, "/v1/nodes/a%20b/observations", 400),
            ]:
                answer = server.request("POST", path, batch(range(3)), token=token)
                self.assertEqual(answer[0], status, answer)
                self.assertIn("code", json.loads(answer[1])["error"])
            self.assert_unaffected(server, 0)

    def test_wrong_schemas(self):
        with Server() as server:
            good = batch(range(3))
            bad_record = batch(range(3))
            bad_record["observations"][1]["observation"]["outcome"] = "fine"
            deep = '{"a":' * 10_000
            for body in [
                {**good, "schema": "fuyun.observations/v2"},
                {**good, "epoch": -1},
                {**good, "epoch": "7"},
                bad_record,
                {**good, "observations": [1]},
                {**good, "observations": batch(range(5001))["observations"]},
                [],
                "",
                "null",
                deep,
                b"\xff\xfe",
                json.dumps(good)[:-2],
            ]:
                status, answer = server.request("POST", OBSERVATIONS, body, token=NODE_TOKEN)
                self.assertEqual(status, 400, answer)
            self.assert_unaffected(server, 0)
            self.assertEqual(server.request("POST", OBSERVATIONS, good, token=NODE_TOKEN)[0], 200)
            self.assert_unaffected(server, 3)

    def test_body_of_a_gigabyte(self):
        with Server() as server:
            before = server.resident_bytes()
            chunk = b" " * (1 << 20)
            for first in [head(1 << 30), head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")]:
                with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
                    answers = []
                    reader = threading.Thread(target=lambda: answers.append(read_all(connection)))
                    reader.start()
                    is_chunked = b"chunked" in first
                    try:
                        connection.sendall(first)
                        for _ in range(1024):
                            connection.sendall(b"100000\r\n" + chunk + b"\r\n" if is_chunked else chunk)
                        connection.sendall(b"0\r\n\r\n" if is_chunked else b"")
                    except OSError:
                        pass  # It need not read to the end.
                    reader.join(timeout=60)
                self.assertTrue(answers[0].startswith(b"HTTP/1.1 413 "), answers[0][:200])
            self.assertLess(server.resident_bytes() - before, 64 << 20)
            self.assert_unaffected(server, 0)

    def test_a_thousand_slow_connections(self):
        with Server("limits.request_seconds=5") as server:
            beginnings = [b"", b"GET /healthz HT", head(1000)[:-2], head(1000) + b"{", head(8 << 20) + b" " * 1000]
            slow = []
            for index in range(1000):
                connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
                connection.sendall(beginnings[index % len(beginnings)])
                slow.append(connection)
            # Meanwhile everyone else is served as usual, while the slow ones drip on.
            deadline = time.monotonic() + 4
            stored = 0
            worst = 0
            while time.monotonic() < deadline:
                begin = time.monotonic()
                status, _ = server.request("POST", OBSERVATIONS, batch(range(stored, stored + 10)), token=NODE_TOKEN)
                worst = max(worst, time.monotonic() - begin)
                self.assertEqual(status, 200)
                stored += 10
                for connection in slow[:: len(beginnings)]:
                    try:
                        connection.sendall(b"G")
                    except OSError:
                        pass
            self.assertLess(worst, 2)
            for connection in slow:
                self.assertTrue(read_all(connection).startswith(b"HTTP/1.1 408 "))
                connection.close()
            self.assert_unaffected(server, stored)

    def test_noise(self):
        with Server() as server:
            for text in [
                b"\x00" * 1000,
                b"GET / HTTP/9.9\r\n\r\n",
                b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
                b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
                b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                head("1, 2"),
                head(-1),
                head(10, extra="Transfer-Encoding: chunked\r\n") + b"zzz\r\n",
            ]:
                with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
                    try:
                        connection.sendall(text)
                        connection.shutdown(socket.SHUT_WR)
                    except OSError:
                        pass
                    answer = read_all(connection)
                    self.assertFalse(answer.startswith(b"HTTP/1.1 2"), answer[:200])
            self.assert_unaffected(server, 0)

    def test_refuses_to_start(self):
        for settings in [
            ["listen.host=0.0.0.0"],
            ["listen.host=::", "tls.certificate_file=/c", "tls.key_file=/k"],
            ["tokens.operators_file=/nowhere/tokens"],
            ["tls.certificate_file=/nowhere/c", "tls.key_file=/nowhere/k"],
            ["store.path=/nowhere/fuyun.db"],
            ["listen.prot=1"],
        ]:
            command = [PROGRAM, "--set", "listen.port=0"] + [word for text in settings for word in ("--set", text)]
            result = subprocess.run(command, capture_output=True, text=True, timeout=30)
            self.assertNotEqual(result.returncode, 0, settings)
            self.assertTrue(result.stderr.strip(), settings)
            self.assertNotIn("Fatal error", result.stderr)

    def test_stop_answers_polls_that_wait(self):
        with Server() as server:
            body = json.loads(server.request("GET", "/v1/nodes/a/policies", token=NODE_TOKEN)[1])
            answers = []
            path = f"/v1/nodes/a/policies?after={body['revision']}&wait=60"
            polls = [
                threading.Thread(target=lambda: answers.append(server.request("GET", path, token=NODE_TOKEN)[0]))
                for _ in range(50)
            ]
            for poll in polls:
                poll.start()
            time.sleep(0.5)
            begin = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - begin, 10)
            for poll in polls:
                poll.join()
            self.assertEqual(answers, [200] * 50)


if __name__ == "__main__":
    unittest.main()
