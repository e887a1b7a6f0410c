"""The scripts that people start from run as they stand, and pass."""
import json
import unittest

from tests.integration.mqtt_test import MqttTest
from tests.integration.socketio_test import NPM_IS_THERE, SocketIoServer
from tests.integration.support import ROOT, LockstepTest

EXAMPLES = ROOT / "deploy/examples"


class Examples(LockstepTest):
    def example(self, name, *args):
        """The result of an example, and how many requests the server has counted."""
        server = self.serve()
        result = self.lockstep("run", "-q", "-e", f"TARGET={server.url}", "-e", "DURATION=1s",
                               "-e", f"GRPC_TARGET={server.grpc}", *args, EXAMPLES / name)
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        self.assertNotIn("level=error", result.stderr)
        self.assertNotIn("✗", result.stdout)
        return result, server.count()

    def test_all_are_listed_and_run(self):
        scripts = {path.name for path in EXAMPLES.glob("*.js")}
        page = (EXAMPLES / "README.md").read_text("utf-8")
        self.assertEqual(scripts, {name for name in scripts if f"]({name})" in page})
        run = {name.removeprefix("test_").replace("_", "-") + ".js" for case in (self, ExamplesWithABroker) for name in dir(case)
               if name.startswith("test_")}
        self.assertEqual(set(), scripts - run)

    def test_smoke_test(self):
        self.assertEqual(3, self.example("smoke-test.js")[1])

    def test_thresholds(self):
        self.assertIn("p(90)<300 over 10s", self.example("thresholds.js")[0].stdout)

    def test_arrival_rate(self):
        # (10 + 50) / 2 * 2 s, then 50 * 1 s; the last one falls on the end.
        self.assertIn(self.example("arrival-rate.js")[1], (109, 110))

    def test_ramping_vus(self):
        self.assertGreater(self.example("ramping-vus.js")[1], 20)

    def test_scenarios(self):
        result, _ = self.example("scenarios.js", "--agents", "3")
        self.assertIn("report was made by VU", result.stderr)

    def test_checks_and_groups(self):
        result, count = self.example("checks-and-groups.js", "--summary-mode", "full")
        self.assertIn("GROUP: sign in", result.stdout)
        self.assertEqual(2, count % 3)  # setup and teardown, and three for each iteration

    def test_data_rows(self):
        result, count = self.example("data-rows.js", "--agents", "2")
        self.assertEqual(6, count)
        for name in ("ada", "grace", "alan", "edsger", "barbara", "donald"):
            self.assertEqual(1, result.stderr.count(f"{name} has signed in"))

    def test_csv_files(self):
        self.assertEqual(6, self.example("csv-files.js", "--agents", "2")[1])

    def test_websocket(self):
        self.assertEqual(10, self.example("websocket.js")[1])

    def test_server_sent_events(self):
        result, count = self.example("server-sent-events.js", "--agents", "2")
        self.assertEqual(2 * 10, count)
        self.assertIn("sse_time_to_first_event", result.stdout)

    @unittest.skipUnless(NPM_IS_THERE, "the peers of npm are not installed")
    def test_socketio(self):
        server = SocketIoServer()
        self.addCleanup(server.close)
        result, _ = self.example("socketio.js", "--agents", "2", "-e", f"SOCKETIO_TARGET={server.url}")
        self.assertIn("socketio_ack_duration", result.stdout)

    def test_grpc(self):
        result, _ = self.example("grpc.js", "--agents", "2")
        self.assertIn("grpc_streams_msgs_sent", result.stdout)

    def test_cookies_and_forms(self):
        self.assertEqual(4 * 3, self.example("cookies-and-forms.js")[1])

    def test_custom_metrics(self):
        self.assertIn("queue_length", self.example("custom-metrics.js")[0].stdout)

    def test_handle_summary(self):
        result, _ = self.example("handle-summary.js")
        self.assertIn("20 requests, 20 checks passed\n", result.stdout)
        self.assertIn("all thresholds passed\n", result.stdout)
        summary = json.loads((self.folder / "summary.json").read_text("utf-8"))
        self.assertEqual(20, summary["metrics"]["http_reqs"]["values"]["count"])

    def test_http_errors(self):
        self.assertIn("http_reqs_errors", self.example("http-errors.js")[0].stdout)

    def test_secrets(self):
        result, count = self.example("secrets.js", "--agents", "2", "--secret-source=mock=api-token=s3cret")
        self.assertEqual(6, count)
        self.assertEqual(6, result.stderr.count("signed in with ***SECRET_REDACTED***"))
        self.assertNotIn("s3cret", result.stdout + result.stderr)

    def test_try_a_fleet(self):
        self.assertGreater(self.example("try-a-fleet.js", "--agents", "3")[1], 9)


class ExamplesWithABroker(MqttTest):
    def test_mqtt(self):
        result = self.lockstep("run", "-q", "--agents", "2", "-e", f"MQTT_TARGET=mqtt://127.0.0.1:{self.plain}", EXAMPLES / "mqtt.js")
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        self.assertNotIn("level=error", result.stderr)
        self.assertNotIn("✗", result.stdout)


if __name__ == "__main__":
    unittest.main()
