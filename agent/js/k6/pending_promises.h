// Promises that something on the loop settles. Each keeps the iteration from ending until it is
// settled or forgotten.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <v8.h>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

// Those of a VU's iteration, ApiVu::promises(): forgotten with it.
class PendingPromises {
  struct One {
    v8::Global<v8::Promise::Resolver> resolver;
    absl::AnyInvocable<void(ApiVu::Task)> announce;
  };
  using Waiting = absl::flat_hash_map<uint64_t, One>;

 public:
  using Resolver = v8::Local<v8::Promise::Resolver>;
  // Settles a promise, as an event of the script's own.
  using How = absl::AnyInvocable<void(Context, Resolver)>;

  // What settles one of them; may outlive them. A promise that nobody can settle any more is
  // forgotten.
  class Settle {
   public:
    Settle(v8::Isolate* isolate, std::weak_ptr<Waiting> waiting, uint64_t number)
        : one_(std::make_shared<const Reference>(isolate, std::move(waiting), number)) {}
    // Called on the loop in any turn. Does nothing where the promise is settled or forgotten.
    void operator()(How how) const;
    // Whether it is neither: then its iteration and its module are there.
    bool is_awaited() const;

   private:
    struct Reference {
      Reference(v8::Isolate* of, std::weak_ptr<Waiting> among, uint64_t by)
          : isolate(of), waiting(std::move(among)), number(by) {}
      ~Reference();
      Reference(const Reference&) = delete;
      Reference& operator=(const Reference&) = delete;

      v8::Isolate* isolate;
      std::weak_ptr<Waiting> waiting;
      uint64_t number;
    };
    std::shared_ptr<const Reference> one_;
  };

  // `vu` outlives the promises.
  explicit PendingPromises(ApiVu& vu) : vu_(vu), waiting_(std::make_shared<Waiting>()) {}
  PendingPromises(const PendingPromises&) = delete;
  PendingPromises& operator=(const PendingPromises&) = delete;

  // Makes a promise; nothing: an exception is pending.
  std::optional<Settle> Begin(Context context, v8::Local<v8::Promise>* promise);
  // Makes one and returns it to the function's caller.
  std::optional<Settle> Begin(const Info& info);

 private:
  ApiVu& vu_;
  uint64_t last_ = 0;
  const std::shared_ptr<Waiting> waiting_;
};

// Rejects with what ThrowStatus would throw.
PendingPromises::How RejectWith(absl::Status why);

// Resolves with what `make`, called with the context, returns; rejects with what it throws.
template <class Make>
PendingPromises::How ResolveWith(Make make) {
  return [make = std::move(make)](Context context, PendingPromises::Resolver promise) mutable {
    v8::TryCatch caught(context->GetIsolate());
    const v8::MaybeLocal<v8::Value> made = make(context);
    if (v8::Local<v8::Value> value; made.ToLocal(&value)) {
      promise->Resolve(context, value).FromMaybe(false);
    } else if (!caught.HasTerminated()) {
      promise->Reject(context, caught.Exception()).FromMaybe(false);
    }
  };
}

}  // namespace lockstep::agent
