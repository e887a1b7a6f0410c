"""k6's extensions that are built in: k6/x/dns against a name server, k6/x/tls against servers with good and bad certificates, k6/x/icmp
over loopback, k6/x/mqtt against a mosquitto."""
import json
import socket
import ssl
import struct
import subprocess
import threading
import unittest

from tests.integration.mqtt_test import MqttTest
from tests.integration.support import LockstepTest


class NameServer:
    """Answers A with 10.0.0.1 and 10.0.0.2, AAAA with fd00::1, over UDP and, where UDP has no room, over TCP."""

    def __init__(self):
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.questions = 0
        self.held = 0  # UDP's questions until one is answered
        for serve in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def close(self):
        self.udp.close()
        self.tcp.close()

    def reply(self, question, truncated):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        if labels[0] == "silent":
            return b""
        kind = struct.unpack(">H", question[at + 1:at + 3])[0]
        addresses = {1: ["10.0.0.1", "10.0.0.2"], 28: ["fd00::1"]}[kind] if labels[0] != "unknown" else []
        records = b"".join(struct.pack(">HHHIH", 0xC00C, kind, 1, 60, 4 if kind == 1 else 16) +
                           socket.inet_pton(socket.AF_INET if kind == 1 else socket.AF_INET6, each) for each in addresses)
        cut = truncated and labels[0] == "large"
        flags = 0x8180 | (0x0200 if cut else 0) | (0 if labels[0] != "unknown" else 3)
        return question[:2] + struct.pack(">HHHHH", flags, 1, 0 if cut else len(addresses), 0, 0) + question[12:at + 5] + (
            b"" if cut else records)

    def serve_udp(self):
        waiting = []
        while True:
            try:
                waiting.append(self.udp.recvfrom(1500))
            except OSError:
                return
            self.questions += 1
            if self.questions < self.held:
                continue
            for question, peer in waiting:
                if answer := self.reply(question, truncated=True):
                    self.udp.sendto(answer, peer)
            waiting.clear()

    def serve_tcp(self):
        while True:
            try:
                connection = self.tcp.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with connection, connection.makefile("rb") as read:
            while head := read.read(2):
                answer = self.reply(read.read(struct.unpack(">H", head)[0]), truncated=False)
                connection.sendall(struct.pack(">H", len(answer)) + answer)


class Extensions(LockstepTest):
    def run_script(self, text, *args):
        result = self.lockstep("run", "-q", "--summary-export", "out.json", *args, self.script(text))
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        self.assertNotIn("level=error", result.stderr)
        return result, json.loads((self.folder / "out.json").read_text("utf-8"))["metrics"]

    def test_dns_of_many_vus_in_two_agents(self):
        # As many questions as are under way at once have room at the server's socket, however late it reads them.
        server = NameServer()
        self.addCleanup(server.close)
        result, metrics = self.run_script("""
            import dns from 'k6/x/dns';
            import { check } from 'k6';
            export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: 25, iterations: 20 } },
                                     thresholds: { dns_resolution_duration: ['max<60000'] } };
            export default async function () {
              const [v4, v6, large] = await Promise.all([
                dns.resolve(`a${__VU}.test`, 'A', __ENV.AT), dns.resolve('b.test', 'AAAA', __ENV.AT), dns.resolve('large.test', 'A', __ENV.AT)]);
              check(null, {
                'A': () => v4.join() === '10.0.0.1,10.0.0.2', 'AAAA': () => v6.join() === 'fd00::1',
                'over TCP': () => large.join() === '10.0.0.1,10.0.0.2',
              });
              let why = '';
              try { await dns.resolve('unknown.test', 'A', __ENV.AT); } catch (error) { why = error.message; }
              check(why, { 'unknown': (text) => text === `resolve unknown.test (A) at ${__ENV.AT}: no such host` });
              check(await dns.lookup('localhost'), { 'the system knows localhost': (all) => all.includes('127.0.0.1') });
            }""", "--agents", "2", "-e", f"AT=127.0.0.1:{server.port}")
        self.assertEqual((2500, 0), (metrics["checks"]["passes"], metrics["checks"]["fails"]), result.stdout)
        self.assertEqual(2000, metrics["dns_resolutions"]["count"])
        self.assertEqual(500, metrics["dns_lookups"]["count"])
        self.assertEqual(2000, server.questions)
        self.assertIn("no such host", result.stdout)  # in the table of errors

    def test_an_interrupted_iteration_forgets_what_it_has_asked(self):
        server = NameServer()
        self.addCleanup(server.close)
        _, metrics = self.run_script("""
            import dns from 'k6/x/dns';
            export const options = { scenarios: { s: { executor: 'constant-vus', vus: 3, duration: '1s', gracefulStop: '0s' } } };
            export default async function () {
              await dns.resolve('silent.test', 'A', __ENV.AT);
            }""", "-e", f"AT=127.0.0.1:{server.port}")
        self.assertEqual(3, metrics["dns_resolutions"]["count"])
        self.assertNotIn("dns_resolution_duration", metrics)

    def test_answers_wait_for_a_script_that_computes(self):
        server = NameServer()
        server.held = 800
        self.addCleanup(server.close)
        # The server answers all at once, while nobody reads.
        result, metrics = self.run_script("""
            import dns from 'k6/x/dns';
            import { check, sleep } from 'k6';
            export default async function () {
              const all = [];
              for (let i = 0; i < 800; ++i) {
                if (i % 100 === 99) sleep(0.05);
                all.push(dns.resolve(`a${i}.test`, 'A', __ENV.AT));
              }
              for (const began = Date.now(); Date.now() - began < 1000;);
              const answers = await Promise.allSettled(all);
              check(answers, { 'all are heard': (a) => a.every((one) => one.status === 'fulfilled') });
            }""", "-e", f"AT=127.0.0.1:{server.port}")
        self.assertEqual(800, server.questions)
        self.assertEqual(1, metrics["checks"]["passes"], result.stdout)

    def test_dns_obeys_the_blacklist(self):
        result, _ = self.run_script("""
            import dns from 'k6/x/dns';
            export const options = { blacklistIPs: ['127.0.0.0/8'] };
            export default async function () {
              try { await dns.resolve('a.test', 'A', '127.0.0.1:53'); } catch (error) { console.log(error.message); }
            }""")
        self.assertIn("127.0.0.1) is in a blacklisted range", result.stderr)

    def certificate(self, days, name="localhost"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days), "-subj",
                        f"/C=DE/O=First/O=Second/CN={name}", "-keyout", "key.pem", "-out", "cert.pem"],
                       cwd=self.folder, check=True, capture_output=True)

    def tls_server(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "cert.pem", self.folder / "key.pem")
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            while True:
                try:
                    connection = listener.accept()[0]
                except OSError:
                    return
                with connection:
                    try:
                        context.wrap_socket(connection, server_side=True).close()
                    except OSError:
                        pass

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]

    def test_tls_shows_certificates_that_nobody_would_trust(self):
        # An option of openssl's that makes one which has expired came with version 3.2: it is one of another name here.
        self.certificate(3, "elsewhere.example")
        seen = subprocess.run(["openssl", "x509", "-in", "cert.pem", "-noout", "-fingerprint", "-sha256"], cwd=self.folder,
                              check=True, capture_output=True, text=True).stdout.split("=")[1].strip().replace(":", "").lower()
        result, _ = self.run_script("""
            import tls from 'k6/x/tls';
            import { check } from 'k6';
            export default async function () {
              const cert = await tls.getCertificate(__ENV.AT);
              const days = (cert.expires - cert.issued) / 86400000;
              check(cert, {
                'not expired': (c) => c.expires > Date.now() && c.issued <= Date.now() && days === 3,
                'subject': (c) => c.subject.common_name === 'elsewhere.example' && c.subject.organization.join() === 'First,Second',
                'issuer': (c) => c.issuer.country.join() === 'DE',
                'fingerprint': (c) => c.fingerprint === __ENV.SEEN,
              });
            }""", "-e", f"AT=localhost:{self.tls_server()}", "-e", f"SEEN={seen}")
        self.assertNotIn("✗", result.stdout)

    def test_icmp(self):
        result, metrics = self.run_script("""
            import { ping, pingAsync } from 'k6/x/icmp';
            import { check } from 'k6';
            export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: 20, iterations: 5 } } };
            export default async function () {
              let waited, told = 0;
              try { waited = ping('127.0.0.1'); } catch (error) { console.log(error.message); return; }
              const later = await pingAsync('localhost', { count: 2, interval: '500ms', timeout: 3000 }, (error) => { told += error ? 0 : 1; });
              check(null, { 'ping': () => waited, 'pingAsync': () => later, 'each was told': () => told === 2 });
            }""")
        if "permission denied" in result.stderr:
            self.skipTest("this process may not send echo requests")
        self.assertEqual((300, 0), (metrics["checks"]["passes"], metrics["checks"]["fails"]), result.stdout)
        self.assertEqual(300, metrics["icmp_packets_sent"]["count"])
        self.assertEqual(300, metrics["icmp_packets_received"]["count"])

    def test_a_blocked_host_is_blocked_in_any_case(self):
        result, metrics = self.run_script("""
            import { ping } from 'k6/x/icmp';
            import tls from 'k6/x/tls';
            export const options = { blockHostnames: ['localhost', '*.blocked.test'] };
            export default async function () {
              for (const host of ['LocalHost', 'A.BLOCKED.test']) {
                try { ping(host); } catch (error) { console.log(error.message); }
                try { await tls.getCertificate(host); } catch (error) { console.log(error.message); }
              }
            }""")
        self.assertEqual(2, result.stderr.count("hostname (localhost) is in a blocked pattern"), result.stderr)
        self.assertEqual(2, result.stderr.count("hostname (a.blocked.test) is in a blocked pattern"), result.stderr)
        self.assertNotIn("icmp_packets_sent", metrics)

    def test_what_is_not_built_in_says_what_there_is(self):
        for script, hint in (("import faker from 'k6/x/faker';", "after npm install @faker-js/faker, import { faker } from"),
                             ("import sql from 'k6/x/sql'; import d from 'k6/x/sql/driver/postgres';", "k6/http reaches a database"),
                             ("import x from 'k6/x/nobody';", "")):
            result = self.lockstep("run", self.script(script + " export default function () {}"))
            self.assertEqual(107, result.returncode, result.stderr)
            self.assertIn("of k6's extensions there are k6/x/dns, k6/x/icmp, k6/x/mqtt, k6/x/redis, k6/x/tls", result.stderr)
            self.assertIn(hint, result.stderr)


class K6Mqtt(MqttTest):
    def run_script(self, text, *args, rc=0):
        result = self.lockstep("run", "-q", "--summary-export", "out.json", "-e", f"AT=mqtt://127.0.0.1:{self.plain}", "-e",
                               f"BARE=127.0.0.1:{self.plain}", "-e", f"TLS=mqtts://localhost:{self.tls}", "-e",
                               f"CLOSED=mqtt://127.0.0.1:{self.closed}", *args,
                               self.script("import { Client, QoS } from 'k6/x/mqtt'; import { check, sleep } from 'k6';" + text))
        self.assertEqual(rc, result.returncode, result.stdout + result.stderr)
        return result, json.loads((self.folder / "out.json").read_text("utf-8"))["metrics"]

    def test_events_as_k6_documents_them(self):
        result, metrics = self.run_script("""
            export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: 10, iterations: 3 } } };
            export default function () {
              const client = new Client({ client_id: `c${__VU}-${__ITER}`, tags: { mine: 'yes' } });
              const topic = `greeting/${__VU}/${__ITER}`;
              client.on('connect', async () => {
                client.subscribe(topic, { qos: QoS.ExactlyOnce });
                client.publish(topic, 'Hello MQTT!', { qos: QoS.AtLeastOnce });
              });
              client.on('message', (on, message) => {
                check(message, { 'bytes': (m) => m instanceof ArrayBuffer && String.fromCharCode(...new Uint8Array(m)) === 'Hello MQTT!' && on === topic });
                client.end();
              });
              client.on('end', () => check(client, { 'ended': (c) => !c.connected }));
              client.connect(__ENV.AT);
            }""")
        self.assertNotIn("level=error", result.stderr)
        self.assertEqual((60, 0), (metrics["checks"]["passes"], metrics["checks"]["fails"]), result.stdout)
        for name in ("mqtt_connects", "mqtt_publishes", "mqtt_subscribes", "mqtt_messages_sent", "mqtt_messages_received"):
            self.assertEqual(30, metrics[name]["count"], name)
        self.assertIn("mqtt_connect_duration", metrics)
        self.assertNotIn("mqtt_sessions", metrics)

    def test_calls_that_wait_need_no_events(self):
        before = self.broker_log().count("Received PUBLISH from")
        result, metrics = self.run_script("""
            export default async function () {
              const client = new Client();
              client.connect(__ENV.BARE, { keepalive: 30, connect_timeout: 5000, clean_session: true });
              for (let i = 0; i < 3; ++i) {
                client.publish('dev', `message ${i}`);
                sleep(0.01);
              }
              client.publish('dev', new Uint8Array([1, 2]).buffer, { qos: 2, tags: { kind: 'bytes' } });
              client.subscribe(['a', 'b/#']);
              client.unsubscribe('a');
              await client.publishAsync('b/1', 'x', { qos: 1 });
              await client.subscribeAsync('c');
              await client.unsubscribeAsync(['b/#', 'c']);
              check(client, { 'connected': (c) => c.connected });
              client.end();
              check(client, { 'left': (c) => !c.connected });
            }""")
        self.assertNotIn("level=error", result.stderr)
        self.assertEqual((2, 0), (metrics["checks"]["passes"], metrics["checks"]["fails"]), result.stdout)
        self.assertEqual(5, self.broker_log().count("Received PUBLISH from") - before)
        self.assertEqual(5, metrics["mqtt_messages_sent"]["count"])

    def test_failures(self):
        result, metrics = self.run_script("""
            const attempt = (call) => { try { call(); return 'nothing'; } catch (e) { return `${e.name} of ${e.method}: ${e.message}`; } };
            export default async function () {
              console.log('1', attempt(() => new Client().connect('mqtt://127.0.0.1:1')));
              console.log('2', attempt(() => new Client().publish('a', 'b')));
              const seen = [];
              const heard = new Client({ username: 'u', password: 'p' });
              heard.on('error', (error) => seen.push(error.name, error.method));
              heard.connect(__ENV.CLOSED);
              console.log('3', seen.join(), heard.connected);
              const second = new Client({ credentials_provider: () => ({ username: 'u', password: 'p' }) });
              second.connect('mqtt://127.0.0.1:1', { servers: [__ENV.AT] });
              console.log('4', second.connected);
              console.log('5', attempt(() => second.publish('a/#', 'x')));
              console.log('6', attempt(() => second.connect(__ENV.AT)));
              second.reconnect();
              console.log('7', second.connected);
              await second.endAsync();
              console.log('8', attempt(() => new Client().connect('ws://127.0.0.1:1')));
              console.log('9', attempt(() => new Client().connect()));
            }""")
        for line in ("1 MQTTError of connect: dial: connection refused", "2 MQTTError of publish: the client has no connection",
                     "3 MQTTError,connect false", "4 true", "invalid topic \\\"a/#\\\"", "6 MQTTError of connect: the client has a connection already",
                     "7 true", "MQTT over WebSockets is not there", "the URL of a broker is expected"):
            self.assertIn(line, result.stderr)

    def test_a_client_of_all_iterations_connects_anew_where_one_was_cut(self):
        result, metrics = self.run_script("""
            export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: 2, iterations: 4 } } };
            const client = new Client();
            export default function () {
              check(client, { 'not connected': (c) => !c.connected });
              client.connect(__ENV.AT);
              client.publish('cut', 'x', { qos: 1 });
              if (__ITER % 2 === 0) throw new Error('meant');
              client.end();
            }""")
        self.assertEqual((8, 0), (metrics["checks"]["passes"], metrics["checks"]["fails"]), result.stdout)
        self.assertEqual(8, metrics["mqtt_messages_sent"]["count"])
        self.assertNotIn("has a connection already", result.stderr)

    def test_all_who_wait_for_the_end_are_told(self):
        result, _ = self.run_script("""
            export default async function () {
              const client = new Client();
              client.connect(__ENV.AT);
              await Promise.all([client.endAsync(), client.endAsync()]);
              await client.endAsync();
              console.log('all ended');
            }""")
        self.assertIn("all ended", result.stderr)

    def test_credentials_that_are_none_are_an_error(self):
        result, metrics = self.run_script("""
            export default function () {
              for (const provider of [async () => ({ username: 'u', password: 'p' }), () => undefined]) {
                try { new Client({ credentials_provider: provider }).connect(__ENV.AT); } catch (error) { console.log(error.message); }
              }
            }""")
        for what in ("a promise", "undefined"):
            self.assertIn(f"credentials_provider must return an object with username and password, got {what}", result.stderr)
        self.assertNotIn("mqtt_connects", metrics)

    def test_tls_by_the_runs_options(self):
        result, _ = self.run_script("""
            export const options = { insecureSkipTLSVerify: true };
            export default function () {
              const client = new Client();
              client.connect(__ENV.TLS);
              check(client, { 'connected': (c) => c.connected });
              client.end();
            }""")
        self.assertNotIn("✗", result.stdout)


if __name__ == "__main__":
    unittest.main()
