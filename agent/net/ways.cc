#include "agent/net/ways.h"

#include <algorithm>
#include <utility>

namespace lockstep::agent {

const Ways::Way* Ways::Find(const Target& target) const {
  const auto found = std::find_if(ways_.begin(), ways_.end(), [&target](const Way& way) {
    return way.port == target.port && way.secure == target.secure() && way.host == target.host;
  });
  return found == ways_.end() ? nullptr : &*found;
}

Ways::Way& Ways::To(const Target& target) {
  if (const Way* const found = Find(target)) {
    return ways_[static_cast<size_t>(found - ways_.data())];
  }
  ways_.push_back({.host = target.host, .port = target.port, .secure = target.secure()});
  return ways_.back();
}

bool Ways::ShouldAwait(const Target& target) const {
  const Way* const way = Find(target);
  return way != nullptr && way->opening > 0 && !way->single;
}

void Ways::Await(const Target& target, Waiter* waiter) {
  To(target).waiters.push_back(waiter);
}

void Ways::StopAwaiting(Waiter* waiter) {
  for (Way& way : ways_) {
    way.waiters.erase(std::remove(way.waiters.begin(), way.waiters.end(), waiter),
                      way.waiters.end());
  }
}

void Ways::ForgetIdle() {
  const auto idle = [](const Way& way) { return way.opening == 0 && way.waiters.empty(); };
  std::erase_if(ways_, [&idle](const Way& way) { return idle(way) && !way.single; });
  if (ways_.size() > kMostIdle) {
    if (const auto oldest = std::find_if(ways_.begin(), ways_.end(), idle); oldest != ways_.end()) {
      ways_.erase(oldest);
    }
  }
}

void Ways::Begin(const Target& target) {
  ++To(target).opening;
}

void Ways::Finish(const Target& target, End end) {
  Way& way = To(target);
  --way.opening;
  if (end == End::kShared || end == End::kSingle) {
    way.single = end == End::kSingle;
  }
  // They may wait again, or stop others.
  std::vector<Waiter*> left = std::exchange(way.waiters, {});
  ForgetIdle();
  for (Waiter* const waiter : left) {
    waiter->OnWayOver(end == End::kFailed);
  }
}

}  // namespace lockstep::agent
