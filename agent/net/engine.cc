#include "agent/net/engine.h"

#include <algorithm>
#include <utility>

#include "agent/net/exchange.h"
#include "agent/net/http2_session.h"
#include "agent/net/net_error.h"
#include "agent/net/pool.h"
#include "agent/net/rate_limiter.h"
#include "agent/net/resolver.h"
#include "agent/net/target.h"
#include "common/base/prefetch.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

constexpr size_t kReceiveBufferBytes = 64 << 10;
// Of the memory from a request on, which is a part of its call: what the call uses when it hears
// the answer.
constexpr size_t kCallBytes = 2048;

}  // namespace

Engine::Engine(Network& network)
    : network_(network), driver_(loop_), receive_buffer_(kReceiveBufferBytes) {
  loop_.SetTurnHook([this] { EndTurn(); });
}

Engine::~Engine() {
  network_.resolver().Forget(loop_);
  for (auto& [id, exchange] : running_) {
    exchange->Abandon();
  }
}

ExchangeId Engine::Submit(NetPool& pool, const HttpRequest& request, HttpClient::Done done) {
  const ExchangeId id{++last_id_};
  std::unique_ptr<Exchange> exchange = pool.Take();
  exchange->Begin(id, request, std::move(done), clock().Mono());
  running_.emplace(id, std::move(exchange));
  queued_.push_back(id);
  loop_.WakeSoon();
  return id;
}

void Engine::Cancel(ExchangeId id) {
  const auto found = running_.find(id);
  if (found == running_.end()) {
    return;
  }
  std::unique_ptr<Exchange> exchange = std::move(found->second);
  running_.erase(found);
  exchange->Abandon();
  NetPool& pool = exchange->pool();
  pool.Give(std::move(exchange));
}

void Engine::Hold(ExchangeId id, bool held) {
  if (Exchange* const exchange = Find(id)) {
    exchange->Hold(held);
  }
}

std::optional<HttpResponse> Engine::Cut(ExchangeId id) {
  Exchange* const exchange = Find(id);
  if (exchange == nullptr || !exchange->head_told()) {
    return std::nullopt;
  }
  HttpResponse response = exchange->Cut();
  Cancel(id);
  return response;
}

void Engine::AbandonAll(const NetPool& pool) {
  std::vector<ExchangeId> ids;
  for (const auto& [id, exchange] : running_) {
    if (&exchange->pool() == &pool) {
      ids.push_back(id);
    }
  }
  for (const ExchangeId id : ids) {
    Cancel(id);
  }
}

void Engine::OnExchangeOver(Exchange& exchange) {
  over_.push_back(exchange.id());
  loop_.WakeSoon();
}

void Engine::AddEvents(EventSource* source) {
  if (std::find(sources_.begin(), sources_.end(), source) == sources_.end()) {
    sources_.push_back(source);
    loop_.WakeSoon();
  }
}

void Engine::RemoveEvents(EventSource* source) {
  std::replace(sources_.begin(), sources_.end(), source, static_cast<EventSource*>(nullptr));
}

absl::StatusOr<SSL_CTX*> Engine::TlsContextFor(const TlsAuth* certificate) {
  TlsContext& context = tls_contexts_[certificate];
  if (context == nullptr) {
    LOCKSTEP_ASSIGN_OR_RETURN(context, MakeHttpTlsContext(network_, certificate));
  }
  return context.get();
}

void Engine::AddFlush(Http2Session* session) {
  unflushed_.push_back(session);
  loop_.WakeSoon();
}

void Engine::RemoveFlush(Http2Session* session) {
  std::replace(unflushed_.begin(), unflushed_.end(), session, static_cast<Http2Session*>(nullptr));
}

// A flush may lead to another, of this session or of a new one.
void Engine::FlushSessions() {
  for (size_t i = 0; i < unflushed_.size(); ++i) {
    if (Http2Session* const session = std::exchange(unflushed_[i], nullptr)) {
      session->Flush();
    }
  }
  unflushed_.clear();
}

void Engine::EndTurn() {
  driver_.Collect();
  FlushSessions();
  DeliverExchanges();
  DeliverEvents();
  if (ready_stage_) {
    ready_stage_();
  }
  SubmitQueued();
  FlushSessions();
  driver_.Advance();
}

void Engine::DeliverExchanges() {
  delivering_.swap(over_);  // what ends meanwhile is for the next turn
  for (size_t i = 0; i < delivering_.size(); ++i) {
    if (const Exchange* const next = Upcoming(delivering_, i + 1)) {
      Prefetch(&next->request(), kCallBytes);
    }
    DeliverExchange(delivering_[i]);
  }
  delivering_.clear();
}

void Engine::DeliverExchange(ExchangeId id) {
  auto found = running_.find(id);
  if (found != running_.end() && found->second->streams()) {
    found->second->DeliverEvents();  // before its end is told
    found = running_.find(id);
  }
  if (found == running_.end()) {
    return;  // cancelled meanwhile
  }
  std::unique_ptr<Exchange> exchange = std::move(found->second);
  running_.erase(found);
  if (exchange->streams()) {
    // All of them are told, and its request may go with what is done now.
    RemoveEvents(exchange.get());
  }
  HttpResponse response = exchange->TakeResponse();
  HttpClient::Done done = exchange->TakeDone();
  NetPool& pool = exchange->pool();
  pool.Give(std::move(exchange));
  done(response);
  response_memory_.TakeBack(response);
}

void Engine::DeliverEvents() {
  // By index: sources may be removed (set to null) or added while others deliver.
  const size_t count = sources_.size();
  for (size_t i = 0; i < count; ++i) {
    if (EventSource* const source = std::exchange(sources_[i], nullptr)) {
      source->DeliverEvents();
    }
  }
  sources_.erase(std::remove(sources_.begin(), sources_.end(), nullptr), sources_.end());
}

void Engine::SubmitQueued() {
  RateLimiter& limiter = network_.rate_limiter();
  submitting_.swap(queued_);  // what is queued meanwhile is for the next turn
  for (size_t i = 0; i < submitting_.size(); ++i) {
    if (const Exchange* const later = Upcoming(submitting_, i + 2)) {
      Prefetch(*later);
    }
    if (const Exchange* const next = Upcoming(submitting_, i + 1)) {
      next->PrefetchParts();
    }
    const ExchangeId id = submitting_[i];
    Exchange* const exchange = Find(id);
    if (exchange == nullptr) {
      continue;
    }
    if (limiter.unlimited() || exchange->request().follow_up) {
      Launch(*exchange);
      continue;
    }
    const MonoTime now = clock().Mono();
    const MonoTime turn = limiter.Reserve(now);
    const auto launch = [this, id] {
      if (Exchange* const waiting = Find(id)) {
        waiting->Launch(clock().Mono());
        Launch(*waiting);
      }
    };
    if (turn > now) {
      loop_.At(turn, launch);
    } else {
      launch();
    }
  }
  submitting_.clear();
}

Exchange* Engine::Find(ExchangeId id) {
  const auto found = running_.find(id);
  return found == running_.end() ? nullptr : found->second.get();
}

const Exchange* Engine::Upcoming(const std::vector<ExchangeId>& ids, size_t index) {
  return index < ids.size() ? Find(ids[index]) : nullptr;
}

void Engine::Launch(Exchange& exchange) {
  const Target& target = exchange.target(network_);
  const MonoTime now = clock().Mono();
  if (target.refused.code != 0) {
    exchange.Fail(target.refused, now);
  } else if (target.needs_lookup()) {
    LookUp(exchange);
  } else {
    exchange.Start(target.ip, now);
  }
}

void Engine::LookUp(Exchange& exchange) {
  const std::string& host = exchange.target(network_).host;
  const MonoTime now = clock().Mono();
  if (const std::optional<IpAddress> ip = network_.resolver().Cached(host, now)) {
    HttpError refused = CheckAddress(network_, *ip);
    if (refused.code != 0) {
      exchange.Fail(std::move(refused), now);
    } else {
      exchange.Start(ip, now);
    }
    return;
  }
  const ExchangeId id = exchange.id();
  if (!exchange.deadline().infinite()) {
    lookup_timeouts_[id] = loop_.At(exchange.deadline(), [this, id] {
      lookup_timeouts_.erase(id);
      if (Exchange* const waiting = Find(id)) {
        waiting->Fail({error_code::kRequestTimeout, "request timeout"}, clock().Mono());
      }
    });
  }
  network_.resolver().Resolve(host, loop_,
                              [this, id, now](const absl::StatusOr<IpAddress>& answer) {
                                if (Exchange* const waiting = Find(id)) {
                                  waiting->NoteLookup(clock().Mono() - now);
                                }
                                OnAddress(id, answer);
                              });
}

void Engine::OnAddress(ExchangeId id, const absl::StatusOr<IpAddress>& answer) {
  const auto timeout = lookup_timeouts_.find(id);
  if (timeout != lookup_timeouts_.end()) {
    loop_.Cancel(timeout->second);
    lookup_timeouts_.erase(timeout);
  }
  Exchange* const exchange = Find(id);
  if (exchange == nullptr || exchange->over()) {
    return;
  }
  const MonoTime now = clock().Mono();
  HttpError refused =
      answer.ok() ? CheckAddress(network_, *answer) : ErrorFromLookup(answer.status());
  if (refused.code != 0) {
    exchange->Fail(std::move(refused), now);
  } else {
    exchange->Start(*answer, now);
  }
}

}  // namespace lockstep::agent
