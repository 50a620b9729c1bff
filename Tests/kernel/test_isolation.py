"""What one container sends never affects another."""

import json

from harness import MIB, PATIENT_DEADLINE_MS, SOCKETS, Container, KernelTest, allocator_policy, run

# Runs inside the container, as its root, with the standard library only.
CLIENT = """
import http.client, json, socket, sys
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX); self.sock.connect(sys.argv[1])
def ask(connection, method, target, body=None, headers={}):
    connection.request(method, target, body=body, headers=headers); answer = connection.getresponse()
    data = answer.read().decode()
    try: data = json.loads(data)
    except ValueError: pass
    return answer.status, data
"""


class Isolation(KernelTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.attacker = Container()
        cls.victim = Container()
        for container in (cls.attacker, cls.victim):
            cls.agent.install_policy(allocator_policy(container.function))

    def inside(self, container, script):
        text = run("podman", "exec", container.name, "python3", "-c", CLIENT + script, str(SOCKETS / "function.sock"), timeout=120)
        return json.loads(text.splitlines()[-1])

    def test_naming_another_container_changes_only_ones_own(self):
        before = self.victim.limit()
        seen = self.inside(self.attacker, f"""
connection = Unix("localhost")
status, answer = ask(connection, "POST", "/v1/invocations", '{{"value": {{"bytes": 1000000}}}}', {{
    "Fuyun-Function": "{self.attacker.function}", "Fuyun-Container": "{self.victim.id}"}})
own = open("/sys/fs/cgroup/memory.max").read().strip()
end = ask(connection, "POST", "/v1/invocations/" + answer["id"] + "/end", "{{}}")
print(json.dumps([status, answer["limit_bytes"], own, end[0]]))
""")
        self.assertEqual(seen[0], 201)
        self.assertEqual(str(seen[1]), seen[2], "the caller's own limit is the one that was set")
        self.assertEqual(seen[3], 200)
        self.assertEqual(self.victim.limit(), before)

    def test_ending_another_containers_invocation(self):
        status, begun = self.agent.platform("POST", "/v1/invocations", '{"value": {"bytes": 1000000}}', {
            "Fuyun-Function": self.victim.function, "Fuyun-Container": self.victim.id})
        # The platform's connection is closed by now, so its invocation is abandoned: keep one open instead.
        self.assertEqual(status, 201, begun)
        seen = self.inside(self.attacker, f"""
print(json.dumps(ask(Unix("localhost"), "POST", "/v1/invocations/{begun["id"]}/end", "{{}}")))
""")
        self.assertEqual(seen[0], 404, seen)

    def test_claiming_another_function_gets_no_policy_of_it(self):
        answer = self.attacker.invoke(bytes=1 * MIB)
        self.assertEqual(answer.status, 200)
        seen = self.inside(self.attacker, f"""
connection = Unix("localhost")
status, answer = ask(connection, "POST", "/v1/invocations", '{{"value": {{"bytes": 1000000}}}}', {{
    "Fuyun-Function": "{self.victim.function}"}})
print(json.dumps([status, answer]))
""")
        self.assertEqual(seen[0], 201)
        self.assertFalse(seen[1]["applied"], seen)

    def test_operators_answers_stay_with_the_operator(self):
        for target in ("/metrics", "/v1/containers", "/v1/functions", "/v1/status"):
            seen = self.inside(self.attacker, f'print(json.dumps(ask(Unix("localhost"), "GET", "{target}")))')
            self.assertEqual(seen[0], 403, target)

    def test_the_other_sockets_are_closed_to_containers(self):
        """Root in the container is root to the sockets' modes, so the agent itself has to refuse."""
        for socket, method, target in (("admin", "GET", "/v1/status"), ("platform", "POST", "/v1/invocations")):
            seen = self.inside(self.attacker, f"""
connection = Unix("localhost")
connection.connect = lambda: None
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.connect("{SOCKETS}/{socket}.sock")
print(json.dumps(ask(connection, "{method}", "{target}", "{{}}", {{"Fuyun-Function": "a", "Fuyun-Container": "{self.victim.id}"}})))
""")
            self.assertEqual((seen[0], seen[1]["error"]["code"]), (403, "wrong_socket"), socket)

    def test_a_process_that_is_in_no_container(self):
        from harness import request
        status, answer = request(SOCKETS / "function.sock", "POST", "/v1/invocations", "{}", {"Fuyun-Function": "test/none"})
        self.assertEqual((status, answer["error"]["code"]), (403, "not_a_container"))
