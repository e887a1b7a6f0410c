"""setup(), teardown() and handleSummary() happen once over a fleet of three, however the run ends: as the server counts."""
import collections
import http.server
import signal
import threading
import unittest

from tests.integration.fleet_test import FleetTest
from tests.integration.support import PATIENCE, free_port

SCRIPT = """
import http from 'k6/http';
import { sleep } from 'k6';
import { Counter } from 'k6/metrics';
const rounds = new Counter('rounds');
export const options = {
  scenarios: { s: { executor: 'constant-vus', vus: 6, duration: __ENV.DURATION, gracefulStop: '5s' } },
  thresholds: __ENV.ABORT ? { rounds: [{ threshold: 'count<30', abortOnFail: true }] } : {},
};
export function setup() { http.get(`${__ENV.TARGET}/setup`); return { token: 'from-setup' }; }
export default function (data) { http.get(`${__ENV.TARGET}/iteration/${data.token}`); rounds.add(1); sleep(0.05); }
export function teardown(data) { http.get(`${__ENV.TARGET}/teardown/${data.token}`); }
export function handleSummary(data) {
  return { stdout: `summary of ${data.metrics.iterations.values.count} iterations\\n` };
}
"""


class PathCounter(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        self.counts = collections.Counter()
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # killed agents are what this is about


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with self.server.lock:
            self.server.counts[self.path] += 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Lifecycle(FleetTest):
    def setUp(self):
        super().setUp()
        self.server = PathCounter()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.address = f"127.0.0.1:{free_port()}"

    def begin(self, *flags, duration="60s"):
        self.run_ = self.coordinator(self.address, 3, "-e", f"TARGET={self.server.url}", "-e", f"DURATION={duration}",
                                     *flags, self.script(SCRIPT))
        self.agents = {name: self.agent(self.address, name, "--once") for name in ("a", "b", "c")}

    def wait_for_iterations(self):
        """Until all three have done some, as the status tells."""
        self.wait_for_status(self.address, lambda status: status["state"] == "Running" and
                             all(int(agent["iterations"]) > 3 for agent in status["agents"]), "all three have iterations")

    def elected(self):
        """The first that joined: it runs the script's functions."""
        return self.wait_for_state(self.address, "Running")["agents"][0]["name"]

    def judge(self, what, code):
        output, errors = self.run_.communicate(timeout=PATIENCE)
        counts = self.server.counts
        seen = (self.run_.returncode, counts["/setup"], counts["/teardown/from-setup"], output.count("summary of "))
        print(f"   {what}: exit code {seen[0]}, setup {seen[1]}, teardown {seen[2]}, handleSummary {seen[3]}", flush=True)
        self.assertEqual((code, 1, 1, 1), seen, errors)
        self.assertGreater(counts["/iteration/from-setup"], 0)
        return errors

    def test_on_success(self):
        self.begin(duration="1s")
        self.judge("success", 0)

    def test_on_an_interrupt(self):
        self.begin()
        self.wait_for_iterations()
        self.run_.send_signal(signal.SIGINT)
        self.judge("Ctrl+C", 105)

    def test_on_a_threshold_that_aborts(self):
        self.begin("-e", "ABORT=1")
        self.judge("a threshold's abort", 99)

    def test_on_an_agents_death(self):
        self.begin()
        self.wait_for_iterations()
        victim = next(name for name in self.agents if name != self.elected())
        self.agents[victim].kill()
        self.assertIn(f"agent {victim} was lost", self.judge("an agent's death", 255))

    def test_on_the_death_of_the_one_that_ran_setup(self):
        self.begin("--on-agent-loss", "tolerate=34%", duration="4s")
        self.wait_for_iterations()
        victim = self.elected()
        self.agents[victim].kill()
        self.assertIn(f"agent {victim} was lost", self.judge("the death of the one that ran setup(), tolerated", 0))


if __name__ == "__main__":
    unittest.main()
