"""WebSockets against a server that compresses (permessage-deflate), declines to, or agrees to what nobody offered, and
one that closes first."""
import base64
import hashlib
import http.server
import re
import socketserver
import threading
import unittest
import zlib

from tests.integration.support import LockstepTest

TEXT = "the quick brown fox " * 200


class EchoServer(socketserver.ThreadingTCPServer):
    """Echoes text, compressed if `answer` says so; keeps what the handshake offered and how frames came. Says goodbye
    to whoever asks for /goodbye, and waits for the answer."""
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, answer):
        self.answer, self.offers, self.sizes, self.first_bytes, self.sent = answer, [], [], [], []
        super().__init__(("127.0.0.1", 0), EchoHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class EchoHandler(socketserver.StreamRequestHandler):
    def handle(self):
        fields = {}
        target = self.rfile.readline().split()[1]
        while (line := self.rfile.readline().strip()):
            name, _, value = line.decode().partition(": ")
            fields[name.lower()] = value
        self.server.offers.append(fields.get("sec-websocket-extensions", ""))
        accept = base64.b64encode(hashlib.sha1(
            (fields["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        agreed = f"Sec-WebSocket-Extensions: {self.server.answer}\r\n" if self.server.answer else ""
        self.wfile.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          f"Sec-WebSocket-Accept: {accept}\r\n{agreed}\r\n").encode())
        if target == b"/goodbye":
            self.frame(0x88, b"\x0f\xa1bye")  # 4001
        deflate = zlib.compressobj(wbits=-15)
        while (head := self.rfile.read(2)):
            self.server.first_bytes.append(head[0])
            size = head[1] & 127
            if size > 125:
                size = int.from_bytes(self.rfile.read(2 if size == 126 else 8), "big")
            mask, payload = self.rfile.read(4), self.rfile.read(size)
            payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
            self.server.sent.append(payload)
            if head[0] & 15 == 8:
                self.frame(0x88, payload)
                return
            if head[0] & 0x40:
                payload = zlib.decompressobj(wbits=-15).decompress(payload + b"\0\0\xff\xff")
            if self.server.answer.startswith("permessage-deflate"):
                if "server_no_context_takeover" in self.server.answer:
                    deflate = zlib.compressobj(wbits=-15)
                payload = (deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
                self.server.sizes.append(len(payload))
                self.frame(0xC1, payload)
            else:
                self.server.sizes.append(len(payload))
                self.frame(0x81, payload)

    def frame(self, first, payload):
        size = len(payload)
        self.wfile.write(bytes([first, size] if size < 126 else [first, 126, size >> 8, size & 255]) + payload)


class Compression(LockstepTest):
    def talk(self, answer, params="{ compression: 'deflate' }"):
        """Three echoes through k6/ws and three through k6/websockets; the server, and the run's log."""
        server = EchoServer(answer)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        result = self.lockstep("run", "-q", "-e", f"AT=ws://127.0.0.1:{server.server_address[1]}/", self.script(f"""
            import ws from 'k6/ws';
            import {{ WebSocket }} from 'k6/websockets';
            const TEXT = '{TEXT}';
            export default function () {{
              let left = 3;
              const answer = ws.connect(__ENV.AT, {params}, (socket) => {{
                socket.on('open', () => socket.send(TEXT));
                socket.on('message', (text) => {{
                  console.log(`echo ${{text === TEXT}}`);
                  if (--left > 0) socket.send(TEXT); else socket.close();
                }});
                socket.on('error', (e) => console.log(`error ${{e.error()}}`));
              }});
              console.log(`agreed ${{answer.headers['Sec-Websocket-Extensions']}}`);
              let more = 3;
              const socket = new WebSocket(__ENV.AT, null, {params});
              socket.onopen = () => socket.send(TEXT);
              socket.onmessage = (e) => {{
                console.log(`echo ${{e.data === TEXT}}`);
                if (--more > 0) socket.send(TEXT); else socket.close();
              }};
            }}"""))
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        return server, result.stderr

    def test_both_sides_compress(self):
        for answer in ("permessage-deflate; server_no_context_takeover; client_no_context_takeover", "permessage-deflate"):
            with self.subTest(answer):
                server, log = self.talk(answer)
                self.assertEqual(["permessage-deflate; server_no_context_takeover; client_no_context_takeover"] * 2,
                                 server.offers)
                self.assertEqual(6, log.count("echo true"), log)
                self.assertIn(f"agreed {answer}", log)
                self.assertLess(max(server.sizes), len(TEXT) / 10)
                self.assertCountEqual(([0xC1] * 3 + [0x88]) * 2, server.first_bytes)  # two threads have noted them
                self.assertLess(max(map(len, server.sent)), len(TEXT) / 10)

    def test_a_server_may_decline(self):
        server, log = self.talk("")
        self.assertEqual(6, log.count("echo true"), log)
        self.assertEqual([len(TEXT)] * 6, server.sizes)
        self.assertCountEqual(([0x81] * 3 + [0x88]) * 2, server.first_bytes)

    def test_nothing_is_offered_unless_asked_for(self):
        server, log = self.talk("", "{}")
        self.assertEqual(["", ""], server.offers)
        self.assertEqual(6, log.count("echo true"), log)

    def test_an_extension_that_was_not_offered_ends_the_connection(self):
        for answer, params in (("permessage-deflate", "{}"), ("x-other", "{ compression: 'deflate' }")):
            with self.subTest(answer):
                _, log = self.talk(answer, params)
                self.assertNotIn("echo", log)
                self.assertIn("offered", log)

    def test_other_algorithms_are_refused_by_name(self):
        result = self.lockstep("run", "-q", self.script("""
            import ws from 'k6/ws';
            export default function () { ws.connect('ws://127.0.0.1:1/', { compression: 'gzip' }, () => {}); }"""))
        self.assertIn("unsupported compression algorithm 'gzip', supported algorithm is 'deflate'", result.stderr)


class Closing(LockstepTest):
    def test_a_goodbye_is_answered_with_the_same_code_before_the_script_hears_of_it(self):
        server = EchoServer("")
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        result = self.lockstep("run", "-q", "-e", f"AT=ws://127.0.0.1:{server.server_address[1]}/goodbye", self.script("""
            import ws from 'k6/ws';
            export default function () {
              ws.connect(__ENV.AT, {}, (socket) => socket.on('close', (code) => console.log(`closed ${code}`)));
            }"""))
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        self.assertIn("closed 4001", result.stderr)
        self.assertEqual([0x88], server.first_bytes)
        self.assertEqual([b"\x0f\xa1bye"], server.sent)


class FloodHandler(socketserver.StreamRequestHandler):
    """Sends COUNT messages as fast as they are taken, then a goodbye; `server.sent` is how many have left."""
    COUNT, SIZE = 1000, 60_000

    def handle(self):
        key = ""
        while (line := self.rfile.readline().strip()):
            if line.lower().startswith(b"sec-websocket-key:"):
                key = line.decode().partition(": ")[2]
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        self.wfile.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode())
        frame = bytes([0x81, 126, self.SIZE >> 8, self.SIZE & 255]) + b"x" * self.SIZE
        for _ in range(self.COUNT):
            self.wfile.write(frame)
            self.server.sent += 1
        self.wfile.write(b"\x88\x02\x03\xe8")
        self.rfile.read()


class Flood(LockstepTest):
    def test_a_server_waits_for_a_script_that_is_busy_and_nothing_is_lost(self):
        """While the first message is worked on, the server asks itself how much it could send."""
        for module in ("ws", "websockets"):
            with self.subTest(module):
                server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), FloodHandler)
                server.daemon_threads, server.sent = True, 0
                threading.Thread(target=server.serve_forever, daemon=True).start()
                self.addCleanup(server.server_close)
                self.addCleanup(server.shutdown)
                counts = self.serve_counts(server)
                result = self.lockstep("run", "-q", "-e", f"AT=ws://127.0.0.1:{server.server_address[1]}/",
                                       "-e", f"COUNT=http://127.0.0.1:{counts}/", self.script("""
                    import { sleep } from 'k6';
                    import http from 'k6/http';
                    import ws from 'k6/ws';
                    import { WebSocket } from 'k6/websockets';
                    let got = 0, sent = 0;
                    function take(text) {
                      if (got++ === 0) { sleep(1); sent = http.get(__ENV.COUNT).json(); }
                    }
                    const tell = () => console.log(`${got} messages, after a second ${sent}`);
                    export default function () {
                      if (MODULE === 'ws') {
                        ws.connect(__ENV.AT, {}, (socket) => { socket.on('message', take); socket.on('close', tell); });
                      } else {
                        const socket = new WebSocket(__ENV.AT);
                        socket.onmessage = (event) => take(event.data);
                        socket.onclose = tell;
                      }
                    }""".replace("MODULE", f"'{module}'")))
                found = re.search(r"(\d+) messages, after a second (\d+)", result.stderr)
                self.assertTrue(found, result.stderr)
                self.assertEqual(FloodHandler.COUNT, int(found[1]))
                # A mebibyte here, and what the kernel keeps of both ends.
                self.assertLess(int(found[2]) * FloodHandler.SIZE, 20e6)

    def serve_counts(self, flood):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = str(flood.sent).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_address[1]


if __name__ == "__main__":
    unittest.main()
