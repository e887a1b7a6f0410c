// Host names to addresses, off the loops' threads: getaddrinfo in a small pool of threads, one
// lookup per name at a time however many ask, answers kept as k6's `dns` option says (ttl, select,
// policy). Thread-safe.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

#include "agent/net/ip.h"
#include "common/base/event_loop.h"
#include "common/base/random.h"
#include "common/base/sync.h"
#include "common/options/options.h"

namespace lockstep::agent {

class Resolver {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<IpAddress>)>;
  // All addresses of a name, in the system's order. Called on the resolver's threads, possibly at
  // once.
  using Lookup =
      absl::AnyInvocable<absl::StatusOr<std::vector<IpAddress>>(const std::string&) const>;

  // With the system's resolver.
  explicit Resolver(DnsOptions options);
  Resolver(DnsOptions options, Lookup lookup, uint64_t seed);
  // Waits for lookups that are under way; their callers are not told.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // An address from the cache, or nothing if the name must be looked up (again).
  std::optional<IpAddress> Cached(const std::string& host, MonoTime now);
  // How many names it knows; a script may ask for any number of them.
  static constexpr size_t kMostKept = 10'000;
  size_t kept();
  // Looks `host` up; `done` runs on `loop`. NotFound: no such host, or none of the wanted family.
  // Failures are not kept. "localhost" and what is below it are this machine wherever nobody else
  // knows them.
  void Resolve(const std::string& host, EventLoop& loop, Done done);
  // Forgets all callers of `loop`, which is about to end.
  void Forget(const EventLoop& loop);

 private:
  static constexpr size_t kFewKept = 100;  // not worth looking through
  struct Entry {
    std::vector<IpAddress> addresses;
    MonoTime valid_until;
    size_t next = 0;  // for roundRobin
  };
  struct Waiter {
    EventLoop* loop;
    Done done;
  };

  void Work();
  // In the cache, from which it drops what is no longer valid.
  Entry& Keep(const std::string& host) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  IpAddress Select(Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Finish(const std::string& host, absl::StatusOr<std::vector<IpAddress>> found);

  const DnsOptions options_;
  const Lookup lookup_;

  Mutex mutex_;
  CondVar work_or_end_;
  Random random_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, Entry> cache_ ABSL_GUARDED_BY(mutex_);
  size_t sweep_at_ ABSL_GUARDED_BY(mutex_) = kFewKept;  // entries
  absl::flat_hash_map<std::string, std::vector<Waiter>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> queue_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
  size_t idle_threads_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
};

// Keeps the addresses that `policy` allows, the preferred family only if there are any of it.
std::vector<IpAddress> ApplyPolicy(std::vector<IpAddress> addresses, DnsOptions::Policy policy);

}  // namespace lockstep::agent
