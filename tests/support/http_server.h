// A loopback HTTP/1.1 server for tests, benchmarks and the README's quick start: one thread, epoll,
// optional TLS, any number of kept-alive connections, pipelining. It counts every request that it
// reads.
//
//   /                    "hello\n"
//   /status/N            status N
//   /echo                the request's body, with its Content-Type
//   /request             the request as text: request line, header lines, empty line, body
//   /delay/MS            answers after MS milliseconds
//   /slow-body/MS        header and half of the body at once, the rest after MS milliseconds
//   /redirect/N          302 to /redirect/N-1, ... to /; with ?code=C another status
//   /redirect-to?URL     302 to the URL, as it stands in the query
//   /chunked             a body of three chunks, with a trailer
//   /gzip                a gzip body; /bad-gzip: one that is not what it says
//   /bytes/N             N bytes of "x"
//   /cookies             the Cookie header as body; /cookies/set?a=b: Set-Cookie for each parameter
//   /header?Name=value   answers with these headers
//   /close /reset        ends the connection without an answer, by FIN or RST
//   /drop-kept           as /close, but for the first request of a connection, which gets "fine"
//   /events/N/MS        an event stream: "hello" with method and body, then N "tick"s, one each MS
//                        milliseconds, and the end; after Last-Event-ID: I those behind I, or 204;
//                        with ?each=K at most K ticks on a connection
//   /truncated           promises 100 bytes, sends 5, ends
//   /cut-101             begins to switch protocols, and ends within the header
//   /garbage             answers with something that is not HTTP
//   /ws                  a WebSocket that echoes; /ws/close/CODE closes at once; /ws/ping pings
//                        first; /ws/drop cuts the connection; anything but an upgrade gets 400
//                        "upgrade wanted"
//   /__count             the number of requests so far, this one not included
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::testing {

struct HttpServerOptions {
  int port = 0;                                      // 0: any free one
  std::string certificate_file = {}, key_file = {};  // PEM; both empty: plain HTTP
  bool want_client_certificate = false;              // any certificate, but there must be one
};

class HttpServer {
 public:
  // Listens on 127.0.0.1 and serves on a thread of its own until destroyed.
  // Unavailable: the port is taken; InvalidArgument: the certificate cannot be read.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const { return port_; }
  // "http://127.0.0.1:PORT" or https, followed by `path`.
  std::string Url(absl::string_view path) const;
  // Requests read and connections accepted so far. Any thread.
  int64_t requests() const { return requests_.load(std::memory_order_relaxed); }
  int64_t connections() const { return connections_.load(std::memory_order_relaxed); }

 private:
  class Serving;
  HttpServer();

  int port_ = 0;
  bool secure_ = false;
  int stop_fd_ = -1;
  std::atomic<int64_t> requests_{0};
  std::atomic<int64_t> connections_{0};
  std::unique_ptr<Serving> serving_;
  std::thread thread_;
};

}  // namespace lockstep::testing
