"""lockstep/sse and responseType: 'stream' against a server of another make: Python's own."""
import http.server
import json
import threading
import unittest

from tests.integration.support import LockstepTest


class EventServer(http.server.ThreadingHTTPServer):
    """Answers /model as language models do (a POST, chunks, [DONE]), /feed with three events to a connection, and counts
    what it has sent."""
    daemon_threads = True

    def __init__(self):
        self.lock, self.sent, self.connections, self.ids = threading.Lock(), 0, 0, []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def start(self):
        with self.server.lock:
            self.server.connections += 1
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def event(self, text):
        with self.server.lock:
            self.server.sent += 1
        # Cut in the middle, where a byte of the text may be, too.
        data = text.encode()
        self.chunk(data[:len(data) // 2])
        self.chunk(data[len(data) // 2:])

    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers.get("Authorization") != "Bearer key":
            body = b'{"error":"who are you?"}'
            self.send_response(401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.start()
        for word in question["text"].split():
            self.event(f"data: {json.dumps({'word': word}, ensure_ascii=False)}\n\n")
        self.event("data: [DONE]\r\n\r\n")
        self.chunk(b"")

    def do_GET(self):
        last = self.headers.get("Last-Event-ID")
        with self.server.lock:
            self.server.ids.append(last)
        self.start()
        first = int(last or 0) + 1
        self.event(f"retry: 10\nid: {first}\ndata: {first}\n\n")
        for number in range(first + 1, first + 3):
            self.event(f"id: {number}\ndata: {number}\n\n")
        if first == 4:
            self.connection.close()  # in the middle of a chunked body
            self.close_connection = True
            return
        self.chunk(b"")


class Sse(LockstepTest):
    def serve_events(self):
        server = EventServer()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server, f"http://127.0.0.1:{server.server_address[1]}"

    def run_script(self, url, text, *args):
        result = self.lockstep("run", "-q", "--summary-export", "out.json", "-e", f"AT={url}", *args, self.script(text))
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        return result, json.loads((self.folder / "out.json").read_text("utf-8"))["metrics"]

    def test_nothing_is_lost_between_server_and_summary(self):
        server, url = self.serve_events()
        result, metrics = self.run_script(url, """
            import { EventSource } from 'lockstep/sse';
            import { check } from 'k6';
            export const options = { scenarios: { s: { executor: 'shared-iterations', vus: 20, iterations: 100 } } };
            const text = 'größer als 7 Äpfel und 𝄞';
            export default async function () {
              const words = [];
              const source = new EventSource(`${__ENV.AT}/model`, {
                method: 'POST', headers: { Authorization: 'Bearer key' }, body: JSON.stringify({ text }),
              });
              for await (const event of source) if (event.data !== '[DONE]') words.push(JSON.parse(event.data).word);
              check(words, { whole: (all) => all.join(' ') === text });
            }""", "--agents", "2")
        self.assertEqual(100, metrics["checks"]["passes"], result.stderr)
        self.assertEqual(100, server.connections)
        self.assertEqual(100, metrics["sse_sessions"]["count"])
        self.assertEqual(server.sent, metrics["sse_events"]["count"])
        self.assertGreater(metrics["sse_time_to_first_event"]["max"], 0)
        self.assertIn("sse_time_between_events", metrics)
        self.assertIn("sse_session_duration", metrics)

    def test_a_feed_is_resumed_where_it_broke(self):
        server, url = self.serve_events()
        result, _ = self.run_script(url, """
            import { EventSource } from 'lockstep/sse';
            export default function () {
              const seen = [];
              const source = new EventSource(`${__ENV.AT}/feed`);
              source.onmessage = (event) => { if (seen.push(event.data) === 9) source.close(); };
              source.onclose = () => console.log(`seen ${seen}`);
            }""")
        self.assertIn("seen 1,2,3,4,5,6,7,8,9", result.stderr)
        self.assertEqual([None, "3", "6"], server.ids)

    def test_a_refusal_says_why(self):
        _, url = self.serve_events()
        result, metrics = self.run_script(url, """
            import { EventSource } from 'lockstep/sse';
            export default function () {
              const source = new EventSource(`${__ENV.AT}/model`, { method: 'POST', body: '{"text":""}' });
              source.onerror = (event) => console.log(`refused ${event.status} ${JSON.parse(event.body).error}`);
            }""")
        self.assertIn("refused 401 who are you?", result.stderr)
        self.assertIn("the server answered 401 Unauthorized instead of 200", result.stderr)
        self.assertEqual(1, metrics["sse_sessions"]["count"])

    def test_an_open_source_does_not_hold_up_the_end_of_a_test(self):
        server = self.serve()
        _, metrics = self.run_script(server.url, """
            import { EventSource } from 'lockstep/sse';
            import http from 'k6/http';
            export const options = {
              scenarios: { s: { executor: 'constant-vus', vus: 3, duration: '1s', gracefulStop: '0s' } },
            };
            export default async function () {
              const answer = http.get(`${__ENV.AT}/slow-body/600000`, { responseType: 'stream' });
              new EventSource(`${__ENV.AT}/events/1000000/100`);
              for await (const piece of answer.body) continue;
            }""")
        self.assertNotIn("iterations", metrics)
        self.assertLessEqual(metrics.get("http_reqs", {"count": 0})["count"], 3)  # fewer on a slow machine


if __name__ == "__main__":
    unittest.main()
