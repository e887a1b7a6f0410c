"""lockstep/mqtt against a mosquitto on loopback: all qualities of service, both versions, TLS, wills, refusals."""
import json
import re
import subprocess
import unittest

from tests.integration.support import ROOT, LockstepTest, free_port

MOSQUITTO = ROOT / "build/deps/peers/usr/sbin/mosquitto"

CONFIG = """
listener {plain} 127.0.0.1
allow_anonymous true
listener {tls} 127.0.0.1
certfile cert.pem
keyfile key.pem
listener {closed} 127.0.0.1
allow_anonymous false
"""


class MqttTest(LockstepTest):
    """With a broker."""

    def setUp(self):
        super().setUp()
        if not MOSQUITTO.exists():
            self.fail(f"{MOSQUITTO} is not there: run scripts/setup --tests")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"],
                       cwd=self.folder, check=True, capture_output=True)
        self.plain, self.tls, self.closed = (free_port() for _ in range(3))
        # A process of root's gives its rights away, unless it is told to stay.
        config = CONFIG.format(plain=self.plain, tls=self.tls, closed=self.closed)
        (self.folder / "mosquitto.conf").write_text("per_listener_settings true\nuser root\n" + config.replace(
            "keyfile key.pem", "keyfile key.pem\nallow_anonymous true"), "utf-8")
        self.log = open(self.folder / "broker.log", "wb")
        self.addCleanup(self.log.close)
        self.broker = subprocess.Popen([MOSQUITTO, "-v", "-c", "mosquitto.conf"], cwd=self.folder, stdout=self.log,
                                       stderr=self.log)
        self.addCleanup(self.broker.wait)
        self.addCleanup(self.broker.kill)
        for port in (self.plain, self.tls, self.closed):
            self.wait_for_port(port, self.broker)

    def broker_log(self):
        return (self.folder / "broker.log").read_text("utf-8")


class Mqtt(MqttTest):
    def run_script(self, text, *args):
        result = self.lockstep("run", "-q", "--summary-export", "out.json", "-e", f"AT=mqtt://127.0.0.1:{self.plain}", "-e",
                               f"TLS=mqtts://localhost:{self.tls}", "-e", f"CLOSED=mqtt://127.0.0.1:{self.closed}", *args,
                               self.script("import mqtt from 'lockstep/mqtt'; import { check } from 'k6'; import exec from 'k6/execution';" + text))
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        self.assertNotIn("level=error", result.stderr)
        return result.stderr, json.loads((self.folder / "out.json").read_text("utf-8"))["metrics"]

    def test_every_quality_of_service_in_both_versions_and_nothing_is_lost(self):
        for version in (4, 5):
            with self.subTest(version):
                before = self.broker_log().count("Received PUBLISH from")
                log, metrics = self.run_script("""
                    export const options = {
                      scenarios: { s: { executor: 'shared-iterations', vus: 10, iterations: 30 } },
                      thresholds: { 'mqtt_publish_duration{qos:2}': ['max<60000'], 'mqtt_msgs_received{qos:2}': ['count==30'] },
                    };
                    const bytes = new Uint8Array(300).map((_, i) => i);
                    export default async function () {
                      const topic = `t/${exec.scenario.iterationInTest}`;
                      const client = await mqtt.connectAsync(__ENV.AT, { protocolVersion: Number(__ENV.VERSION) });
                      const seen = {};  // a publication of another quality may overtake
                      const all = new Promise((resolve) => client.on('message', (on, payload, { qos }) => {
                        seen[on] = { text: payload.toString(), bytes: [...payload].join(), qos };
                        if (Object.keys(seen).length === 4) resolve();
                      }));
                      check(await client.subscribeAsync({ [`${topic}/#`]: { qos: 2 }, 'other/+': { qos: 1 } }), {
                        granted: (got) => got.map(({ qos }) => qos).join() === '2,1',
                      });
                      for (const qos of [0, 1, 2]) await client.publishAsync(`${topic}/${qos}`, `größer ${qos}`, { qos });
                      await client.publishAsync(`${topic}/bytes`, bytes);
                      await all;
                      check(seen, {
                        'texts came with their quality': (all) => [0, 1, 2].every((i) =>
                          all[`${topic}/${i}`].text === `größer ${i}` && all[`${topic}/${i}`].qos === i),
                        'bytes came as they were': (all) => all[`${topic}/bytes`].bytes === [...bytes].join(),
                      });
                      await client.unsubscribeAsync('other/+');
                      await client.endAsync();
                      check(client, { 'it has ended': (c) => !c.connected });
                    }""", "--agents", "2", "-e", f"VERSION={version}")
                self.assertEqual(120, metrics["checks"]["passes"], log)
                self.assertEqual(0, metrics["checks"]["fails"], log)
                self.assertEqual(30, metrics["mqtt_sessions"]["count"])
                self.assertEqual(120, metrics["mqtt_msgs_sent"]["count"])
                self.assertEqual(120, metrics["mqtt_msgs_received"]["count"])
                self.assertEqual(120, self.broker_log().count("Received PUBLISH from") - before)
                for metric in ("mqtt_connecting", "mqtt_session_duration", "mqtt_publish_duration", "mqtt_subscribe_duration"):
                    self.assertGreater(metrics[metric]["max"], 0)

    def test_properties_of_version_5_arrive(self):
        log, _ = self.run_script("""
            export default async function () {
              const client = await mqtt.connectAsync(__ENV.AT, { protocolVersion: 5 });
              client.on('message', (topic, payload, { properties, retain }) => {
                const { correlationData, ...rest } = properties;
                console.log(`got ${JSON.stringify(rest)} ${new Uint8Array(correlationData)} ${retain}`);
                client.end();
              });
              await client.subscribeAsync('p');
              await client.publishAsync('p', 'x', { properties: {
                contentType: 'text/plain', responseTopic: 'r', correlationData: new Uint8Array([0, 1]), userProperties: { a: '1' },
              } });
            }""")
        self.assertIn("got {'contentType':'text/plain','responseTopic':'r','userProperties':{'a':'1'}} 0,1 false",
                      log.replace('\\"', "'"))

    def test_tls_believes_who_it_should(self):
        log, _ = self.run_script("""
            const ca = open('./cert.pem');
            const why = (error) => error.message;
            export default async function () {
              const client = await mqtt.connectAsync(__ENV.TLS, { ca });
              await client.publishAsync('t', 'x', { qos: 1 });
              console.log('believed');
              await client.endAsync();
              await (await mqtt.connectAsync(__ENV.TLS, { rejectUnauthorized: false })).endAsync();
              console.log('not asked');
              console.log(`stranger: ${await mqtt.connectAsync(__ENV.TLS).catch(why)}`);
              console.log(`other: ${await mqtt.connectAsync(__ENV.TLS.replace('localhost', '127.0.0.1'), { ca }).catch(why)}`);
            }""")
        self.assertIn("believed", log)
        self.assertIn("not asked", log)
        self.assertRegex(log, "stranger: tls: failed to verify certificate: self.signed")
        self.assertRegex(log, "other: tls: failed to verify certificate: IP address mismatch")

    def test_a_will_is_published_for_who_goes_without_a_word(self):
        log, _ = self.run_script("""
            export default async function () {
              const heir = await mqtt.connectAsync(__ENV.AT);
              await heir.subscribeAsync('wills/#');
              heir.on('message', (topic, payload) => { console.log(`${topic}: ${payload}`); heir.end(); });
              const will = (name) => ({ will: { topic: `wills/${name}`, payload: `farewell from ${name}` } });
              await (await mqtt.connectAsync(__ENV.AT, will('polite'))).endAsync();
              await (await mqtt.connectAsync(__ENV.AT, will('rude'))).endAsync(true);
            }""")
        self.assertIn("wills/rude: farewell from rude", log)
        self.assertNotIn("polite:", log)

    def test_a_refusal_says_why(self):
        for version, why in ((4, "not authorised"), (5, "Not authorized")):
            log, metrics = self.run_script(f"""
                export default async function () {{
                  const error = await mqtt.connectAsync(__ENV.CLOSED, {{ username: 'u', password: 'p', protocolVersion: {version} }}).catch((e) => e);
                  console.log(`refused: ${{error.message}}`);
                }}""")
            self.assertRegex(log, f"(?i)refused: the broker refused the connection: .*{why}")
            self.assertEqual(1, metrics["mqtt_sessions"]["count"])
            self.assertNotIn("mqtt_session_duration", metrics)

    def test_a_connection_that_is_taken_over_comes_back_and_listens_again(self):
        log, metrics = self.run_script("""
            const once = (client, event) => new Promise((resolve) => client.once(event, resolve));
            export default async function () {
              const client = await mqtt.connectAsync(__ENV.AT, { clientId: 'one', reconnectPeriod: 50 });
              client.on('error', (error) => console.log(`lost: ${error.message}`));
              await client.subscribeAsync('again', { qos: 1 });
              const closed = once(client, 'close');
              const other = await mqtt.connectAsync(__ENV.AT, { clientId: 'one', reconnectPeriod: 0 });
              other.on('error', () => {});
              await closed;
              await other.endAsync();
              await once(client, 'connect');
              const heard = new Promise((resolve) => client.on('message', (_, payload) => resolve(payload.toString())));
              await client.publishAsync('again', 'hello', { qos: 1 });
              console.log(`heard ${await heard}`);
              await client.endAsync();
            }""")
        self.assertIn("lost: ", log)
        self.assertIn("heard hello", log)
        self.assertGreaterEqual(metrics["mqtt_sessions"]["count"], 3)

    def test_an_open_client_does_not_hold_up_the_end_of_a_test(self):
        _, metrics = self.run_script("""
            export const options = {
              scenarios: { s: { executor: 'constant-vus', vus: 3, duration: '1s', gracefulStop: '0s' } },
            };
            export default function () { mqtt.connect(__ENV.AT); }""")
        self.assertNotIn("iterations", metrics)
        self.assertEqual(3, metrics["mqtt_sessions"]["count"])

    def test_bad_topics_and_messages_are_named(self):
        log, _ = self.run_script("""
            const why = (error) => console.log(error.message);
            export default async function () {
              const client = await mqtt.connectAsync(__ENV.AT);
              await client.publishAsync('a/#', 'x').catch(why);
              await client.publishAsync('a', { b: 1 }).catch(why);
              await client.publishAsync('a', 'x', { qos: 3 }).catch(why);
              await client.subscribeAsync('a#').catch(why);
              client.publish('+', 'x');
              await client.endAsync();
            }""")
        for text in ("publish(): invalid topic", "publish(): the message must be a string, an ArrayBuffer or a typed array",
                     "publish(): qos: a whole number from 0 to 2 is expected", "subscribe(): invalid filter"):
            self.assertIn(text, log)
        self.assertTrue(re.search(r"level=warning.*MQTT.*invalid topic", log), log)


if __name__ == "__main__":
    unittest.main()
