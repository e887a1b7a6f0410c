"""The dashboard and the report, as they are in a browser: headless Chromium over WebDriver."""
import json
import re
import unittest
from urllib.parse import urlsplit

from tests.integration.support import PATIENCE, ROOT, LockstepTest
from tests.web.browser import Browser

PICTURES = ROOT / "build/web-pictures"  # to be looked at

STEADY = """
import http from 'k6/http';
import { check, sleep } from 'k6';
import { Trend } from 'k6/metrics';
const waits = new Trend('queue_wait', true);
export const options = { vus: 4, duration: '4s', thresholds: { http_req_duration: ['p(95)<30000'] } };
export default function () {
  const answer = http.get(`${__ENV.TARGET}/a`, { tags: { name: 'a <b>' } });
  http.get(`${__ENV.TARGET}/status/${Math.random() < 0.2 ? 500 : 200}`, { tags: { name: 'sometimes' } });
  check(answer, { 'status is 200': (r) => r.status === 200 });
  waits.add(Math.random() * 10);
  sleep(0.05);
}
"""
FAILING = """
import http from 'k6/http';
import { sleep } from 'k6';
export const options = { vus: 2, duration: '10m', gracefulStop: '1s', thresholds: { http_req_failed: ['rate<0.01'] } };
export default function () { http.get(`${__ENV.TARGET}/status/500`); sleep(0.05); }
"""
CONTROLLED = """
import { sleep } from 'k6';
export const options = { scenarios: { c: {
  executor: 'externally-controlled', vus: 1, maxVUs: 4, duration: '10m', gracefulStop: '1s' } } };
export default () => sleep(0.05);
"""


# In the place of the coordinator's events, those of a test: an hour of three agents' load, and a second more with each tick().
# `drawn` counts what the page draws.
HOUR = """
window.EventSource = class {
  constructor() { window.events = this; this.heard = {}; }
  addEventListener(name, listener) { this.heard[name] = listener; }
  close() {}
};
window.drawn = 0;
for (const [kind, names] of [[CanvasRenderingContext2D, ['fillRect', 'lineTo', 'drawImage', 'fillText']], [Path2D, ['lineTo']]]) {
  for (const name of names) {
    const plain = kind.prototype[name];
    kind.prototype[name] = function (...args) { window.drawn += 1; return plain.apply(this, args); };
  }
}
const POINTS = 1200; // Timeline::kMostPoints
const column = (length, value) => Array.from({ length }, (_, i) => value(i));
const columnsOf = (names, length) => Object.fromEntries(names.map((name) => [name, column(length, (i) => 100 + (i * 37) % 90)]));
const part = (first, points) => ({
  first, points, step: 3,
  columns: columnsOf(['requests', 'failed', '2xx', '3xx', '4xx', '5xx', 'error', 'other', 'iterations', 'dropped', 'sent', 'received', 'avg',
    'p50', 'p90', 'p95', 'p99', 'max', 'vus', 'vus_max'], points),
  heat: column(points, (i) => column(48, (k) => (k % 2 ? 1 + (i * k) % 50 : 10 + k / 2))),
  metrics: column(12, (k) => ({ name: `metric_${k}`, type: 'trend', contains: 'time', columns: columnsOf(['avg', 'p50', 'p95', 'max'], points) })),
  agents: column(3, (k) => ({ name: `agent-${k}`, columns: columnsOf(['vus', 'requests', 'failed', 'cpu', 'lag'], points) })),
  thresholds: [],
});
const send = (name, series) => events.heard[name]({ data: JSON.stringify({
  state: 'Running', over: false, elapsed: 3600, planned: 7200, vus: 4, panels: {},
  distribution: { expected: column(200, (i) => i), failed: [] }, series }) });
let points = POINTS - 60;
window.begin = () => send('snapshot', part(0, points));
window.tick = () => { points += 1; send('tick', part(points - 2, 2)); };
"""


class Pages(LockstepTest):
    @classmethod
    def setUpClass(cls):
        PICTURES.mkdir(parents=True, exist_ok=True)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        super().setUp()
        self.browser.open("about:blank")
        self.browser.complaints()  # of other tests
        self.browser.requests()

    def dashboard(self, script, *arguments):
        """A run with a dashboard on a port of its own, and its address."""
        server = self.serve()
        self.env["LOCKSTEP_WEB_DASHBOARD_TOKEN"] = "test-token-1"
        run = self.start("run", "-o", "web-dashboard=port=0", "-e", f"TARGET={server.url}", *arguments, self.script(script))
        for line in run.stderr:
            if found := re.search(r"web dashboard: (http://\S+?/)", line):
                return run, found[1]
        self.fail("it has no dashboard")

    def end(self, run, url):
        run.terminate()
        run.communicate(timeout=PATIENCE)

    def wait_for_charts(self):
        """They are drawn when they come into sight, or all at once to be printed."""
        self.browser.wait_for("""dispatchEvent(new Event('beforeprint'));
            return document.querySelectorAll('#charts canvas').length === 8""", what="all charts are drawn")

    def assert_quiet(self, url=None):
        """Nobody complained, and only the page's own origin was asked."""
        complaints = [each for each in self.browser.complaints() if "/events" not in each]  # the run's end
        self.assertEqual([], complaints)
        origins = {urlsplit(each)[:2] for each in self.browser.requests() if not each.startswith("data:")}
        self.assertEqual({urlsplit(url)[:2]}, origins)

    def assert_accessible(self, name):
        for width, height in ((1440, 1000), (390, 844)):
            for dark in (False, True):
                self.browser.size(width, height)
                self.browser.dark(dark)
                self.browser.run("scrollTo(0, 0)")
                self.browser.picture(PICTURES / f"{name}-{width}-{'dark' if dark else 'light'}.png")
                self.assertEqual([], self.browser.findings(), f"{name}, {width} wide, {'dark' if dark else 'light'}")
        self.browser.size(1440, 1000)
        self.browser.dark(False)


class Live(Pages):
    def test_numbers_are_those_of_the_summary(self):
        export = self.folder / "summary.json"
        run, url = self.dashboard(STEADY, "--summary-export", str(export), "--summary-trend-stats", "med,p(95),p(99)")
        self.browser.open(url)
        self.wait_for_charts()
        self.browser.wait_for("return document.querySelector('#state').textContent === 'Done'")
        output, errors = run.communicate(timeout=PATIENCE)
        self.assertEqual(0, run.returncode, errors)
        metrics = json.loads(export.read_text())["metrics"]
        requests, failed = metrics["http_reqs"]["count"], metrics["http_req_failed"]["passes"]
        self.assertEqual(f"{requests} in all", self.browser.text("#tile-requests span").replace("\u202f", ""))
        self.assertEqual(f"{failed} of {requests}", self.browser.text("#tile-failed span").replace("\u202f", ""))
        times = re.search(r"http_req_duration\.+: med=(\S+) +p\(95\)=(\S+) +p\(99\)=(\S+)", output)
        self.assertEqual(times[2], self.browser.text("#tile-p95 b"))
        self.assertEqual(f"med {times[1]}, p(99) {times[3]}", self.browser.text("#tile-p95 span"))
        counts = self.browser.run("""return Object.fromEntries([...document.querySelectorAll('#s-requests tbody tr')]
            .map((row) => [row.cells[0].textContent, Number(row.cells[1].dataset.v)]))""")
        self.assertEqual({"GET a <b>", "GET sometimes"}, set(counts))
        self.assertEqual(requests, sum(counts.values()))
        self.assertIn("queue_wait", self.browser.text("#custom"))
        self.assert_quiet(url)

    def test_a_threshold_turns_red(self):
        run, url = self.dashboard(FAILING)
        self.browser.open(url)
        self.browser.wait_for("return document.querySelector('#s-thresholds tr.bad td.bad')?.textContent === 'failed'")
        self.assertEqual("FAILING", self.browser.text("#verdict strong"))
        red = self.browser.run("return getComputedStyle(document.querySelector('#s-thresholds td.bad')).color")
        self.assertEqual("rgb(179, 55, 10)", red)
        self.assert_quiet(url)
        self.end(run, url)

    def test_only_with_the_token_the_run_is_controlled(self):
        run, url = self.dashboard(CONTROLLED)
        browser = self.browser
        browser.open(url)
        browser.run("sessionStorage.clear()")
        browser.open(url)
        browser.wait_for("return document.querySelector('#state').textContent === 'Running'")
        self.assertTrue(browser.run("return document.querySelector('#control').hidden"))
        self.assertEqual(401, browser.run("return fetch('api/stop', { method: 'POST' }).then((answer) => answer.status)"))
        browser.run("""document.querySelector('#unlock').click();
            document.querySelector('#token').value = 'wrong-token';
            document.querySelector('#locked').requestSubmit()""")
        browser.wait_for("return document.querySelector('#answer').textContent.includes('needs the token')")
        self.assertTrue(browser.run("return document.querySelector('#control').hidden"))
        browser.complaints()  # of the two refusals
        browser.open(f"{url}#token=test-token-1")
        browser.run("location.reload()")
        browser.wait_for("return document.querySelector('#control')?.hidden === false", what="the token is kept")
        self.assertEqual("", browser.run("return location.hash"))
        browser.wait_for("return document.querySelector('#state').textContent === 'Running'")
        browser.click("#pause")
        browser.wait_for("return document.querySelector('#state').textContent === 'Paused'")
        browser.click("#pause")
        browser.wait_for("return document.querySelector('#state').textContent === 'Running'")
        browser.run("""document.querySelector('#scale').click();
            document.querySelector('#scale-vus').value = '3';
            document.querySelector('#scaling').requestSubmit()""")
        browser.wait_for("return document.querySelector('#tile-vus b').textContent === '3'")
        self.assert_quiet(url)
        browser.run("setTimeout(() => document.querySelector('#stop').click())")
        browser.wait_for_alert()
        browser.accept()
        _, errors = run.communicate(timeout=PATIENCE)
        self.assertEqual(103, run.returncode, errors)

    def test_an_hour_of_data_does_not_make_it_slow(self):
        run, url = self.dashboard(FAILING)
        preload = self.browser.tell("Page.addScriptToEvaluateOnNewDocument", source=HOUR)["identifier"]
        self.addCleanup(self.browser.tell, "Page.removeScriptToEvaluateOnNewDocument", identifier=preload)
        self.browser.open(url)
        self.browser.run("begin()")
        self.wait_for_charts()  # and all of them are drawn from now on, in sight or not
        text = "return document.querySelector('#lanes .lane:last-child output').textContent"
        self.browser.wait_for(text)
        frames = self.browser.run("""const frames = [];
            let { drawn } = window;
            return new Promise((done) => {
              tick(); tick(); tick();
              requestAnimationFrame(function look() {
                frames.push(window.drawn - drawn);
                drawn = window.drawn;
                if (frames.length < 40) requestAnimationFrame(look);
                else done(frames);
              });
            })""")
        self.assertGreater(len([each for each in frames if each > 100]), 8, "all charts are drawn, one after another")
        self.assertLess(max(frames), 20_000, "what the page draws at once")
        self.assertEqual(0, frames[-1], "three seconds that come at once are drawn once")
        self.assert_quiet(url)
        self.end(run, url)

    def test_it_is_accessible_and_served_under_a_policy(self):
        run, url = self.dashboard(FAILING, "--agents", "2")
        self.browser.open(f"{url}#token=test-token-1")
        self.browser.wait_for("return document.querySelectorAll('#lanes .lane').length === 3", what="lanes of two agents")
        self.wait_for_charts()
        blocked = self.browser.run("""return new Promise((done) => {
            const image = Object.assign(document.createElement('img'), { src: 'http://other.example/x.png' });
            document.addEventListener('securitypolicyviolation', (event) => { image.remove(); done(event.violatedDirective); });
            document.body.append(image);
        })""")
        self.assertEqual("img-src", blocked)
        self.browser.complaints()
        self.assert_accessible("dashboard")
        self.end(run, url)

    def test_tables_are_sorted_and_stay_so(self):
        run, url = self.dashboard(STEADY)
        self.browser.open(url)
        names = "return [...document.querySelectorAll('#s-requests tbody th')].map((cell) => cell.textContent)"
        self.browser.wait_for(f"{names}.length === 2".replace("return ", "return (", 1).replace(".length", ").length"))
        self.browser.click("#s-requests thead button")
        ascending = self.browser.run(names)
        self.assertEqual(sorted(ascending), ascending)
        self.browser.click("#s-requests thead button")
        self.assertEqual("descending", self.browser.run(
            "return document.querySelector('#s-requests thead th').getAttribute('aria-sort')"))
        self.browser.wait_for("return document.querySelector('#state').textContent === 'Done'")
        self.assertEqual(ascending[::-1], self.browser.run(names))
        run.communicate(timeout=PATIENCE)


class Report(Pages):
    def report(self, *arguments):
        server = self.serve()
        script = self.script(STEADY)
        made = self.lockstep("run", "-q", "-e", f"TARGET={server.url}", "--report", "run.html", "--result-file", "run.json", script)
        self.assertEqual(0, made.returncode, made.stderr)
        made = self.lockstep("run", "-q", "-e", f"TARGET={server.url}", "--result-file", "base.json", script)
        self.assertEqual(0, made.returncode, made.stderr)
        made = self.lockstep("report", "run.json", "--compare", "base.json", "-o", "compared.html")
        self.assertEqual(0, made.returncode, made.stderr)

    def test_reports_draw_their_charts_and_ask_nobody(self):
        self.report()
        for name in ("run", "compared"):
            with self.subTest(name):
                self.browser.complaints()
                self.browser.requests()
                path = self.folder / f"{name}.html"
                self.browser.open(path.as_uri())
                self.wait_for_charts()
                self.assertEqual([], self.browser.complaints())
                self.assertEqual([path.as_uri()], [each for each in self.browser.requests() if not each.startswith("data:")])
                self.assert_accessible(f"report-{name}")
        self.assertIn("baseline", self.browser.text("#s-comparison").lower())

    def test_tables_are_read_without_javascript(self):
        self.report()
        self.browser.tell("Emulation.setScriptExecutionDisabled", value=True)
        self.addCleanup(self.browser.tell, "Emulation.setScriptExecutionDisabled", value=False)
        self.browser.open((self.folder / "compared.html").as_uri())
        self.browser.picture(PICTURES / "report-without-javascript.png")
        shown = self.browser.shown_text()
        for text in ("http_req_duration", "status is 200", "GET a <b>", "Against the baseline", "p(95)<30000"):
            self.assertIn(text, shown)
        self.assertNotIn("Over time", shown)


if __name__ == "__main__":
    unittest.main()
