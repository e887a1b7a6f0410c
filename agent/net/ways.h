// A VU's ways to servers that may carry several exchanges over one connection: while the first is
// being opened, others wait to see whether they can share it. Loop thread.
#pragma once

#include <string>
#include <vector>

#include "agent/net/target.h"

namespace lockstep::agent {

class Ways {
 public:
  class Waiter {
   public:
    virtual ~Waiter() = default;
    // What it waited for is over. `failed`: no connection came of it.
    virtual void OnWayOver(bool failed) = 0;
  };
  enum class End {
    kShared,  // a session with room for others
    kSingle,  // the server takes one exchange at a time: nobody waits for it any more
    kFailed,
    kGivenUp,  // by whoever was opening it
  };

  // Whether a way to the target's server is being opened that is worth waiting for.
  bool ShouldAwait(const Target& target) const;
  // Tells `waiter` once when that is over, unless it stops before.
  void Await(const Target& target, Waiter* waiter);
  void StopAwaiting(Waiter* waiter);

  // From whoever opens one, once each.
  void Begin(const Target& target);
  void Finish(const Target& target, End end);

  // Idle ways are kept, to know which servers take one exchange at a time.
  static constexpr size_t kMostIdle = 100;
  size_t size() const { return ways_.size(); }

 private:
  struct Way {
    std::string host;
    int port = 0;
    bool secure = false;
    int opening = 0;
    bool single = false;
    std::vector<Waiter*> waiters = {};
  };
  const Way* Find(const Target& target) const;
  Way& To(const Target& target);
  // What nobody opens and nobody waits for: at once, unless there is something to remember of it.
  void ForgetIdle();

  std::vector<Way> ways_;  // one for each server, the oldest first
};

}  // namespace lockstep::agent
