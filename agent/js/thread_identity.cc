#include "agent/js/thread_identity.h"

#include <atomic>

namespace {

// V8 calls the two functions below at any time, also during the start of threads of its own, so
// this state can only be global: constant-initialised, and thread-local but for the counter.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): see above
std::atomic<int> next_identity{1};
thread_local int assumed_identity = 0;
thread_local int own_identity = 0;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

}  // namespace

namespace v8::internal {

// The layout and the names are V8's, not ours to choose.
class __attribute__((visibility("default"))) ThreadId {
 public:
  static int GetCurrentThreadId();
  static ThreadId TryGetCurrent();

 private:
  explicit ThreadId(int id) : id_(id) {}
  [[maybe_unused]] int id_;
};

int ThreadId::GetCurrentThreadId() {
  if (assumed_identity != 0) {
    return assumed_identity;
  }
  if (own_identity == 0) {
    own_identity = next_identity.fetch_add(1);
  }
  return own_identity;
}

ThreadId ThreadId::TryGetCurrent() {
  const int id = assumed_identity != 0 ? assumed_identity : own_identity;
  constexpr int kInvalid = -1;
  return ThreadId(id != 0 ? id : kInvalid);
}

}  // namespace v8::internal

namespace lockstep::agent {

ThreadIdentity NewThreadIdentity() {
  return ThreadIdentity{next_identity.fetch_add(1)};
}

void AssumeThreadIdentity(ThreadIdentity identity) {
  assumed_identity = static_cast<int>(identity);
}

}  // namespace lockstep::agent
