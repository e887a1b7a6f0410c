"""A small HTTP server that takes what the outputs push, fails as it is told to, and decodes what it got: snappy's block
format and protobuf's wire format are each a few lines."""
import http.server
import struct
import threading


def unsnappy(data):
    length, at = varint(data, 0)
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        kind, size = tag & 3, tag >> 2
        if kind == 0:  # literal
            if size >= 60:
                extra = size - 59
                size = int.from_bytes(data[at:at + extra], "little")
                at += extra
            out += data[at:at + size + 1]
            at += size + 1
            continue
        if kind == 1:
            size, distance = 4 + (size & 7), (tag >> 5) << 8 | data[at]
            at += 1
        else:
            wide = 2 if kind == 2 else 4
            size, distance = size + 1, int.from_bytes(data[at:at + wide], "little")
            at += wide
        for _ in range(size):
            out.append(out[-distance])
    assert len(out) == length
    return bytes(out)


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
        shift += 7


def fields(data):
    """(number, value) of each field of a protobuf message; lengths as bytes, fixed ones as raw bytes."""
    at, found = 0, []
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(key & 7)
            if size is None:
                size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        found.append((key >> 3, value))
    return found


def remote_write_samples(body):
    """[({label: value}, value, milliseconds)] of a remote-write request."""
    samples = []
    for number, series in fields(unsnappy(body)):
        if number != 1:
            continue
        labels = {}
        for kind, value in fields(series):
            if kind == 1:
                name, text = (v.decode() for _, v in fields(value))
                labels[name] = text
        for kind, value in fields(series):
            if kind == 2:
                sample = dict(fields(value))
                samples.append((labels, struct.unpack("<d", sample.get(1, bytes(8)))[0], sample[2]))
    return samples


class Sink:
    """`fail_first`: that many requests get 500. `silent`: none gets an answer."""

    def __init__(self, fail_first=0, silent=False):
        self.requests = []  # (path, body), those that were taken
        self.refused = 0
        over = self.over = threading.Event()
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if silent:
                    sink.refused += 1
                    over.wait()
                    return
                if sink.refused < fail_first:
                    sink.refused += 1
                    self.send_response(500)
                else:
                    sink.requests.append((self.path, body))
                    self.send_response(204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self):
        self.over.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
