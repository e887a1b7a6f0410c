"""Rows of a file, handed out over three agents by `lockstep/data`."""
import re
import unittest

from tests.integration.support import LockstepTest

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


if __name__ == "__main__":
    unittest.main()
