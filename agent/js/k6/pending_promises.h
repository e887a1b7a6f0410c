// Promises of a module that something on the loop settles. Each keeps the iteration from ending until it is settled or forgotten.
#pragma once

#include <cstdint>
#include <memory>

#include <v8.h>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

class PendingPromises {
 public:
  using Resolver = v8::Local<v8::Promise::Resolver>;
  // Settles a promise, as an event of the script's own.
  using How = absl::AnyInvocable<void(Context, Resolver)>;
  // Called on the loop in any turn, at most once. Does nothing where the promise was forgotten meanwhile.
  using Settle = absl::AnyInvocable<void(How how)>;

  // `vu` outlives the promises.
  explicit PendingPromises(ApiVu& vu) : vu_(vu), waiting_(std::make_shared<Waiting>()) {}
  PendingPromises(const PendingPromises&) = delete;
  PendingPromises& operator=(const PendingPromises&) = delete;

  // Returns a promise to the function's caller, and what settles it; null: an exception is pending.
  Settle Begin(const Info& info);
  // Forgets all: the iteration is over.
  void Clear() { waiting_->clear(); }

 private:
  struct One {
    v8::Global<v8::Promise::Resolver> resolver;
    absl::AnyInvocable<void(ApiVu::Task)> announce;
  };
  using Waiting = absl::flat_hash_map<uint64_t, One>;

  ApiVu& vu_;
  uint64_t last_ = 0;
  std::shared_ptr<Waiting> waiting_;
};

// Rejects with what ThrowStatus would throw.
PendingPromises::How RejectWith(absl::Status why);

}  // namespace lockstep::agent
