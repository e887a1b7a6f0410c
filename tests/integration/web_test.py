"""The coordinator's REST API and metrics, and an agent's, over HTTP as tools see them."""
import json
import unittest
import urllib.error
import urllib.request

from tests.integration.fleet_test import LONG, FleetTest
from tests.integration.support import PATIENCE, free_port, wait_until

CONTROLLED = """
import { check, sleep } from 'k6';
export const options = { scenarios: { c: {
  executor: 'externally-controlled', vus: 1, maxVUs: 4, duration: '10m', gracefulStop: '1s' } } };
export function setup() { return { token: 7 }; }
export default () => { check(1, { 'is one': (x) => x === 1 }); sleep(0.05); };
"""


class Web(FleetTest):
    def ask(self, address, path, method="GET", body=None):
        """(status, body) of the answer; (0, "") where nobody answers."""
        request = urllib.request.Request(f"http://{address}{path}", method=method,
                                         data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def wait_for(self, address, path, condition):
        """The body of the first answer that `condition` holds of."""
        answer = None

        def holds():
            nonlocal answer
            answer = self.ask(address, path)
            return condition(*answer)

        wait_until(holds, f"{path} answers as this test needs it", at_last=lambda: answer)
        return answer[1]

    def attributes(self, address):
        return json.loads(self.ask(address, "/v1/status")[1])["data"]["attributes"]

    def patch(self, address, **attributes):
        body = {"data": {"type": "status", "id": "default", "attributes": attributes}}
        return self.ask(address, "/v1/status", "PATCH", body)


class Rest(Web):
    def test_a_paused_run_waits_before_setup(self):
        server = self.serve()
        rest = f"127.0.0.1:{free_port()}"
        run = self.start("run", "-q", "--paused", "--address", rest, "-e", f"TARGET={server.url}", self.script("""
            import http from 'k6/http';
            export function setup() { http.get(__ENV.TARGET); }
            export default function () {}
        """))
        self.wait_for(rest, "/v1/status", lambda _, body: '"status":4' in body)
        self.assertEqual(0, server.count())
        self.assertEqual(200, self.patch(rest, paused=False)[0])
        _, errors = run.communicate(timeout=PATIENCE)
        self.assertEqual(0, run.returncode, errors)
        self.assertEqual(1, server.count())

    def test_tools_of_k6_control_a_run(self):
        rest = f"127.0.0.1:{free_port()}"
        run = self.start("run", "-q", "--address", rest, "--agents", "3", self.script(CONTROLLED))
        self.wait_for(rest, "/v1/status", lambda _, body: '"status":7' in body)
        self.assertEqual(200, self.ask(rest, "/healthz")[0])
        self.assertEqual(200, self.ask(rest, "/readyz")[0])
        self.assertEqual({"token": 7}, json.loads(self.ask(rest, "/v1/setup")[1])["data"]["attributes"]["data"])
        status, body = self.patch(rest, **{"vus": 9, "vus-max": 9})
        self.assertEqual(200, status, body)
        self.wait_for(rest, "/v1/status", lambda _, body: '"vus":9,' in body)
        self.assertEqual(400, self.patch(rest, vus=10)[0])
        self.assertEqual(400, self.ask(rest, "/v1/status", "PATCH", {"x": 1})[0])
        self.assertEqual(200, self.patch(rest, paused=True)[0])
        self.assertTrue(self.attributes(rest)["paused"])
        self.assertEqual(200, self.patch(rest, paused=False)[0])
        self.assertFalse(self.attributes(rest)["paused"])
        self.wait_for(rest, "/v1/metrics/checks", lambda status, _: status == 200)
        self.assertIn("is one", self.ask(rest, "/v1/groups")[1])
        self.assertIn('lockstep_run_scenario_vus{scenario="c"} 9\n', self.ask(rest, "/metrics")[1])
        self.assertEqual(200, self.patch(rest, stopped=True)[0])
        _, errors = run.communicate(timeout=PATIENCE)
        self.assertEqual(103, run.returncode, errors)

    def test_a_paused_run_starts_when_it_is_told_to(self):
        rest = f"127.0.0.1:{free_port()}"
        run = self.start("run", "-q", "--paused", "--address", rest, "-i", "3",
                         self.script("export default () => {};"))
        self.wait_for(rest, "/v1/status", lambda _, body: '"status":4' in body)
        self.assertEqual(200, self.patch(rest, paused=False)[0])
        output, errors = run.communicate(timeout=PATIENCE)
        self.assertEqual(0, run.returncode, errors)
        self.assertRegex(output, r"iterations\.+: 3 ")

    def test_without_an_address_two_runs_share_a_machine(self):
        script = self.script("export default () => {};")
        runs = [self.start("run", "-q", script) for _ in range(2)]
        for run in runs:
            _, errors = run.communicate(timeout=PATIENCE)
            self.assertEqual(0, run.returncode, errors)

    def test_an_address_that_cannot_be_had_ends_the_run_before_it_starts(self):
        rest = f"127.0.0.1:{free_port()}"
        first = self.start("run", "-q", "--address", rest, self.script(LONG))
        self.wait_for(rest, "/healthz", lambda status, _: status == 200)
        second = self.lockstep("run", "--address", rest, self.script(LONG))
        self.assertEqual(106, second.returncode)
        self.assertIn(f"--address: cannot listen on {rest}: Address already in use", second.stderr)
        bad = self.lockstep("run", "--address", "nowhere", self.script(LONG))
        self.assertEqual(255, bad.returncode)  # a flag that cannot be read, as any other
        self.assertIn('--address: invalid address \\"nowhere\\": expected HOST:PORT or :PORT', bad.stderr)
        self.patch(rest, stopped=True)
        first.communicate(timeout=PATIENCE)


class AgentPage(Web):
    def test_an_agent_is_healthy_and_ready_before_it_has_joined(self):
        address, page = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        agent = self.agent(address, "a", "--metrics-address", page)
        self.wait_for(page, "/healthz", lambda status, _: status == 200)
        self.assertEqual((200, "ok, waiting for a coordinator\n"), self.ask(page, "/readyz")[:2])
        run = self.coordinator(address, 1, self.script(LONG))
        self.wait_for(page, "/readyz", lambda _, body: body == "ok\n")
        self.wait_for(page, "/metrics", lambda _, body: "lockstep_agent_vus 3\n" in body)
        self.operate("stop", address)
        run.communicate(timeout=PATIENCE)
        agent.terminate()
        self.assertEqual(0, agent.wait(timeout=PATIENCE))

    def test_a_page_that_cannot_be_had_is_named(self):
        agent = self.agent("127.0.0.1:1", "a", "--metrics-address", "127.0.0.1:nine")
        _, errors = agent.communicate(timeout=PATIENCE)
        self.assertEqual(255, agent.returncode)
        self.assertIn('--metrics-address: invalid address "127.0.0.1:nine"', errors)


if __name__ == "__main__":
    unittest.main()
