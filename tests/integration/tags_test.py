"""Scripts whose tags have very many values: what is judged and listed does not depend on them."""
import json

from tests.integration.support import LockstepTest


class ManyTags(LockstepTest):
    def test_thresholds_are_right_after_any_number_of_urls(self):
        server = self.serve()
        result = self.lockstep("run", "-e", f"TARGET={server.url}", self.script("""
            import http from 'k6/http';
            import { check } from 'k6';
            import exec from 'k6/execution';
            export const options = { vus: 1, iterations: 13000, thresholds: {
              'http_req_failed{scenario:default}': ['rate<0.001'], 'http_reqs{status:500}': ['count==0'],
              'checks{kind:late}': ['rate==1'], 'iterations{mine:12999}': ['count==0'] } };
            export default function () {
              const i = exec.scenario.iterationInTest;
              exec.vu.metrics.tags.mine = i;
              const r = http.get(`${__ENV.TARGET}/status/${i < 12500 ? 200 : 500}?id=${i}`);
              if (i >= 12990) check(r, { late: (r) => r.status === 200 }, { kind: 'late' });
            }"""))
        self.assertEqual(99, result.returncode, result.stderr)
        for crossed in (r"✗ 'rate<0.001' rate=3.84%", r"✗ 'count==0' count=500", r"✗ 'rate==1' rate=0.00%",
                        r"✗ 'count==0' count=1\n", r"checks_total\.+: 10 ", r"0% — ✓ 0 / ✗ 10"):
            self.assertRegex(result.stdout, crossed)
        self.assertEqual(1, result.stderr.count("too many combinations of tags"), result.stderr)

    def test_samples_keep_their_tags_and_metadata(self):
        result = self.lockstep("run", "-o", "json=out.json", self.script("""
            import exec from 'k6/execution';
            export const options = { vus: 1, iterations: 101000, systemTags: ['iter', 'scenario'] };
            export default function () { exec.vu.metrics.tags.mine = exec.scenario.iterationInTest; }"""))
        self.assertEqual(0, result.returncode, result.stderr)
        last = None
        for line in (self.folder / "out.json").read_text().splitlines():
            if '"metric":"iterations"' in line and '"Point"' in line:
                last = json.loads(line)["data"]
        self.assertEqual("100999", last["tags"]["mine"])
        self.assertEqual("100999", last["metadata"]["iter"])

    def test_a_check_that_failed_is_told_without_its_tag(self):
        result = self.lockstep("run", "--system-tags", "status", "--result-file", "st.json", "-o", "junit=st.xml", self.script("""
            import { check } from 'k6';
            export default function () { check(1, { 'is two': (v) => v === 2 }); }"""))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn("100.00% 1 out of 1", result.stdout)
        self.assertIn("ERRORS   1 of 1 check failed", result.stdout)
        told = json.loads((self.folder / "st.json").read_text("utf-8"))
        self.assertEqual(("ERRORS", {"failed": 1, "total": 1}), (told["verdict"]["word"], told["verdict"]["checks"]))
        self.assertEqual([(0, 1)], [(c["passes"], c["fails"]) for c in told["checks"]])
        self.assertIn('<failure message="0 passed, 1 failed"', (self.folder / "st.xml").read_text("utf-8"))

    def test_the_list_of_checks_does_not_depend_on_the_tags_of_the_user(self):
        result = self.lockstep("run", self.script("""
            import { check } from 'k6';
            import exec from 'k6/execution';
            export const options = { vus: 1, iterations: 25001 };
            export default function () {
              const user = exec.scenario.iterationInTest;
              check(1, { [user < 25000 ? 'early' : 'late']: () => user < 25000 }, { user });
            }
            export function handleSummary(data) { return { stdout: JSON.stringify(data.root_group.checks) }; }"""))
        self.assertEqual(0, result.returncode, result.stderr)
        checks = json.loads(result.stdout[result.stdout.index("[{"):result.stdout.rindex("}]") + 2])
        self.assertEqual([("early", 25000, 0), ("late", 0, 1)], [(c["name"], c["passes"], c["fails"]) for c in checks])
