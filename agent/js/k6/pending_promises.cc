#include "agent/js/k6/pending_promises.h"

#include <utility>

#include "agent/js/bind/functions.h"
#include "agent/js/bind/promises.h"

namespace lockstep::agent {

PendingPromises::Settle PendingPromises::Begin(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  Resolver resolver;
  if (!v8::Promise::Resolver::New(ContextOf(info)).ToLocal(&resolver)) {
    return nullptr;
  }
  info.GetReturnValue().Set(resolver->GetPromise());
  const uint64_t number = ++last_;
  waiting_->emplace(number,
                    One{v8::Global<v8::Promise::Resolver>(isolate, resolver), vu_.Expect()});
  return [isolate, number, weak = std::weak_ptr<Waiting>(waiting_)](How how) {
    const std::shared_ptr<Waiting> waiting = weak.lock();
    const auto known = waiting == nullptr ? Waiting::iterator() : waiting->find(number);
    if (waiting == nullptr || known == waiting->end()) {
      return;
    }
    One one = std::move(known->second);
    waiting->erase(known);
    one.announce([isolate, kept = std::move(one.resolver), how = std::move(how)]() mutable {
      how(isolate->GetCurrentContext(), kept.Get(isolate));
    });
  };
}

PendingPromises::How RejectWith(absl::Status why) {
  return [why = std::move(why)](Context context, PendingPromises::Resolver promise) {
    promise->Reject(context, MakeError(context->GetIsolate(), why)).FromMaybe(false);
  };
}

}  // namespace lockstep::agent
