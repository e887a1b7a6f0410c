#include "agent/net/pool.h"

#include <algorithm>
#include <utility>

#include "agent/net/engine.h"
#include "agent/net/exchange.h"
#include "agent/net/rules.h"
#include "common/base/check.h"

namespace lockstep::agent {
namespace {

// Beyond, the one that was used longest ago is closed, as curl's are.
constexpr size_t kMaxIdleOfVu = 100;

CURLSH* MakeShare() {
  CURLSH* const share = curl_share_init();
  LOCKSTEP_CHECK(share != nullptr);
  LOCKSTEP_CHECK(curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT) == CURLSHE_OK);
  return share;
}

std::string LocalIpOf(const Network& network, int64_t vu_id_in_instance) {
  const IpPool& pool = network.rules().local_ips;
  return pool.empty() ? ""
                      : pool.At(static_cast<uint64_t>(std::max<int64_t>(vu_id_in_instance - 1, 0)))
                            .ToString();
}

}  // namespace

NetPool::NetPool(Engine& engine, int64_t vu_id_in_instance)
    : engine_(engine), local_ip_(LocalIpOf(engine.network(), vu_id_in_instance)) {}

NetPool::~NetPool() {
  engine_.AbandonAll(*this);
  idle_.clear();
  sessions_.clear();
  if (share_ != nullptr) {
    retired_.push_back(share_);
  }
  FreeRetired();
  LOCKSTEP_DCHECK(retired_.empty());
}

void NetPool::Clear() {
  ++generation_;
  connections_.clear();
  for (size_t i = sessions_.size(); i > 0; --i) {  // those that are over with it leave the list
    sessions_[i - 1]->Retire();
  }
  if (share_ == nullptr) {
    return;
  }
  retired_.push_back(share_);
  share_ = MakeShare();
  for (const std::unique_ptr<Exchange>& exchange : idle_) {
    exchange->ForgetConnections();
  }
  FreeRetired();
}

void NetPool::FreeRetired() {
  const auto freed = [](CURLSH* share) { return curl_share_cleanup(share) == CURLSHE_OK; };
  retired_.erase(std::remove_if(retired_.begin(), retired_.end(), freed), retired_.end());
}

CURLSH* NetPool::share() {
  if (share_ == nullptr) {
    share_ = MakeShare();
  }
  return share_;
}

std::unique_ptr<Exchange> NetPool::Take() {
  if (idle_.empty()) {
    return std::make_unique<Exchange>(engine_, *this);
  }
  std::unique_ptr<Exchange> exchange = std::move(idle_.back());
  idle_.pop_back();
  return exchange;
}

void NetPool::Give(std::unique_ptr<Exchange> exchange) {
  if (!retired_.empty()) {
    exchange->ForgetConnections();
    FreeRetired();
  }
  idle_.push_back(std::move(exchange));
}

std::unique_ptr<Connection> NetPool::TakeConnection(const Target& target) {
  for (auto it = connections_.rbegin(); it != connections_.rend(); ++it) {
    if ((*it)->peer().StandsFor(target.host, target.port, target.secure())) {
      std::unique_ptr<Connection> connection = std::move(*it);
      connections_.erase(std::next(it).base());
      return connection;
    }
  }
  return nullptr;
}

void NetPool::KeepConnection(std::unique_ptr<Connection> connection, int64_t generation) {
  if (generation != generation_) {
    return;
  }
  if (connections_.size() >= kMaxIdleOfVu) {
    connections_.erase(connections_.begin());
  }
  connection->set_user(this);
  connections_.push_back(std::move(connection));
}

void NetPool::OnEvents(Connection& connection, uint32_t /*events*/) {
  if (connection.StillQuiet()) {
    return;
  }
  const auto found = std::find_if(
      connections_.begin(), connections_.end(),
      [&](const std::unique_ptr<Connection>& each) { return each.get() == &connection; });
  LOCKSTEP_DCHECK(found != connections_.end());
  connections_.erase(found);
}

Http2Session* NetPool::SessionWith(const Target& target) {
  for (const std::unique_ptr<Http2Session>& session : sessions_) {
    if (session->has_room() &&
        session->connection().peer().StandsFor(target.host, target.port, target.secure())) {
      return session.get();
    }
  }
  return nullptr;
}

Http2Session& NetPool::AddSession(std::unique_ptr<Connection> connection) {
  sessions_.push_back(std::make_unique<Http2Session>(engine_, std::move(connection),
                                                     static_cast<Http2Session::Owner&>(*this)));
  return *sessions_.back();
}

void NetPool::OnSessionOver(Http2Session& session) {
  sessions_.erase(std::find_if(
      sessions_.begin(), sessions_.end(),
      [&session](const std::unique_ptr<Http2Session>& each) { return each.get() == &session; }));
}

}  // namespace lockstep::agent
