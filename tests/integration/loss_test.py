"""A run that lost an agent, or that was held, is not a steady ruler: everything that reports says so, and names what is missing."""
import json
import signal
import subprocess
import time
import unittest

from tests.integration.support import PATIENCE, LockstepTest

SCRIPT = """
import http from 'k6/http';
import { sleep } from 'k6';
export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: 2, iterations: %d, gracefulStop: '0s' } } };
export default function () { http.get(`${__ENV.TARGET}/status/200`); sleep(0.1); }
%s
"""


class Held(LockstepTest):
    def begin(self, iterations, *flags, more=""):
        server = self.serve()
        self.run_ = self.start("run", "-e", f"TARGET={server.url}", *flags, self.script(SCRIPT % (iterations, more)))
        self.wait_for_requests(server, 4, self.run_)

    def children(self):
        return subprocess.run(["pgrep", "-P", str(self.run_.pid)], capture_output=True, text=True).stdout.split()

    def test_a_lost_agent_is_named_by_everything_that_reports(self):
        reports = ["-o", "junit=junit.xml", "-o", "github=github.md", "--result-file", "result.json",
                   "--summary-export", "export.json"]
        self.begin(600, "--agents", "2", "--on-agent-loss", "tolerate=50%", *reports, more="""
            export function handleSummary(data) { return { 'data.json': JSON.stringify(data), stdout: 'mine\\n' }; }""")
        # Which of the two answers for the script does not matter: the other one takes over.
        subprocess.run(["kill", "-KILL", self.children()[0]], check=True)
        self.run_.send_signal(signal.SIGINT)
        _, errors = self.run_.communicate(timeout=PATIENCE)
        self.assertEqual(105, self.run_.returncode, errors)
        self.assertRegex(errors, r"the generator is SUSPECT: agent agent-\d was lost .* after the start: .*; missing: segment ")
        for name in ("data.json", "export.json", "result.json"):
            validity = json.loads((self.folder / name).read_text("utf-8"))["validity"]
            self.assertEqual("SUSPECT", validity["verdict"], name)
            (lost,) = validity["lostAgents"]
            self.assertRegex(lost["name"], r"^agent-\d$")
            self.assertRegex(lost["at"], r"^20\d\d-")
            self.assertGreater(lost["afterMs"], 0)
            self.assertIn("killed", lost["reason"])
            self.assertRegex(lost["missing"], r"scenario s: \d+ of 600 iterations")
        for name in ("junit.xml", "github.md"):
            self.assertRegex((self.folder / name).read_text("utf-8"), r"agent agent.{1,2}\d was lost", name)
        self.assertIn('<testsuite name="generator" tests="1" failures="1"', (self.folder / "junit.xml").read_text("utf-8"))

    def test_the_only_agents_loss_leaves_nothing_to_believe(self):
        self.begin(600)
        subprocess.run(["kill", "-KILL", self.children()[0]], check=True)
        output, errors = self.run_.communicate(timeout=PATIENCE)
        self.assertEqual(255, self.run_.returncode, errors)
        self.assertIn("generator: INVALID\n      - agent agent-1 was lost ", output)

    def test_a_handle_summary_that_is_lost_with_its_agent_fails_the_run(self):
        self.run_ = self.start("run", "-o", "junit=junit.xml", "--result-file", "result.json", self.script("""
            export default function () {}
            export function handleSummary() { console.log('it begins'); for (;;) {} }"""))
        next(line for line in self.run_.stderr if "it begins" in line)
        subprocess.run(["kill", "-KILL", self.children()[0]], check=True)
        _, errors = self.run_.communicate(timeout=PATIENCE)
        self.assertEqual(255, self.run_.returncode, errors)
        self.assertIn("failed to handle the end-of-test summary: it was lost with agent agent-1", errors)
        result = json.loads((self.folder / "result.json").read_text("utf-8"))
        self.assertEqual("FAILED", result["verdict"]["word"])
        self.assertIn("handleSummary() failed", result["verdict"]["reason"])
        self.assertEqual("the end of handleSummary()", result["validity"]["lostAgents"][0]["missing"])
        self.assertIn("handleSummary() failed", (self.folder / "junit.xml").read_text("utf-8"))

    def hold(self, pid):
        """Stops a process for longer than a second, as the load's own clock tells: ten iterations of 0.1 s."""
        subprocess.run(["kill", "-STOP", str(pid)], check=True)
        time.sleep(1.5)  # the time itself is what is tested
        subprocess.run(["kill", "-CONT", str(pid)], check=True)

    def test_a_coordinator_that_was_stopped_for_a_while_says_so(self):
        self.begin(30)
        self.hold(self.run_.pid)
        output, errors = self.run_.communicate(timeout=PATIENCE)
        self.assertEqual(0, self.run_.returncode, errors)
        self.assertRegex(output, r"iterations\.+: 60 ")
        self.assertRegex(output, r"generator: (SUSPECT|INVALID)\n(.*\n)*      - the coordinator did not run for \d")

    def test_an_agent_that_was_stopped_for_a_while_says_so(self):
        self.begin(30)
        self.hold(self.children()[0])
        output, errors = self.run_.communicate(timeout=PATIENCE)
        self.assertEqual(0, self.run_.returncode, errors)
        self.assertRegex(output, r"generator: (SUSPECT|INVALID)\n(.*\n)*      - a worker took no events for \d")


if __name__ == "__main__":
    unittest.main()
