"""The usage report: it goes where it is told to, says what it may and nothing else, and changes nothing."""
import json
import unittest

from tests.integration.sink import Sink
from tests.integration.support import LockstepTest

SCRIPT = """
import http from 'k6/http';
import { group } from 'k6';
export const options = {
  tags: { hush: 'hush' },
  scenarios: {
    hush_one: { executor: 'shared-iterations', vus: 2, iterations: 5, exec: 'hush', env: { HUSH: 'hush' } },
    hush_two: { executor: 'per-vu-iterations', vus: 3, iterations: 1, exec: 'hush', tags: { more: 'hush' } },
  },
};
export function hush() { group('hush', () => http.get(`${__ENV.TARGET}/status/200?hush`, { tags: { name: 'hush' } })); }
"""


class Usage(LockstepTest):
    def sink(self, **behaviour):
        sink = Sink(**behaviour)
        self.addCleanup(sink.stop)
        return sink

    def run_with(self, *args):
        result = self.lockstep("run", "-q", "-e", f"TARGET={self.serve().url}", "-e", "HUSH=hush", *args, self.script(SCRIPT))
        self.assertEqual(0, result.returncode, result.stderr)
        return result

    def test_a_report_has_these_facts_and_no_word_of_the_test(self):
        sink = self.sink()
        self.run_with("--usage-report-url", f"{sink.url}/usage")
        (path, body), = sink.requests
        self.assertEqual("/usage", path)
        report = json.loads(body)
        self.assertGreater(report.pop("duration_s"), 0)
        self.assertRegex(report.pop("version"), r"^\d+\.\d+\.\d+$")
        self.assertEqual("linux", report.pop("os"))
        self.assertIn(report.pop("arch"), ("amd64", "arm64"))
        self.assertEqual({"vus_max": 5, "iterations": 8, "executors": {"per-vu-iterations": 1, "shared-iterations": 1}}, report)
        for word in (b"hush", b"127.0.0.1", b"script", str(self.folder).encode()):
            self.assertNotIn(word, body)

    def test_flag_variable_and_file_configure_it_and_it_can_be_forbidden(self):
        sink = self.sink()
        self.run_with()
        self.env["LOCKSTEP_USAGE_REPORT_URL"] = f"{sink.url}/variable"
        self.run_with("--no-usage-report")
        self.assertEqual([], sink.requests)
        self.run_with()
        del self.env["LOCKSTEP_USAGE_REPORT_URL"]
        (self.folder / "lockstep.yaml").write_text(f"usageReportUrl: {sink.url}/file\n", "utf-8")
        self.run_with()
        self.assertEqual(["/variable", "/file"], [path for path, _ in sink.requests])

    def test_a_failure_to_send_changes_nothing(self):
        failing = self.sink(fail_first=1_000_000)
        for url in (failing.url, "http://127.0.0.1:1/"):
            result = self.run_with("--usage-report-url", url)
            self.assertEqual("", result.stderr)
        self.assertGreater(failing.refused, 0)

    def test_an_address_that_cannot_be_is_told_before_the_start(self):
        result = self.lockstep("run", "--usage-report-url", "nonsense", self.script(SCRIPT))
        self.assertEqual(255, result.returncode)
        self.assertIn("--usage-report-url: ", result.stderr)
        self.assertIn("is not an http:// or https:// URL", result.stderr)


if __name__ == "__main__":
    unittest.main()
