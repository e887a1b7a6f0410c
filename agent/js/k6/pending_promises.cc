#include "agent/js/k6/pending_promises.h"

#include <utility>

#include "agent/js/bind/functions.h"
#include "agent/js/bind/promises.h"

namespace lockstep::agent {

PendingPromises::Settle::Reference::~Reference() {
  if (const std::shared_ptr<Waiting> still = waiting.lock()) {
    still->erase(number);
  }
}

void PendingPromises::Settle::operator()(How how) const {
  const std::shared_ptr<Waiting> waiting = one_->waiting.lock();
  if (waiting == nullptr) {
    return;
  }
  if (auto known = waiting->extract(one_->number)) {
    known.mapped().announce(
        [isolate = one_->isolate, kept = std::move(known.mapped().resolver),
         how = std::move(how)]() mutable { how(isolate->GetCurrentContext(), kept.Get(isolate)); });
  }
}

bool PendingPromises::Settle::is_awaited() const {
  const std::shared_ptr<Waiting> waiting = one_->waiting.lock();
  return waiting != nullptr && waiting->contains(one_->number);
}

std::optional<PendingPromises::Settle> PendingPromises::Begin(Context context,
                                                              v8::Local<v8::Promise>* promise) {
  Resolver resolver;
  if (!v8::Promise::Resolver::New(context).ToLocal(&resolver)) {
    return std::nullopt;
  }
  *promise = resolver->GetPromise();
  v8::Isolate* isolate = context->GetIsolate();
  waiting_->emplace(++last_, One{{isolate, resolver}, vu_.Expect()});
  return Settle(isolate, waiting_, last_);
}

std::optional<PendingPromises::Settle> PendingPromises::Begin(const Info& info) {
  v8::Local<v8::Promise> promise;
  std::optional<Settle> settle = Begin(ContextOf(info), &promise);
  if (settle) {
    info.GetReturnValue().Set(promise);
  }
  return settle;
}

PendingPromises::How RejectWith(absl::Status why) {
  return [why = std::move(why)](Context context, PendingPromises::Resolver promise) {
    promise->Reject(context, MakeError(context->GetIsolate(), why)).FromMaybe(false);
  };
}

}  // namespace lockstep::agent
