"""k6/net/grpc from the outside: files of a bundle, fleets, counts against the server's, errors before the run."""
import json
import unittest

from tests.integration.support import LockstepTest

PROTO = """syntax = "proto3";
package suite;
import "google/protobuf/empty.proto";
import "types/messages.proto";
service Desk { rpc Greet (Ask) returns (Answer); rpc Chat (stream Ask) returns (stream Answer); }
"""
MESSAGES = """syntax = "proto3";
package suite;
message Ask { string name = 1; int32 times = 2; }
message Answer { string text = 1; string meta = 2; }
"""


class Grpc(LockstepTest):
    def write(self, script, proto=PROTO):
        # In two folders, of which the first has not all; and one import is nobody's file.
        (self.folder / "protos").mkdir(exist_ok=True)
        (self.folder / "common/types").mkdir(parents=True, exist_ok=True)
        (self.folder / "protos/desk.proto").write_text(proto, "utf-8")
        (self.folder / "common/types/messages.proto").write_text(MESSAGES, "utf-8")
        (self.folder / "lib").mkdir(exist_ok=True)
        # In a module of another folder: paths are relative to the main script.
        (self.folder / "lib/client.js").write_text("""
            import grpc from 'k6/net/grpc';
            export const client = new grpc.Client();
            client.load(['protos', 'common'], 'desk.proto');
        """, "utf-8")
        path = self.folder / "script.js"
        path.write_text("import grpc from 'k6/net/grpc'; import { client } from './lib/client.js';" + script, "utf-8")
        return path

    def test_an_answer_whose_then_aborts_ends_no_agent(self):
        server = self.serve()
        script = self.write("""
            import exec from 'k6/execution';
            export default async function () {
              client.connect(__ENV.A, { plaintext: true });
              Object.defineProperty(Object.prototype, 'then', { get() { exec.test.abort('enough'); } });
              await client.asyncInvoke('suite.Desk/Greet', { name: 'ada' });
            }
        """)
        result = self.lockstep("run", "-q", "-e", f"A={server.grpc}", script)
        self.assertEqual(108, result.returncode, result.stderr)
        self.assertNotIn("was lost", result.stderr)

    def test_agents_have_the_files_and_nothing_is_lost(self):
        server = self.serve()
        script = self.write("""
            export const options = { scenarios: { s: { executor: 'shared-iterations', vus: 20, iterations: 400 } } };
            export default async function () {
              if (__ITER === 0) client.connect(__ENV.A, { plaintext: true });
              client.invoke('suite.Desk/Greet', { name: 'ada', times: 1 });
              await Promise.all([1, 2].map(() => client.asyncInvoke('suite.Desk/Greet', { name: 'b' })));
              const stream = new grpc.Stream(client, 'suite.Desk/Chat');
              ['a', 'b', 'bye'].forEach((name) => stream.write({ name }));
              stream.end();
            }
        """)
        result = self.lockstep("run", "-q", "--agents", "2", "--summary-export", "out.json", "-e", f"A={server.grpc}", script)
        self.assertEqual(0, result.returncode, result.stderr)
        metrics = json.loads((self.folder / "out.json").read_text("utf-8"))["metrics"]
        self.assertEqual(400, metrics["grpc_streams"]["count"])
        self.assertEqual(1200, metrics["grpc_streams_msgs_sent"]["count"])
        self.assertEqual(1200, metrics["grpc_streams_msgs_received"]["count"])
        self.assertGreater(metrics["data_received"]["count"], 0)
        # Three calls and a stream in each iteration; a message in each call and three in the stream.
        self.assertIn(f"{400 * 4} calls, {400 * 6} messages", server.stop())

    def test_an_archive_finds_what_the_files_find(self):
        (self.folder / "plain.proto").write_text(MESSAGES.replace("package suite;", """package plain;
            import "google/protobuf/timestamp.proto"; import "google/protobuf/any.proto"; import "api/annotations.proto";"""), "utf-8")
        (self.folder / "sub/api").mkdir(parents=True)
        (self.folder / "sub/api/annotations.proto").write_text("""syntax = "proto3";
            package api;
            import "google/protobuf/descriptor.proto";
            extend google.protobuf.MethodOptions { string path = 50001; }
        """, "utf-8")
        script = self.write("""
            const other = new grpc.Client();
            other.load(['sub', '.'], 'plain.proto');
            export default function () {
              client.connect(__ENV.A, { plaintext: true });
              console.log('said', client.invoke('suite.Desk/Greet', { name: 'ada', times: 1 }).status);
            }
        """)
        server = self.serve()
        made = self.lockstep("archive", "-O", "test.tar", script)
        self.assertEqual(0, made.returncode, made.stderr)
        for test in (script, "test.tar"):
            result = self.lockstep("run", "-q", "--vus", "2", "-e", f"A={server.grpc}", test)
            self.assertEqual(0, result.returncode, result.stderr)
            self.assertEqual(2, result.stderr.count("said 0"), result.stderr)

    def test_a_file_that_does_not_compile_is_an_error_before_the_run(self):
        script = self.write("export default function () {}", PROTO.replace("(Ask)", "(Asks)"))
        result = self.lockstep("run", script)
        self.assertEqual(107, result.returncode)
        self.assertIn('Error: desk.proto:5:27: \\"Asks\\" is not defined', result.stderr)

    def test_an_interrupted_call_does_not_hold_up_the_end(self):
        server = self.serve()
        script = self.write("""
            export const options = {
              scenarios: { s: { executor: 'constant-vus', vus: 3, duration: '1s', gracefulStop: '0s' } },
            };
            export default function () {
              client.connect(__ENV.A, { plaintext: true });
              new grpc.Stream(client, 'suite.Desk/Chat').write({ name: 'a' });
              client.asyncInvoke('suite.Desk/Greet', { name: 'slow' });
              client.invoke('suite.Desk/Greet', { name: 'slow' });
            }
        """)
        result = self.lockstep("run", "-q", "-e", f"A={server.grpc}", script)
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn("grpc_streams", result.stdout)
        self.assertNotIn("iterations.", result.stdout)  # none has ended by itself


if __name__ == "__main__":
    unittest.main()
