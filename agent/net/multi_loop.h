// A worker's loop: timers, posted tasks and descriptors of an EpollLoop, and on the same epoll
// HTTP, WebSockets and bare streams. Most exchanges go over connections of our own, the others and
// all WebSockets through one libcurl multi handle. A turn goes by stages, so that answers are
// stamped before anybody works on them:
//
//   1. take the events and due timers: our connections read, curl is told of its sockets, and
//      completions are collected and stamped
//   2. posted tasks, then the `Done` callbacks and WebSocket events of what completed (these make
//      VUs ready)
//   3. the ready stage: its owner resumes all VUs that became ready; what they Submit is only
//      queued
//   4. everything queued is sent or handed to curl, which then does what is due
//
// One thread runs the loop and makes all calls, except Post and Stop, which any thread may make.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/functional/any_invocable.h"

#include "agent/http/byte_stream.h"
#include "agent/http/client.h"
#include "agent/http/dns_client.h"
#include "agent/http/ping.h"
#include "agent/http/websocket.h"
#include "agent/net/network.h"
#include "common/base/event_loop.h"

namespace lockstep::agent {

class Engine;

class MultiLoop final : public EventLoop,
                        public HttpClient,
                        public StreamClient,
                        public PingClient {
 public:
  // `network` outlives the loop.
  explicit MultiLoop(Network& network);
  // Abandons running exchanges; pools and WebSockets of this loop must be gone.
  ~MultiLoop() override;
  MultiLoop(const MultiLoop&) = delete;
  MultiLoop& operator=(const MultiLoop&) = delete;

  // EventLoop
  const Clock& clock() const override;
  void Post(Task task) override;
  TimerId At(MonoTime when, Task task) override;
  void Cancel(TimerId id) override;

  // HttpClient
  std::unique_ptr<ConnectionPool> MakePool(int64_t vu_id_in_instance) override;
  ExchangeId Submit(ConnectionPool& pool, HttpRequest& request, Done done) override;
  void Cancel(ExchangeId id) override;
  void Hold(ExchangeId id, bool held) override;
  std::optional<HttpResponse> Cut(ExchangeId id) override;
  void Reuse(HttpResponse& response) override;

  // Opens a WebSocket with the options and local address of `pool`, which outlives it, as does
  // `listener`. Its events come in stage 2 of later turns and stop when the WebSocket is destroyed,
  // which a listener may do at any time.
  std::unique_ptr<WebSocket> OpenWebSocket(ConnectionPool& pool, WebSocketRequest request,
                                           WebSocketListener& listener) override;
  // StreamClient
  std::unique_ptr<ByteStream> OpenStream(ConnectionPool& pool, StreamTarget target,
                                         StreamListener& listener) override;

  // PingClient
  std::unique_ptr<Ping> StartPing(PingSpec spec, PingListener& listener) override;

  // Questions to name servers over this loop.
  DnsClient& dns();

  // Called once in each turn, as stage 3. Set before Run.
  void SetReadyStage(absl::AnyInvocable<void()> stage);

  // Makes the next turn start without waiting, for a ready stage that left work behind. Loop
  // thread.
  void WakeSoon();

  // As EpollLoop's: level-triggered, the loop does not own `fd`.
  void Watch(int fd, uint32_t events, absl::AnyInvocable<void(uint32_t)> handler);
  void Unwatch(int fd);

  // Runs turns until Stop. May be called again afterwards.
  void Run();
  // Runs one turn; waits for something to happen if `wait`.
  void Turn(bool wait);
  // Makes Run return after the present turn. Any thread.
  void Stop();

 private:
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<DnsClient> dns_;  // null: nobody has asked
};

}  // namespace lockstep::agent
