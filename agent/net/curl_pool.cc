#include "agent/net/curl_pool.h"

#include <algorithm>

#include "agent/net/engine.h"
#include "agent/net/exchange.h"
#include "agent/net/rules.h"
#include "common/base/check.h"

namespace lockstep::agent {
namespace {

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

CurlPool::CurlPool(Engine& engine, int64_t vu_id_in_instance)
    : engine_(engine), local_ip_(LocalIpOf(engine.network(), vu_id_in_instance)) {}

CurlPool::~CurlPool() {
  engine_.AbandonAll(*this);
  idle_.clear();
  if (share_ != nullptr) {
    retired_.push_back(share_);
  }
  FreeRetired();
  LOCKSTEP_DCHECK(retired_.empty());
}

void CurlPool::Clear() {
  if (share_ == nullptr) {
    return;
  }
  retired_.push_back(share_);
  share_ = MakeShare();
  for (const std::unique_ptr<Exchange>& exchange : idle_) {
    exchange->UseShare(share_);
  }
  FreeRetired();
}

void CurlPool::FreeRetired() {
  const auto freed = [](CURLSH* share) { return curl_share_cleanup(share) == CURLSHE_OK; };
  retired_.erase(std::remove_if(retired_.begin(), retired_.end(), freed), retired_.end());
}

std::unique_ptr<Exchange> CurlPool::Take() {
  if (share_ == nullptr) {
    share_ = MakeShare();
  }
  if (idle_.empty()) {
    auto exchange = std::make_unique<Exchange>(engine_, *this);
    exchange->UseShare(share_);
    return exchange;
  }
  std::unique_ptr<Exchange> exchange = std::move(idle_.back());
  idle_.pop_back();
  return exchange;
}

void CurlPool::Give(std::unique_ptr<Exchange> exchange) {
  if (!retired_.empty()) {
    exchange->UseShare(share_);
    FreeRetired();
  }
  idle_.push_back(std::move(exchange));
}

}  // namespace lockstep::agent
