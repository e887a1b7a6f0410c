#include "agent/net/multi_loop.h"

#include <utility>

#include "agent/net/dns_questions.h"
#include "agent/net/engine.h"
#include "agent/net/pinger.h"
#include "agent/net/pool.h"
#include "agent/net/tcp_stream.h"
#include "agent/net/websocket.h"

namespace lockstep::agent {

MultiLoop::MultiLoop(Network& network) : engine_(std::make_unique<Engine>(network)) {}
MultiLoop::~MultiLoop() = default;

const Clock& MultiLoop::clock() const {
  return engine_->clock();
}
void MultiLoop::Post(Task task) {
  engine_->loop().Post(std::move(task));
}
TimerId MultiLoop::At(MonoTime when, Task task) {
  return engine_->loop().At(when, std::move(task));
}
void MultiLoop::Cancel(TimerId id) {
  engine_->loop().Cancel(id);
}

std::unique_ptr<ConnectionPool> MultiLoop::MakePool(int64_t vu_id_in_instance) {
  return std::make_unique<NetPool>(*engine_, vu_id_in_instance);
}

ExchangeId MultiLoop::Submit(ConnectionPool& pool, HttpRequest& request, Done done) {
  return engine_->Submit(static_cast<NetPool&>(pool), request, std::move(done));
}

void MultiLoop::Cancel(ExchangeId id) {
  engine_->Cancel(id);
}
void MultiLoop::Hold(ExchangeId id, bool held) {
  engine_->Hold(id, held);
}
std::optional<HttpResponse> MultiLoop::Cut(ExchangeId id) {
  return engine_->Cut(id);
}
void MultiLoop::Reuse(HttpResponse& response) {
  engine_->response_memory().TakeBack(response);
}

std::unique_ptr<WebSocket> MultiLoop::OpenWebSocket(ConnectionPool& pool, WebSocketRequest request,
                                                    WebSocketListener& listener) {
  return MakeWebSocket(*engine_, static_cast<NetPool&>(pool), std::move(request), listener);
}

std::unique_ptr<ByteStream> MultiLoop::OpenStream(ConnectionPool& pool, StreamTarget target,
                                                  StreamListener& listener) {
  return MakeTcpStream(*engine_, static_cast<NetPool&>(pool), std::move(target), listener);
}

std::unique_ptr<Ping> MultiLoop::StartPing(PingSpec spec, PingListener& listener) {
  return MakePing(*engine_, dns(), std::move(spec), listener);
}

DnsClient& MultiLoop::dns() {
  if (dns_ == nullptr) {
    dns_ = MakeDnsQuestions(*engine_);
  }
  return *dns_;
}

void MultiLoop::SetReadyStage(absl::AnyInvocable<void()> stage) {
  engine_->SetReadyStage(std::move(stage));
}
void MultiLoop::WakeSoon() {
  engine_->loop().WakeSoon();
}
void MultiLoop::Watch(int fd, uint32_t events, absl::AnyInvocable<void(uint32_t)> handler) {
  engine_->loop().Watch(fd, events, std::move(handler));
}
void MultiLoop::Unwatch(int fd) {
  engine_->loop().Unwatch(fd);
}
void MultiLoop::Run() {
  engine_->loop().Run();
}
void MultiLoop::Turn(bool wait) {
  engine_->loop().Turn(wait);
}
void MultiLoop::Stop() {
  engine_->loop().Stop();
}

}  // namespace lockstep::agent
