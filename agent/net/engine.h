// What is behind MultiLoop: the epoll loop, the curl driver, and the exchanges between them. See
// multi_loop.h for the stages of a turn. All calls on the loop's thread.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"

#include "agent/http/client.h"
#include "agent/net/curl_driver.h"
#include "agent/net/network.h"
#include "agent/net/response_memory.h"
#include "agent/net/tls_context.h"
#include "common/base/epoll_loop.h"

namespace lockstep::agent {

class NetPool;
class Exchange;
class Http2Session;
struct IpAddress;

// Something that has events to deliver in stage 2.
class EventSource {
 public:
  virtual ~EventSource() = default;
  // May destroy the source, or any other.
  virtual void DeliverEvents() = 0;
};

class Engine {
 public:
  explicit Engine(Network& network);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  EpollLoop& loop() { return loop_; }
  CurlDriver& driver() { return driver_; }
  Network& network() { return network_; }
  const Clock& clock() const { return loop_.clock(); }
  void SetReadyStage(absl::AnyInvocable<void()> stage) { ready_stage_ = std::move(stage); }

  ExchangeId Submit(NetPool& pool, const HttpRequest& request, HttpClient::Done done);
  void Cancel(ExchangeId id);
  void Hold(ExchangeId id, bool held);
  std::optional<HttpResponse> Cut(ExchangeId id);
  void AbandonAll(const NetPool& pool);

  ResponseMemory& response_memory() { return response_memory_; }
  // For one read at a time.
  absl::Span<char> receive_buffer() { return absl::MakeSpan(receive_buffer_); }

  // How connections with TLS are made that show `certificate` (null: none), made with the first of
  // them. Owned by the engine. FailedPrecondition: the authorities cannot be read; InvalidArgument:
  // the certificate cannot.
  absl::StatusOr<SSL_CTX*> TlsContextFor(const TlsAuth* certificate);

  // Sends what `session` has to send once the events of this turn are taken, or once all that was
  // queued is submitted; unless it is removed before. Not one that is to be flushed already.
  void AddFlush(Http2Session* session);
  void RemoveFlush(Http2Session* session);

  // From exchanges: `exchange` has its response.
  void OnExchangeOver(Exchange& exchange);

  // Calls `source` once in the next stage 2, unless it is removed before.
  void AddEvents(EventSource* source);
  void RemoveEvents(EventSource* source);

 private:
  void EndTurn();
  void DeliverExchanges();
  void DeliverExchange(ExchangeId id);
  void DeliverEvents();
  void SubmitQueued();
  void FlushSessions();
  Exchange* Find(ExchangeId id);
  // One that has its turn soon, for which its memory may be asked; null: there is none.
  const Exchange* Upcoming(const std::vector<ExchangeId>& ids, size_t index);
  void Launch(Exchange& exchange);
  void LookUp(Exchange& exchange);
  void OnAddress(ExchangeId id, const absl::StatusOr<IpAddress>& answer);

  Network& network_;
  EpollLoop loop_;
  CurlDriver driver_;
  absl::AnyInvocable<void()> ready_stage_;
  std::vector<char> receive_buffer_;
  ResponseMemory response_memory_;

  uint64_t last_id_ = 0;
  absl::flat_hash_map<ExchangeId, std::unique_ptr<Exchange>> running_;
  std::vector<ExchangeId> queued_;
  std::vector<ExchangeId> submitting_;  // of queued_, in the present turn
  std::vector<ExchangeId> over_;
  std::vector<ExchangeId> delivering_;  // of over_, in the present turn
  absl::flat_hash_map<ExchangeId, TimerId> lookup_timeouts_;
  std::vector<EventSource*> sources_;
  absl::flat_hash_map<const TlsAuth*, TlsContext> tls_contexts_;
  std::vector<Http2Session*> unflushed_;
};

}  // namespace lockstep::agent
