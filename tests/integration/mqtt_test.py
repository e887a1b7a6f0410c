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
allow_anonymous true
certfile cert.pem
keyfile key.pem
listener {closed} 127.0.0.1
allow_anonymous false
listener {tls13} 127.0.0.1
allow_anonymous true
certfile cert.pem
keyfile key.pem
tls_version tlsv1.3
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
        self.plain, self.tls, self.closed, self.tls13 = (free_port() for _ in range(4))
        # A process of root's gives its rights away, unless it is told to stay.
        config = CONFIG.format(plain=self.plain, tls=self.tls, closed=self.closed, tls13=self.tls13)
        (self.folder / "mosquitto.conf").write_text("per_listener_settings true\nuser root\n" + config, "utf-8")
        self.log = open(self.folder / "broker.log", "wb")
        self.addCleanup(self.log.close)
        self.broker = subprocess.Popen([MOSQUITTO, "-v", "-c", "mosquitto.conf"], cwd=self.folder, stdout=self.log,
                                       stderr=self.log)
        self.addCleanup(self.broker.wait)
        self.addCleanup(self.broker.kill)
        for port in (self.plain, self.tls, self.closed, self.tls13):
            self.wait_for_port(port, self.broker)

    def broker_log(self):
        return (self.folder / "broker.log").read_text("utf-8")


class Mqtt(MqttTest):
    def run_script(self, text, *args):
        result = self.lockstep("run", "-q", "--summary-export", "out.json", "-e", f"AT=mqtt://127.0.0.1:{self.plain}", "-e",
                               f"TLS=mqtts://localhost:{self.tls}", "-e", f"CLOSED=mqtt://127.0.0.1:{self.closed}", "-e", f"TLS13=mqtts://localhost:{self.tls13}", *args,
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

    def test_end_loses_nothing_that_was_published(self):
        for version in (4, 5):  # of 5 mosquitto takes 20 at once
            with self.subTest(version):
                before = self.broker_log()
                log, metrics = self.run_script("""
                    export const options = { vus: 2, iterations: 2, thresholds: Object.fromEntries([0, 1, 2].map((qos) =>
                      [`mqtt_msgs_sent{qos:${qos}}`, ['count==200']])) };
                    export default function () {
                      const client = mqtt.connect(__ENV.AT, { protocolVersion: Number(__ENV.VERSION) });
                      client.on('connect', () => {
                        for (let i = 0; i < 300; i += 1) client.publish('t', 'x', { qos: i % 3 });
                        client.end();
                      });
                    }""", "-e", f"VERSION={version}")
                self.assertEqual(600, metrics["mqtt_msgs_sent"]["count"], log)
                self.assertNotIn("level=warning", log)
                self.assertEqual(200, self.broker_log().count("Received PUBREL from") - before.count("Received PUBREL from"))
                self.assertEqual(600, self.broker_log().count("Received PUBLISH from") - before.count("Received PUBLISH from"))

    def test_a_run_without_a_connection_does_not_pass(self):
        script = """import mqtt from 'lockstep/mqtt';
            export const options = { vus: 2, iterations: 4 };
            export default function () { mqtt.connect(__ENV.CLOSED, { reconnectPeriod: 0 }); }"""
        result = self.lockstep("run", "-e", f"CLOSED=mqtt://127.0.0.1:{self.closed}", self.script(script))
        self.assertIn("ERRORS", result.stdout)
        self.assertIn("the broker refused the connection", result.stdout)
        self.assertNotIn("mqtt_connecting", result.stdout)

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

    def test_properties_of_a_connection_hold(self):
        log, _ = self.run_script("""
            const again = async (properties) => {
              const options = { protocolVersion: 5, clientId: `c${JSON.stringify(properties)}`, clean: false, properties };
              await (await mqtt.connectAsync(__ENV.AT, options)).endAsync();
              const client = mqtt.connect(__ENV.AT, options);
              const present = await new Promise((resolve) => client.once('connect', ({ sessionPresent }) => resolve(sessionPresent)));
              await client.endAsync();
              return present;
            };
            export default async function () {
              console.log(`kept ${await again({ sessionExpiryInterval: 60, userProperties: { a: ['1', '2'] } })}`);
              console.log(`not kept ${await again({ receiveMaximum: 1, requestProblemInformation: false })}`);
              const small = await mqtt.connectAsync(__ENV.AT, { protocolVersion: 5, properties: { maximumPacketSize: 100 } });
              const first = new Promise((resolve) => small.once('message', (topic) => resolve(topic)));
              await small.subscribeAsync('s/#');
              const other = await mqtt.connectAsync(__ENV.AT);
              await other.publishAsync('s/large', 'x'.repeat(200), { qos: 1 });
              await other.publishAsync('s/small', 'x', { qos: 1 });
              console.log(`first ${await first}`);
              await other.endAsync();
              await small.endAsync();
            }""")
        for text in ("kept true", "not kept false", "first s/small"):
            self.assertIn(text, log)

    def test_subscriptions_of_version_5_have_their_options(self):
        log, _ = self.run_script("""
            export default async function () {
              const client = await mqtt.connectAsync(__ENV.AT, { protocolVersion: 5 });
              await client.publishAsync('kept/1', 'k', { qos: 1, retain: true });
              const seen = [];
              const last = new Promise((resolve) => client.on('message', (topic, _, { retain, properties }) => {
                seen.push(`${topic} ${retain} ${properties?.subscriptionIdentifier}`);
                if (topic === 'last') resolve();
              }));
              await client.subscribeAsync('kept/#', { rh: 2 });
              await client.subscribeAsync('mine', { nl: true });
              await client.subscribeAsync('flag', { rap: true, properties: { subscriptionIdentifier: 7, userProperties: { a: 'b' } } });
              await client.subscribeAsync('last');
              await client.publishAsync('mine', 'x', { qos: 1 });
              await client.publishAsync('flag', 'x', { qos: 1, retain: true });
              await client.publishAsync('last', 'x', { qos: 1 });
              await last;
              console.log(seen.join());
              await client.endAsync();
            }""")
        self.assertIn('"flag true 7,last false undefined"', log)

    def test_a_will_may_be_delayed(self):
        log, _ = self.run_script("""
            export default async function () {
              const heir = await mqtt.connectAsync(__ENV.AT);
              await heir.subscribeAsync('wills/#');
              heir.on('message', (topic) => { console.log(topic); heir.end(); });
              const client = (name, properties) => mqtt.connectAsync(__ENV.AT, { protocolVersion: 5,
                properties: { sessionExpiryInterval: 3600 }, will: { topic: `wills/${name}`, payload: 'x', properties } });
              await (await client('late', { willDelayInterval: 3600 })).endAsync(true);
              await (await client('at once', {})).endAsync(true);
            }""")
        self.assertIn("wills/at once", log)
        self.assertNotIn("wills/late", log)

    def test_properties_that_are_none_are_named(self):
        log, _ = self.run_script("""
            const why = (error) => console.log(error.message);
            export default async function () {
              for (const [protocolVersion, properties] of [[4, { receiveMaximum: 1 }], [5, { receiveMaximum: 0 }], [5, { nope: 1 }], [5, 'x']]) {
                await mqtt.connectAsync(__ENV.AT, { protocolVersion, properties }).then((c) => c.endAsync(), why);
              }
              const client = await mqtt.connectAsync(__ENV.AT);
              await client.subscribeAsync('a', { nl: true }).catch(why);
              await client.publishAsync('a', 'x', { properties: { willDelayInterval: 1 } }).catch(why);
              await client.endAsync();
              const newer = await mqtt.connectAsync(__ENV.AT, { protocolVersion: 5 });
              await newer.subscribeAsync('a', { rh: 3 }).catch(why);
              await newer.publishAsync('a', 'x', { properties: { willDelayInterval: 1 } }).catch(why);
              await newer.endAsync();
            }""")
        for text in ("mqtt.connect(): properties: they need protocolVersion: 5",
                     "mqtt.connect(): receiveMaximum: a whole number from 1 to 65535 is expected",
                     "properties: unknown 'nope'; there are maximumPacketSize, receiveMaximum,",
                     "mqtt.connect(): properties: an object is expected", "subscribe(): nl: it needs protocolVersion: 5",
                     "subscribe(): rh: a whole number from 0 to 2 is expected", "properties: unknown 'willDelayInterval'; there are contentType,"):
            self.assertIn(text, log.replace('\\"', "'"))

    def test_the_run_s_tls_options_hold(self):
        script = """
            export const options = %s;
            export default async function () {
              console.log(await mqtt.connectAsync(__ENV.TLS13).then((c) => c.endAsync().then(() => 'in'), (e) => `out: ${e.message}`));
            }"""
        log, _ = self.run_script(script % "{ insecureSkipTLSVerify: true }")
        self.assertIn('msg=in ', log)
        log, _ = self.run_script(script % "{ insecureSkipTLSVerify: true, tlsVersion: { max: 'tls1.2' } }")
        self.assertIn("out: tls: the broker's alert: protocol version", log)
        log, _ = self.run_script(script.replace("TLS13", "TLS") % """{ insecureSkipTLSVerify: true, tlsVersion: 'tls1.2',
            tlsCipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'] }""")  # the broker's key is RSA's
        self.assertIn("out: tls: the broker's alert: handshake failure", log)

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
        self.assertRegex(log, "stranger: tls: failed to verify certificate: x509: certificate signed by unknown authority")
        self.assertRegex(log, "other: tls: failed to verify certificate: x509: certificate is not valid for 127.0.0.1")

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
