// A small HTTP server whose answers are made on an event loop: the REST API and metrics of the
// coordinator, the metrics and health of an agent.
//
// Owns the threads that speak HTTP. They hand each request to the loop as a value and wait for the
// answer, so that whatever makes the answers needs no locks, and its tests no sockets. Meant for
// tools, scrapers and a few people's pages, not for load: one request a connection, a few at once,
// bodies up to 1 MiB; anything larger or too slow is refused or cut off, and while connections wait
// for others, those on which nothing has come for half a second are ended. An answer may go on for
// as long as there is something to tell (web_stream.h).
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "common/base/event_loop.h"
#include "common/web/web_stream.h"

namespace lockstep {

struct WebRequest {
  std::string method;  // "GET", which stands for HEAD as well
  std::string path;    // decoded, without the query
  std::string body = {};
  std::string host = {};           // of the header Host; empty: it has none
  std::string authorization = {};  // of the header Authorization
};

struct WebResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};  // further ones
  // Instead of a body: what is pushed, until it ends. If there are too many already, the answer is
  // 503, and the stream is told that nobody listens.
  std::shared_ptr<WebStream> stream = {};
};

class WebServer {
 public:
  // Called on the loop.
  using Handler = absl::AnyInvocable<WebResponse(const WebRequest&)>;

  // `loop` is borrowed and outlives the server. `most_streams`: answers that may go on at once;
  // each has a thread.
  WebServer(EventLoop& loop, Handler handler, size_t most_streams = 0);
  // As Shutdown.
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  // Answers are given out when `gate` calls what it is given, on the loop and before Shutdown.
  // Before Start.
  using Gate = absl::AnyInvocable<void(absl::AnyInvocable<void()> give_out)>;
  void AnswerWhen(Gate gate);

  // Serves on "HOST:PORT", ":PORT" (all addresses) or "[IPV6]:PORT"; port 0 takes a free one. Once.
  // InvalidArgument: not an address. Unavailable, with the system's reason: it is not possible to
  // listen on it.
  absl::Status Start(const std::string& address);
  // InvalidArgument as above; looks at nothing but the text.
  static absl::Status CheckAddress(const std::string& address);
  // Of Start.
  int port() const;
  // Answers what waits with 503, ends streams once they have told what was pushed (or after a
  // second), cuts the connections and ends the threads. Loop's thread, or after the loop's end.
  void Shutdown();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lockstep
