#include "agent/net/resolver.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "absl/strings/str_cat.h"

#include "common/base/system_lookup.h"

namespace lockstep::agent {
namespace {

constexpr size_t kMaxThreads = 4;

absl::StatusOr<std::vector<IpAddress>> AddressesOf(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  Addresses found;
  const int error = SystemLookup(host, "0", hints, found);
  if (error != 0) {
    const bool unknown = error == EAI_NONAME || error == EAI_NODATA;
    const std::string why =
        absl::StrCat("lookup ", host, ": ", unknown ? "no such host" : gai_strerror(error));
    return unknown ? absl::NotFoundError(why) : absl::UnavailableError(why);
  }
  std::vector<IpAddress> addresses;
  for (const addrinfo* entry = found.get(); entry != nullptr; entry = entry->ai_next) {
    IpAddress ip;
    if (entry->ai_family == AF_INET) {
      ip.bytes[10] = ip.bytes[11] = 0xff;
      std::memcpy(ip.bytes.data() + 12,
                  &reinterpret_cast<const sockaddr_in*>(entry->ai_addr)->sin_addr, 4);
    } else if (entry->ai_family == AF_INET6) {
      std::memcpy(ip.bytes.data(),
                  &reinterpret_cast<const sockaddr_in6*>(entry->ai_addr)->sin6_addr, 16);
    } else {
      continue;
    }
    if (std::find(addresses.begin(), addresses.end(), ip) == addresses.end()) {
      addresses.push_back(ip);
    }
  }
  return addresses;
}

// "10.1", "0x7f.1", "2130706433": addresses to the system, but not to Go, to which they are names
// that nobody has. Most are an address that lacks a number, and would be another machine's.
bool IsShortAddress(const std::string& host) {
  in_addr address{};
  return inet_aton(host.c_str(), &address) != 0 && !ParseIp(host).ok();
}

absl::Status NoSuchHost(absl::string_view host) {
  return absl::NotFoundError(absl::StrCat("lookup ", host, ": no such host"));
}

}  // namespace

std::vector<IpAddress> ApplyPolicy(std::vector<IpAddress> addresses, DnsOptions::Policy policy) {
  if (policy == DnsOptions::Policy::kAny) {
    return addresses;
  }
  const bool want_v4 =
      policy == DnsOptions::Policy::kPreferIPv4 || policy == DnsOptions::Policy::kOnlyIPv4;
  const bool only =
      policy == DnsOptions::Policy::kOnlyIPv4 || policy == DnsOptions::Policy::kOnlyIPv6;
  const auto unwanted = [want_v4](const IpAddress& ip) { return ip.is_v4() != want_v4; };
  if (only || !std::all_of(addresses.begin(), addresses.end(), unwanted)) {
    addresses.erase(std::remove_if(addresses.begin(), addresses.end(), unwanted), addresses.end());
  }
  return addresses;
}

Resolver::Resolver(DnsOptions options)
    : Resolver(options, AddressesOf, static_cast<uint64_t>(SystemClock().Mono().nanos())) {}

Resolver::Resolver(DnsOptions options, Lookup lookup, uint64_t seed)
    : options_(options), lookup_(std::move(lookup)), random_(seed) {}

Resolver::~Resolver() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(mutex_);
    ending_ = true;
    waiting_.clear();
    threads.swap(threads_);
  }
  work_or_end_.NotifyAll();
  for (std::thread& thread : threads) {
    thread.join();
  }
}

std::optional<IpAddress> Resolver::Cached(const std::string& host, MonoTime now) {
  MutexLock lock(mutex_);
  const auto found = cache_.find(host);
  if (found == cache_.end() || found->second.valid_until <= now) {
    return std::nullopt;
  }
  return Select(found->second);
}

void Resolver::Resolve(const std::string& host, EventLoop& loop, Done done) {
  MutexLock lock(mutex_);
  std::vector<Waiter>& waiters = waiting_[host];
  waiters.push_back({&loop, std::move(done)});
  if (waiters.size() > 1) {
    return;
  }
  queue_.push_back(host);
  if (idle_threads_ < queue_.size() && threads_.size() < kMaxThreads) {
    threads_.emplace_back([this] { Work(); });
  }
  work_or_end_.NotifyOne();
}

void Resolver::Forget(const EventLoop& loop) {
  MutexLock lock(mutex_);
  for (auto& [host, waiters] : waiting_) {
    waiters.erase(std::remove_if(waiters.begin(), waiters.end(),
                                 [&loop](const Waiter& w) { return w.loop == &loop; }),
                  waiters.end());
  }
}

void Resolver::Work() {
  for (;;) {
    std::string host;
    {
      MutexLock lock(mutex_);
      ++idle_threads_;
      while (queue_.empty() && !ending_) {
        work_or_end_.Wait(mutex_);
      }
      --idle_threads_;
      if (ending_) {
        return;
      }
      host = std::move(queue_.front());
      queue_.pop_front();
    }
    absl::StatusOr<std::vector<IpAddress>> found =
        IsShortAddress(host) ? absl::StatusOr<std::vector<IpAddress>>(NoSuchHost(host))
                             : lookup_(host);
    Finish(host, std::move(found));
  }
}

IpAddress Resolver::Select(Entry& entry) {
  switch (options_.select) {
    case DnsOptions::Select::kFirst:
      return entry.addresses.front();
    case DnsOptions::Select::kRandom:
      return entry.addresses[random_.Below(entry.addresses.size())];
    case DnsOptions::Select::kRoundRobin:
      return entry.addresses[entry.next++ % entry.addresses.size()];
  }
  return entry.addresses.front();
}

size_t Resolver::kept() {
  MutexLock lock(mutex_);
  return cache_.size();
}

Resolver::Entry& Resolver::Keep(const std::string& host) {
  const MonoTime now = SystemClock().Mono();
  if (cache_.size() >= sweep_at_) {
    absl::erase_if(cache_, [now](const auto& entry) { return entry.second.valid_until <= now; });
    if (cache_.size() >= kMostKept) {
      cache_.erase(cache_.begin());
    }
    sweep_at_ = std::min(std::max(2 * cache_.size(), kFewKept), kMostKept);
  }
  Entry& entry = cache_[host];
  entry.valid_until = now + options_.ttl;
  return entry;
}

void Resolver::Finish(const std::string& host, absl::StatusOr<std::vector<IpAddress>> found) {
  if (found.ok()) {
    *found = ApplyPolicy(std::move(*found), options_.policy);
    if (found->empty()) {
      found = NoSuchHost(host);
    }
  }
  MutexLock lock(mutex_);
  Entry fresh;
  Entry* entry = &fresh;
  if (found.ok()) {
    if (options_.ttl > absl::ZeroDuration()) {
      entry = &Keep(host);
    }
    entry->addresses = std::move(*found);
  }
  // Posting under the lock: after Forget has returned, its loop is not touched any more.
  for (Waiter& waiter : waiting_[host]) {
    absl::StatusOr<IpAddress> answer =
        found.ok() ? absl::StatusOr<IpAddress>(Select(*entry)) : found.status();
    waiter.loop->Post(
        [done = std::move(waiter.done), answer = std::move(answer)]() mutable { done(answer); });
  }
  waiting_.erase(host);
}

}  // namespace lockstep::agent
