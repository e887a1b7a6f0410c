"""The dashboard's event stream and its control, and the report, as programs see them."""
import json
import re
import unittest
import urllib.error
import urllib.request

from tests.integration.support import PATIENCE, LockstepTest

SHORT = """
import http from 'k6/http';
import { sleep } from 'k6';
export const options = { iterations: 30, vus: 3 };
export default () => { http.get(`${__ENV.TARGET}/`); http.get(`${__ENV.TARGET}/status/500`); sleep(0.2); };
"""
ENDLESS = """
import http from 'k6/http';
import { sleep } from 'k6';
export const options = { vus: 2, duration: '10m', gracefulStop: '1s', thresholds: { http_req_failed: ['rate<0.01'] } };
export default () => { http.get(`${__ENV.TARGET}/status/500`); sleep(0.05); };
"""
CONTROLLED = """
import { sleep } from 'k6';
export const options = { scenarios: { c: {
  executor: 'externally-controlled', vus: 1, maxVUs: 4, duration: '10m', gracefulStop: '1s' } } };
export default () => sleep(0.05);
"""


class Dashboard(LockstepTest):
    def dashboard(self, script, *arguments, variables=None):
        server = self.serve()
        self.env |= variables or {}
        run = self.start("run", "-q", "-o", "web-dashboard=port=0", "-e", f"TARGET={server.url}", *arguments, self.script(script))
        for line in run.stderr:
            if found := re.search(r"web dashboard: (http://\S+?/)", line):
                return run, found[1].replace("localhost", "127.0.0.1")  # which needs no /etc/hosts
        self.fail("it has no dashboard")

    def events(self, url):
        """(name, data) of each event until the stream ends."""
        with urllib.request.urlopen(f"{url}events", timeout=PATIENCE) as stream:
            self.assertEqual("text/event-stream", stream.headers["Content-Type"])
            name = None
            for line in stream:
                key, _, value = line.decode().rstrip("\n").partition(": ")
                if key == "event":
                    name = value
                elif key == "data":
                    yield name, json.loads(value)

    def post(self, url, verb, token=None, body=""):
        request = urllib.request.Request(f"{url}api/{verb}", method="POST", data=body.encode(),
                                         headers={"Authorization": f"Bearer {token}"} if token else {})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def test_the_stream_tells_all_of_the_run_until_its_end(self):
        run, url = self.dashboard(SHORT, "--agents", "2")
        columns, points, panels, states = {}, 0, {}, []
        for name, data in self.events(url):
            self.assertEqual("snapshot" if not states else "tick", name)
            states.append(data["state"])
            panels |= data["panels"]
            series = data["series"]
            self.assertLessEqual(series["first"], points)
            for column, values in series["columns"].items():
                columns[column] = columns.get(column, [])[:series["first"]] + values
            points = series["first"] + series["points"]
            self.assertEqual({points}, {len(values) for values in columns.values()})
        output, errors = run.communicate(timeout=PATIENCE)
        self.assertEqual(0, run.returncode, errors)
        self.assertEqual("Done", states[-1])
        self.assertIn("60 in all", panels["tiles"])
        self.assertIn("30 of 60", panels["tiles"])
        self.assertEqual(2, panels["requests"].count('scope="row"'))
        self.assertTrue(any(value > 0 for value in columns["5xx"]), columns)

    def test_a_threshold_that_fails_is_told_within_two_seconds_of_the_run(self):
        run, url = self.dashboard(ENDLESS)
        panels = {}
        for _, data in self.events(url):
            panels |= data["panels"]
            failing = [each["failing"] for each in data["series"]["thresholds"]]
            if 'class="bad">failed' in panels["thresholds"] and any(failing):
                self.assertLessEqual(data["elapsed"] - failing[0][0][0], 2)
                break
        run.terminate()
        run.communicate(timeout=PATIENCE)

    def test_only_the_token_controls(self):
        run, url = self.dashboard(CONTROLLED, variables={"LOCKSTEP_WEB_DASHBOARD_TOKEN": "test-token-1"})
        events = self.events(url)
        while next(events)[1]["state"] != "Running":
            pass
        for verb in ("pause", "resume", "stop", "scale"):
            self.assertEqual(401, self.post(url, verb))
            self.assertEqual(401, self.post(url, verb, "test-token-2"))
        self.assertEqual(204, self.post(url, "pause", "test-token-1"))
        while not next(events)[1]["paused"]:
            pass
        self.assertEqual(400, self.post(url, "scale", "test-token-1", '{"vus": 99}'))
        self.assertEqual(204, self.post(url, "resume", "test-token-1"))
        self.assertEqual(204, self.post(url, "scale", "test-token-1", '{"vus": 3}'))
        self.assertEqual(204, self.post(url, "stop", "test-token-1"))
        self.assertEqual("Done", list(events)[-1][1]["state"])
        _, errors = run.communicate(timeout=PATIENCE)
        self.assertEqual(103, run.returncode, errors)

    def test_a_page_of_another_name_is_refused(self):
        run, url = self.dashboard(ENDLESS)
        request = urllib.request.Request(url, headers={"Host": "evil.example"})
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=PATIENCE)
        self.assertEqual(403, refused.exception.code)
        refused.exception.close()
        with urllib.request.urlopen(url, timeout=PATIENCE) as page:
            self.assertIn("default-src 'none'", page.headers["Content-Security-Policy"])
        run.terminate()
        run.communicate(timeout=PATIENCE)

    def test_what_cannot_be_is_told_before_the_run(self):
        script = self.script("export default () => {};")
        bad = self.lockstep("run", "-o", "web-dashboard=port=x", script)
        self.assertEqual(255, bad.returncode)
        self.assertIn('-o web-dashboard: port: invalid value \\"x\\"', bad.stderr)
        run, url = self.dashboard(ENDLESS)
        port = re.search(r":(\d+)/", url)[1]
        self.env["K6_WEB_DASHBOARD_PORT"] = port
        taken = self.lockstep("run", "-o", "web-dashboard", script)
        self.assertNotEqual(0, taken.returncode)
        self.assertIn(f"web-dashboard: cannot listen on 127.0.0.1:{port}: Address already in use", taken.stderr)
        run.terminate()
        run.communicate(timeout=PATIENCE)


class Report(LockstepTest):
    def test_a_run_leaves_a_report_and_a_result_that_makes_the_same(self):
        server = self.serve()
        run = self.lockstep("run", "-q", "-e", f"TARGET={server.url}", "--report", "a.html", "--result-file", "a.json",
                            self.script(SHORT))
        self.assertEqual(0, run.returncode, run.stderr)
        made = self.lockstep("report", "a.json", "-o", "b.html")
        self.assertEqual(0, made.returncode, made.stderr)
        tables = r"<table>.*?</table>"
        pages = [re.findall(tables, (self.folder / name).read_text(), re.S) for name in ("a.html", "b.html")]
        self.assertGreater(len(pages[0]), 3)
        # The history has five digits, with which the requests by name are shown.
        self.assertEqual(*([table for table in page if "Requests by name" not in table] for page in pages))
        self.assertEqual(*(re.search('<p class="verdict.*', (self.folder / name).read_text())[0] for name in ("a.html", "b.html")))
        result = json.loads((self.folder / "a.json").read_text())
        self.assertEqual(60, sum(row["count"] for row in result["history"]["requests"]))
        compared = self.lockstep("report", "a.json", "--compare", "a.json", "-o", "-")
        self.assertIn("No regression", compared.stdout)

    def test_variables_of_k6_export_and_record(self):
        server = self.serve()
        self.env |= {"K6_WEB_DASHBOARD": "true", "K6_WEB_DASHBOARD_PORT": "-1", "K6_WEB_DASHBOARD_EXPORT": "k6.html",
                     "K6_WEB_DASHBOARD_RECORD": "k6.json"}
        run = self.lockstep("run", "-q", "-e", f"TARGET={server.url}", self.script(SHORT))
        self.assertEqual(0, run.returncode, run.stderr)
        self.assertNotIn("web dashboard:", run.stderr)
        self.assertIn("60 in all", (self.folder / "k6.html").read_text())
        self.assertEqual("lockstep.result/1", json.loads((self.folder / "k6.json").read_text())["schema"])

    def test_a_report_needs_a_result(self):
        missing = self.lockstep("report", "nothing.json")
        self.assertEqual(255, missing.returncode)
        self.assertIn('cannot read \\"nothing.json\\"', missing.stderr)
        (self.folder / "x.json").write_text("{}")
        wrong = self.lockstep("report", "x.json")
        self.assertEqual(255, wrong.returncode)
        self.assertIn("is not a result file", wrong.stderr)
        unwritable = self.lockstep("run", "--report", "no/where.html", self.script(SHORT))
        self.assertNotEqual(0, unwritable.returncode)
        self.assertIn("cannot write 'no/where.html'", unwritable.stderr)

    def test_secrets_are_in_no_file(self):
        server = self.serve()
        run = self.lockstep("run", "-q", "-e", f"TARGET={server.url}", "-e", "PASSWORD=hunter2secret", "--report", "a.html",
                            "--result-file", "a.json", self.script(SHORT.replace("vus: 3", "vus: 3, tlsAuth: []") + """
            // env of a scenario
            options.scenarios = { s: { executor: 'shared-iterations', vus: 1, iterations: 2, env: { KEY: 'hunter2secret' } } };
            delete options.iterations; delete options.vus;"""))
        self.assertEqual(0, run.returncode, run.stderr)
        for name in ("a.html", "a.json"):
            self.assertNotIn("hunter2secret", (self.folder / name).read_text())


if __name__ == "__main__":
    unittest.main()
