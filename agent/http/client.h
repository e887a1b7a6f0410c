// Runs HTTP exchanges on a worker's loop (agent/net). A ConnectionPool belongs to one VU: its own
// keep-alive connections, as k6's VUs have their own transports.
//
// Submitting queues; the loop begins everything that a turn has queued at once, and stamps
// completions before any VU resumes, because a VU that ran in between would count its own time as
// the server's. All calls on the loop's thread.
#pragma once

#include <memory>
#include <optional>

#include "absl/functional/any_invocable.h"

#include "agent/http/message.h"
#include "agent/http/websocket.h"

namespace lockstep::agent {

// One VU's connections, kept alive between requests until `Clear` (k6's noVUConnectionReuse) or
// destruction.
class ConnectionPool {
 public:
  virtual ~ConnectionPool() = default;
  // Closes idle connections; running exchanges keep theirs until they end.
  virtual void Clear() = 0;
};

enum class ExchangeId : uint64_t { kNone = 0 };

class HttpClient {
 public:
  // Takes of the response what it wants; it is gone afterwards.
  using Done = absl::AnyInvocable<void(HttpResponse&)>;

  virtual ~HttpClient() = default;
  virtual std::unique_ptr<ConnectionPool> MakePool(int64_t vu_id_in_instance) = 0;
  // Starts an exchange over `pool`, which must outlive it. `request` is not copied: it stays where
  // and as it is until `done` is called or the exchange is cancelled. `done` is called once, on the
  // loop, in a later turn; never from within Submit, and not after Cancel.
  virtual ExchangeId Submit(ConnectionPool& pool, HttpRequest& request, Done done) = 0;
  // Abandons an exchange; its connection is closed. Unknown ids are ignored.
  virtual void Cancel(ExchangeId id) = 0;
  // Of an exchange with a listener: whether the server is to wait, as the listener has got enough
  // for now. What has been read already still comes.
  virtual void Hold(ExchangeId id, bool held) = 0;
  // Abandons an exchange of whose answer the listener has got the head, as if its body ended here.
  // Nothing without a head.
  virtual std::optional<HttpResponse> Cut(ExchangeId id) = 0;
  // Takes what is left of a response that nobody needs any more, whose memory the next one may
  // have.
  virtual void Reuse(HttpResponse& /*response*/) {}
  // Opens a WebSocket over `pool`, which outlives it, as does `listener`; see websocket.h.
  virtual std::unique_ptr<WebSocket> OpenWebSocket(ConnectionPool& pool, WebSocketRequest request,
                                                   WebSocketListener& listener) = 0;
};

}  // namespace lockstep::agent
