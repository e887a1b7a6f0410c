"""lockstep/socketio against the servers of npm: Socket.IO 4 and 2, over each transport."""
import json
import shutil
import subprocess
import unittest

from tests.integration.support import PATIENCE, ROOT, LockstepTest

NPM = ROOT / "tests/integration/npm"


NPM_IS_THERE = (NPM / "node_modules").is_dir() and shutil.which("node") is not None


class SocketIoServer:
    def __init__(self, *args):
        self.process = subprocess.Popen(["node", NPM / "socketio_server.cjs", *args], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def stop(self):
        """What it has counted."""
        return json.loads(self.process.communicate(timeout=PATIENCE)[0])


@unittest.skipUnless(NPM_IS_THERE, "the peers of npm are not installed")
class SocketIo(LockstepTest):
    def serve_socketio(self, *args):
        server = SocketIoServer(*args)
        self.addCleanup(server.close)
        return server

    def run_script(self, server, text, *args):
        result = self.lockstep("run", "-q", "--summary-export", "out.json", "-e", f"AT={server.url}", *args,
                               self.script("import { io } from 'lockstep/socketio'; import { check } from 'k6';" + text))
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        self.assertNotIn("level=error", result.stderr)
        return result.stderr, json.loads((self.folder / "out.json").read_text("utf-8"))["metrics"]

    TALK = """
        export const options = { scenarios: { s: { executor: 'shared-iterations', vus: 10, iterations: 40 } } };
        const bytes = new Uint8Array(300).map((_, i) => i);
        export default async function () {
          const socket = io(`${__ENV.AT}/chat`, { transports: JSON.parse(__ENV.TRANSPORTS), version: Number(__ENV.VERSION) });
          const seen = [];
          socket.on('echo', (...args) => seen.push(args));
          const [text, data] = await new Promise((resolve) => {
            socket.emit('echo', 'größer 𝄞', { deep: [bytes] }, (...answer) => resolve(answer));
          });
          const same = (got) => new Uint8Array(got.deep[0]).join() === bytes.join();
          check(text, { 'text as it was': (got) => got === 'größer 𝄞' && seen.length === 1 && seen[0][0] === got });
          check(data, { 'bytes as they were': (got) => same(got) && same(seen[0][1]) });
          socket.on('question', (number, answer) => answer(number + 1));
          check(await socket.emitWithAck('ask me'), { 'acknowledgements go both ways': (got) => got === 8 });
          if (__ITER === 0) await new Promise((resolve) => setTimeout(resolve, 1000));  // some heartbeats
          check(socket, { 'still connected': (s) => s.connected });
          socket.disconnect();
        }"""

    def test_every_version_and_transport(self):
        for name, version in (("socket.io", 4), ("socket.io-2", 2)):
            for transports, ends_on in ((["polling", "websocket"], "websocket"), (["websocket"], "websocket"),
                                        (["polling"], "polling")):
                with self.subTest(name, transports=transports):
                    server = self.serve_socketio(name)
                    log, metrics = self.run_script(server, self.TALK, "--agents", "2", "-e", f"VERSION={version}", "-e",
                                                   f"TRANSPORTS={json.dumps(transports)}")
                    self.assertEqual(160, metrics["checks"]["passes"], log)
                    self.assertEqual(0, metrics["checks"]["fails"], log)
                    counted = server.stop()
                    # With Socket.IO 2, everybody is in the root namespace, too.
                    self.assertEqual(40 if version == 4 else 80, counted["connections"])
                    self.assertEqual(40, metrics["socketio_sessions"]["count"])
                    self.assertEqual(counted["received"], metrics["socketio_msgs_sent"]["count"])
                    self.assertEqual(80, metrics["socketio_msgs_received"]["count"])
                    self.assertEqual(80, counted["received"])
                    self.assertGreater(counted["pongs"], 10)
                    if len(transports) == 1:
                        self.assertEqual([ends_on], list(counted["transports"]))
                    else:
                        self.assertIn("websocket", counted["transports"])
                    for metric in ("socketio_connecting", "socketio_session_duration", "socketio_ack_duration"):
                        self.assertGreater(metrics[metric]["max"], 0)
                    self.assertNotIn("http_reqs", metrics)
                    self.assertNotIn("ws_sessions", metrics)

    def test_what_a_client_says_of_itself_arrives(self):
        server = self.serve_socketio()
        log, _ = self.run_script(server, """
            export default async function () {
              const socket = io(__ENV.AT, { auth: { token: 'k' }, query: { room: 'ü 1' }, extraHeaders: { 'x-key': 'v' } });
              await new Promise((resolve) => socket.io.on('upgrade', resolve));
              console.log(JSON.stringify(await socket.emitWithAck('who')));
              console.log(socket.io.engine.transport.name);
              socket.disconnect();
            }""")
        self.assertIn(json.dumps(json.dumps({"auth": {"token": "k"}, "query": "ü 1", "key": "v", "transport": "websocket"},
                                            separators=(",", ":"), ensure_ascii=False), ensure_ascii=False)[1:-1], log)

    def test_ends_and_refusals_have_their_reasons(self):
        server = self.serve_socketio()
        log, metrics = self.run_script(server, """
            const options = { transports: ['websocket'], reconnectionDelay: 10, forceNew: true };
            const until = (socket, event) => new Promise((resolve) => socket.once(event, (...args) => resolve(args)));
            export default async function () {
              for (const event of ['leave', 'kick']) {
                const socket = io(`${__ENV.AT}/chat`, options);
                socket.emit(event);
                console.log(`${event}: ${(await until(socket, 'disconnect'))[0]}`);
                socket.disconnect();
              }
              const cut = io(__ENV.AT, options);
              await until(cut, 'connect');
              const first = cut.id;
              cut.emit('cut');
              console.log(`cut: ${(await until(cut, 'disconnect'))[0]}`);
              await until(cut, 'connect');
              console.log(`again: ${cut.id !== first}`);
              try {
                await cut.timeout(50).emitWithAck('silent');
              } catch (error) { console.log(`silent: ${error.message}`); }
              cut.disconnect();
              const [refused] = await until(io(`${__ENV.AT}/private`, options), 'connect_error');
              console.log(`private: ${refused.message} ${refused.data.code}`);
              const [unknown] = await until(io(`${__ENV.AT}/unknown`, options), 'connect_error');
              console.log(`unknown: ${unknown.message}`);
              const [missing] = await until(io(__ENV.AT, { path: '/elsewhere', reconnection: false }), 'connect_error');
              console.log(`missing: ${missing.message} ${missing.status}`);
            }""")
        for line in ("leave: io server disconnect", "kick: io server disconnect", "cut: transport close", "again: true",
                     "silent: operation has timed out", "private: members only 7", "unknown: Invalid namespace",
                     "missing: the server answered 404 Not Found: not here 404"):
            self.assertIn(line, log)
        self.assertEqual(7, metrics["socketio_sessions"]["count"])

    def test_the_other_version_is_named(self):
        for name, version, advice in (("socket.io", 2, "leave out `version`"), ("socket.io-2", 4, "set `version: 2`")):
            for transports in (["polling"], ["websocket"]):
                with self.subTest(name, transports=transports):
                    server = self.serve_socketio(name)
                    log, _ = self.run_script(server, f"""
                        export default function () {{
                          const socket = io(__ENV.AT, {{ version: {version}, transports: {transports}, reconnection: false, timeout: 2000 }});
                          socket.on('connect', () => {{ console.log('connected'); socket.disconnect(); }});
                          socket.on('connect_error', (error) => console.log(`error ${{error.message}}`));
                        }}""")
                    if transports == ["polling"]:
                        self.assertIn(advice, log)
                    elif version == 2:  # the server says so in HTTP, behind its 101
                        self.assertIn("the server may speak another version of Socket.IO, see the option `version`", log)

    def test_a_plain_websocket_is_told_what_it_has_met(self):
        server = self.serve_socketio()
        result = self.lockstep("run", "-q", self.script(f"""
            import ws from 'k6/ws';
            export default function () {{ ws.connect('{server.url.replace("http", "ws")}/socket.io/', () => {{}}); }}"""))
        self.assertIn("the server speaks Engine.IO: import lockstep/socketio", result.stderr)

    def test_an_open_socket_does_not_hold_up_the_end_of_a_test(self):
        server = self.serve_socketio()
        _, metrics = self.run_script(server, """
            export const options = {
              scenarios: { s: { executor: 'constant-vus', vus: 3, duration: '1s', gracefulStop: '0s' } },
            };
            export default function () { io(__ENV.AT); }""")
        self.assertNotIn("iterations", metrics)
        self.assertEqual(3, metrics["socketio_sessions"]["count"])


if __name__ == "__main__":
    unittest.main()
