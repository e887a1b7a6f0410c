// A small HTTP server whose answers are made on an event loop: the REST API and metrics of the
// coordinator, the metrics and health of an agent.
//
// Owns the threads that speak HTTP. They hand each request to the loop as a value and wait for the
// answer, so that whatever makes the answers needs no locks, and its tests no sockets. Meant for
// tools and scrapers, not for load: one request a connection, a few at once, bodies up to 1 MiB;
// anything larger or too slow is refused or cut off.
#pragma once

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "common/base/event_loop.h"

namespace lockstep {

struct WebRequest {
  std::string method;  // "GET", which stands for HEAD as well
  std::string path;    // decoded, without the query
  std::string body = {};
};

struct WebResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
};

class WebServer {
 public:
  // Called on the loop.
  using Handler = absl::AnyInvocable<WebResponse(const WebRequest&)>;

  // `loop` is borrowed and outlives the server.
  WebServer(EventLoop& loop, Handler handler);
  // As Shutdown.
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  // Serves on "HOST:PORT", ":PORT" (all addresses) or "[IPV6]:PORT"; port 0 takes a free one. Once.
  // InvalidArgument: not an address. Unavailable, with the system's reason: it is not possible to
  // listen on it.
  absl::Status Start(const std::string& address);
  // Of Start.
  int port() const;
  // Answers what waits with 503, cuts the connections and ends the threads. Loop's thread, or after
  // the loop's end.
  void Shutdown();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lockstep
