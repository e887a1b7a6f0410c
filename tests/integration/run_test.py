"""Real processes on loopback: runs with local agents, a fleet over TCP, users' mistakes. LOCKSTEP_BIN: the programs' folder."""
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

BIN = Path(os.environ.get("LOCKSTEP_BIN", "build/release/bin")).resolve()
SHARED = """export const options = { scenarios: { s: { executor: 'shared-iterations', vus: 5, iterations: 10 } } };
export default function () { console.log('it'); }
"""
LONG = "import { sleep } from 'k6'; export const options = { vus: 3, duration: '60s' }; export default () => sleep(0.1);"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Runs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def script(self, text):
        path = Path(self.folder.name) / "script.js"
        path.write_text(text, "utf-8")
        return str(path)

    def lockstep(self, *args):
        return subprocess.run([BIN / "lockstep", *args], capture_output=True, text=True, timeout=60, cwd=self.folder.name)

    def test_three_agents_share_iterations_as_their_vus(self):
        result = self.lockstep("run", "--agents", "3", self.script(SHARED))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertRegex(result.stdout, r"iterations\.+: 10 ")
        counts = [result.stderr.count(f"agent=agent-{i}") for i in (1, 2, 3)]
        self.assertEqual([2, 4, 4], sorted(counts))

    def test_mistakes_end_with_a_message_and_the_documented_code(self):
        for text, code, message in [
            ("throw new Error('boom')", 107, "boom"),
            ("export default function () { let = = 3; }", 107, "SyntaxError"),
            ("export const options = { duration: '5x' }; export default () => {}", 104, "5x"),
            ("export const options = { scenarios: { a: { executor: 'nope' } } }; export default () => {}", 104, "nope"),
            ("export const options = { thresholds: { http_reqs: ['p(95)<1'] } }; export default () => {}", 104, "http_reqs"),
        ]:
            result = self.lockstep("run", self.script(text))
            self.assertEqual(code, result.returncode, result.stderr)
            self.assertIn(message, result.stderr)
        self.assertEqual(255, self.lockstep("run", "missing.js").returncode)

    def test_a_port_in_use_is_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            result = self.lockstep("coordinator", "--insecure", "--listen", address, self.script(SHARED))
        self.assertEqual(255, result.returncode)
        self.assertIn(f"cannot listen on {address}", result.stderr)

    def test_a_killed_agent_of_a_fleet_is_named(self):
        address = f"127.0.0.1:{free_port()}"
        coordinator = subprocess.Popen(
            [BIN / "lockstep", "coordinator", "-q", "--insecure", "--listen", address, "--agents", "3", self.script(LONG)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        agents = [subprocess.Popen([BIN / "lockstep-agent", "--coordinator", address, "--insecure", "--once", "--name", name],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for name in ("a", "b", "c")]
        try:
            deadline = time.monotonic() + 30
            while '"Running"' not in self.lockstep("status", "--json", address).stdout:
                self.assertLess(time.monotonic(), deadline, "the run did not start")
            agents[1].send_signal(signal.SIGKILL)
            _, errors = coordinator.communicate(timeout=60)
            self.assertEqual(255, coordinator.returncode, errors)
            self.assertIn("agent b was lost", errors)
        finally:
            for process in [coordinator, *agents]:
                process.kill()
                process.wait()


if __name__ == "__main__":
    unittest.main()
