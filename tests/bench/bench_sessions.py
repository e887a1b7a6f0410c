"""What sessions that stay open cost: calls and streams of gRPC, WebSockets, clients of Socket.IO, all in one agent.

Memory is the difference of two runs with few and with all sessions; CPU is that of two runs with few and with many messages: so
neither start nor end counts. What the run counts must be what the server counts. deploy/docs/benchmarks.md says how to read the
figures.
"""
import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import rig

TEST_SERVER = rig.ROOT / "build/bench/bin/lockstep-testserver"
NPM = rig.ROOT / "tests/integration/npm/node_modules"
DESCRIPTORS = 12_000

DESK = """syntax = "proto3";
package suite;
service Desk {
  rpc Greet (Ask) returns (Answer);
  rpc Chat (stream Ask) returns (stream Answer);
}
message Ask { string name = 1; int32 times = 2; }
message Answer { string text = 1; string meta = 2; }
"""

# A session says COUNT messages, each after the answer to the one before, and stays until all have had the time to.
HEAD = """import exec from 'k6/execution';
const { AT } = __ENV, COUNT = Number(__ENV.COUNT), STAY = Number(__ENV.STAY) * 1000;
export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: Number(__ENV.SESSIONS), iterations: 1,
  maxDuration: '10m' } } };
const stay = () => new Promise((resolve) => {
  setTimeout(resolve, Math.max(0, STAY - exec.instance.currentTestRunDuration));
});
"""

SCRIPTS = {
    "unary": """import grpc from 'k6/net/grpc';
        import { Counter } from 'k6/metrics';
        const answers = new Counter('answers');
        const client = new grpc.Client();
        client.load([], 'desk.proto');
        export default async function () {
          client.connect(AT, { plaintext: true });
          for (let i = 0; i < COUNT; i++) {
            const { message } = client.invoke('suite.Desk/Greet', { name: 'ada', times: 1 });
            if (message.text === 'hello ada') answers.add(1);
          }
          await stay();
        }""",
    "streams": """import grpc from 'k6/net/grpc';
        const client = new grpc.Client();
        client.load([], 'desk.proto');
        export default function () {
          client.connect(AT, { plaintext: true });
          const stream = new grpc.Stream(client, 'suite.Desk/Chat');
          let said = 1;
          stream.on('data', () => {
            if (said++ < COUNT) stream.write({ name: 'ada', times: 1 }); else stay().then(() => stream.end());
          });
          stream.write({ name: 'ada', times: 1 });
        }""",
    "websockets": """import { WebSocket } from 'k6/websockets';
        export default function () {
          const socket = new WebSocket(`ws://${AT}/ws`);
          let said = 1;
          socket.onmessage = () => { if (said++ < COUNT) socket.send('hello'); else stay().then(() => socket.close()); };
          socket.onopen = () => socket.send('hello');
        }""",
    "socketio": """import { io } from 'lockstep/socketio';
        export default function () {
          const socket = io(`http://${AT}`, { transports: ['websocket'] });
          let said = 1;
          socket.on('echo', () => { if (said++ < COUNT) socket.emit('echo', 'hello'); else stay().then(() => socket.disconnect()); });
          socket.on('connect', () => socket.emit('echo', 'hello'));
        }""",
}


@dataclass(frozen=True)
class Kind:
    name: str
    script: str
    sessions: int
    sent: str  # the metrics that count messages
    received: str


KINDS = [
    Kind("gRPC, unary calls", "unary", 2000, "answers", "answers"),
    Kind("gRPC, streams", "streams", 500, "grpc_streams_msgs_sent", "grpc_streams_msgs_received"),
    Kind("WebSockets", "websockets", 5000, "ws_msgs_received", "ws_msgs_received"),  # what is sent has goodbyes among it
    Kind("Socket.IO, WebSockets", "socketio", 2000, "socketio_msgs_sent", "socketio_msgs_received"),
]


class Server:
    """The peer of a kind, alone on a core."""

    def __init__(self, kind, bench):
        self.grpc = kind.script in ("unary", "streams")
        command = [TEST_SERVER, "--port", "0", "--grpc-port", "0"] if self.grpc else ["node", Path(__file__).parent / "sessions_server.cjs"]
        self.process = subprocess.Popen(bench.pinned("0", command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.grpc:
            self.process.stdout.readline()
        line = self.process.stdout.readline().strip()
        self.address = line if self.grpc else f"127.0.0.1:{line}"

    def stop(self):
        """How many messages it has got, and the most sessions at once, if it knows."""
        if self.grpc:
            self.process.terminate()
            return int(re.search(r"calls, (\d+) messages", self.process.communicate()[0])[1]), None
        counts = json.loads(self.process.communicate()[0])
        return counts["received"], counts["most"]


class Sessions:
    def __init__(self, bench, lockstep, stay):
        self.bench, self.lockstep, self.stay = bench, lockstep, stay
        (bench.folder / "desk.proto").write_text(DESK, "utf-8")

    def run(self, kind, sessions, count):
        """The cost of a run; exits if a message was lost on the way to the summary, or a session was not there with all others."""
        script = self.bench.folder / f"{kind.script}.js"
        script.write_text(HEAD + SCRIPTS[kind.script], "utf-8")
        server = Server(kind, self.bench)
        cost = self.bench.cost([self.lockstep, "run", "--quiet", "--summary-export", "out.json", "-e", f"AT={server.address}",
                                "-e", f"SESSIONS={sessions}", "-e", f"COUNT={count}", "-e", f"STAY={self.stay}", script])
        received, most = server.stop()
        metrics = json.loads((self.bench.folder / "out.json").read_text("utf-8"))["metrics"]
        wanted = sessions * count
        counted = {name: metrics[name]["count"] for name in (kind.sent, kind.received)}
        counted["the server"] = received
        if set(counted.values()) != {wanted}:
            sys.exit(f"{kind.name}: {wanted} messages were to be sent and answered, but they are counted as {counted}")
        if most is not None and most != sessions:
            sys.exit(f"{kind.name}: only {most} of {sessions} sessions were open at once: try a longer --stay")
        return cost

    def measure(self, kind, sessions, few, many):
        small, large, busy = self.run(kind, sessions // 10, few), self.run(kind, sessions, few), self.run(kind, sessions, many)
        messages = sessions * (many - few)
        if busy.cpu <= large.cpu:
            sys.exit(f"{kind.name}: {messages} messages more took no CPU that can be seen beside the start: give more --messages")
        return {"sessions": sessions, "kb_each": (large.peak_kb - small.peak_kb) / (sessions - sessions // 10),
                "peak_mb": large.peak_kb / 1024, "messages": messages,
                "messages_per_cpu_s": messages / (busy.cpu - large.cpu)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="kinds with this in their names")
    parser.add_argument("--sessions", type=int, help="instead of each kind's own number")
    parser.add_argument("--messages", type=int, default=50, help="of each session, in the run with many")
    parser.add_argument("--stay", type=int, default=30, help="seconds from the start until sessions end")
    parser.add_argument("--lockstep", type=lambda path: Path(path).resolve(), default=rig.ROOT / "build/release/bin/lockstep")
    parser.add_argument("--no-pin", dest="pin", action="store_false", help="do not give server and generator a core each")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args()
    if not NPM.is_dir():
        sys.exit(f"{NPM} is not there: run scripts/test integration once, which installs it")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < DESCRIPTORS:
        sys.exit(f"{DESCRIPTORS} descriptors are needed, the limit is {hard}: see ulimit -n")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(DESCRIPTORS, hard), hard))
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = rig.Rig(args.lockstep, folder, args.pin)
        try:
            sessions = Sessions(bench, args.lockstep, args.stay)
            for kind in KINDS:
                if not args.only or args.only in kind.name:
                    figures = sessions.measure(kind, args.sessions or kind.sessions, 1, args.messages)
                    results[kind.name] = figures
                    print(f"{kind.name:24} {figures['sessions']:6} sessions {figures['kb_each']:8.1f} KB each {figures['peak_mb']:8.1f} MB "
                          f"{figures['messages_per_cpu_s']:10.0f} messages and answers per CPU-second, none of {figures['messages']} lost",
                          flush=True)
        finally:
            bench.close()
    if args.json:
        args.json.write_text(json.dumps({"sessions": results}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
