"""What a user learns of a test and of the program without running anything."""
import json
import unittest

from tests.integration.support import LockstepTest

TAGS = ["proto", "subproto", "status", "method", "url", "name", "group", "check", "error", "error_code", "tls_version",
        "scenario", "service", "expected_response"]
STATS = ["avg", "min", "med", "max", "p(90)", "p(95)"]
OPTIONS = """
import exec from 'k6/execution';
export default function () {
  console.log(JSON.stringify([exec.test.options.systemTags, exec.test.options.summaryTrendStats]));
}
"""


class Options(LockstepTest):
    def test_scripts_and_inspect_see_the_tags_and_statistics_that_apply(self):
        script = self.script(OPTIONS)
        for flags, expected in (([], [TAGS, STATS]), (["--system-tags=", "--summary-trend-stats=max"], [[], ["max"]])):
            inspected = json.loads(self.lockstep("inspect", *flags, script).stdout)
            self.assertEqual(sorted(expected[0]), sorted(inspected["systemTags"]))
            self.assertEqual(expected[1], inspected["summaryTrendStats"])
            self.assertIsNone(inspected["rps"])
            run = self.lockstep("run", "--quiet", "--log-format=raw", *flags, script)
            self.assertEqual(0, run.returncode, run.stderr)
            tags, stats = json.loads(run.stderr.splitlines()[0])
            self.assertEqual((sorted(expected[0]), expected[1]), (sorted(tags), stats))

    def test_a_script_that_no_flag_follows_is_not_taken_for_its_value(self):
        result = self.lockstep("run", "--user-agent=", self.script(OPTIONS))
        self.assertEqual(0, result.returncode, result.stderr)


class Mistakes(LockstepTest):
    def test_an_unknown_command_is_named(self):
        result = self.lockstep("frobnicate")
        self.assertEqual(255, result.returncode)
        self.assertIn('unknown command \\"frobnicate\\"; there are run, ', result.stderr)

    def test_a_variable_that_the_script_reads_is_its_own(self):
        self.env |= {"K6_THRESHOLD": "9", "K6_DURATOIN": "3s"}
        result = self.lockstep("run", "-q", "-i", "1", self.script("export default () => console.log(__ENV.K6_THRESHOLD);\n"))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertNotIn("K6_THRESHOLD", result.stderr)
        self.assertIn('K6_DURATOIN is not read by lockstep, and the script does not name it; did you mean \\"K6_DURATION\\"?', result.stderr)

    def test_tags_of_a_vu_cannot_be_replaced(self):
        result = self.lockstep("run", self.script(
            "import exec from 'k6/execution';\nexport default () => { exec.vu.metrics.tags = { a: 'b' }; };\n"))
        self.assertIn("TypeError: Cannot assign to read only property 'tags'", result.stderr)


if __name__ == "__main__":
    unittest.main()
