"""Rows of a file, handed out over a fleet by `lockstep/data`."""
import re
import signal
import unittest

from tests.integration.fleet_test import FleetTest
from tests.integration.support import PATIENCE, LockstepTest, free_port

ROWS = 60
SCRIPT = """
import { Rows } from 'lockstep/data';
const rows = new Rows({ file: './rows.csv', order: '%s', atEnd: 'null' });
export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: 6, iterations: 25 } } };
export default function () {
  const row = rows.next();
  console.log(row === null ? '@none' : `@row ${row.id}`);
}
"""


class Data(LockstepTest):
    def rows_of(self, order):
        (self.folder / "rows.csv").write_text("id\n" + "".join(f"{i}\n" for i in range(ROWS)), "utf-8")
        result = self.lockstep("run", "-q", "--agents", "3", self.script(SCRIPT % order))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertEqual(6 * 25 - ROWS, len(re.findall("@none", result.stderr)), result.stderr[-2000:])
        return sorted(int(row) for row in re.findall(r"@row (\d+)", result.stderr))

    def test_each_unique_row_is_used_once(self):
        self.assertEqual(list(range(ROWS)), self.rows_of("unique"))

    def test_each_row_of_a_shared_queue_is_used_once(self):
        self.assertEqual(list(range(ROWS)), self.rows_of("queue"))


MOVING = """
import http from 'k6/http';
import { Rows } from 'lockstep/data';
import { sleep } from 'k6';
const rows = new Rows({ file: './rows.csv', order: '%s' });
export const options = { scenarios: { s: { executor: 'shared-iterations', vus: 6, iterations: 600 } } };
export default function () {
  console.log(`@row ${rows.next().id}`);
  http.get(`${__ENV.TARGET}/status/200`);
  sleep(0.1);
}
"""


class MovingRows(FleetTest):
    def rows_of(self, order):
        """Of a run with as many rows as iterations, to which one agent comes and which another one leaves."""
        server = self.serve()
        (self.folder / "rows.csv").write_text("id\n" + "".join(f"{i}\n" for i in range(600)), "utf-8")
        address = f"127.0.0.1:{free_port()}"
        leaving = self.agent(address, "a")
        self.agent(address, "b")
        coordinator = self.coordinator(address, 2, "--on-agent-loss", "redistribute", "--late-agents", "join",
                                       "-e", f"TARGET={server.url}", self.script(MOVING % order))
        self.wait_for_requests(server, 30, coordinator)
        self.agent(address, "c")
        self.wait_for_status(address, lambda status: any(a["name"] == "c" and int(a["iterations"]) > 0 for a in status["agents"]),
                             "the late agent has done something")
        leaving.send_signal(signal.SIGTERM)
        _, errors = coordinator.communicate(timeout=PATIENCE)
        self.assertEqual(0, coordinator.returncode, errors[-2000:])
        self.assertIn("agent a has left, its work was handed over", errors)
        self.assertNotIn("no row left", errors)
        return sorted(int(row) for row in re.findall(r"@row (\d+)", errors))

    def test_unique_rows_move_with_the_work(self):
        self.assertEqual(list(range(600)), self.rows_of("unique"))

    def test_so_do_those_of_a_queue(self):
        self.assertEqual(list(range(600)), self.rows_of("queue"))


if __name__ == "__main__":
    unittest.main()
