#include "coordinator/rpc/uncalled_peers.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::Duration kCallWithin = absl::Seconds(10);  // of connecting
// Of whom a refusal may have been; with more, naming them tells nobody anything.
constexpr size_t kMostSuspects = 4;

}  // namespace

void UncalledPeers::Add(const std::string& address) {
  Forget(address);  // it may have ended, and its port is another's
  timers_[address] = loop_.After(kCallWithin, [this, address] {
    timers_.erase(address);
    silent_(address);
  });
}

void UncalledPeers::Forget(const std::string& address) {
  if (const auto found = timers_.find(address); found != timers_.end()) {
    loop_.Cancel(found->second);
    timers_.erase(found);
  }
}

void UncalledPeers::Clear() {
  for (const auto& [address, timer] : timers_) {
    loop_.Cancel(timer);
  }
  timers_.clear();
}

std::string UncalledPeers::TakeSuspect() {
  if (timers_.size() == 1) {
    const std::string address = timers_.begin()->first;
    Forget(address);
    return absl::StrCat("a peer, it seems ", address);
  }
  if (timers_.empty() || timers_.size() > kMostSuspects) {
    return "a peer";
  }
  return absl::StrCat("a peer, one of ",
                      absl::StrJoin(timers_, ", ", [](std::string* out, const auto& entry) {
                        out->append(entry.first);
                      }));
}

}  // namespace lockstep::coordinator
