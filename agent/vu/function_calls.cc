#include "agent/vu/function_calls.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"

#include "agent/vu/script_vu.h"

namespace lockstep::agent {
namespace {

// A VU that runs one function and ends.
constexpr ScriptVu::Ids kNobody = {};

}  // namespace

void FunctionCalls::OnBegun(uint64_t call, absl::Duration time, Worker& worker, VuKey key) {
  const auto found = pending_.find(call);
  if (found == pending_.end()) {
    return;
  }
  // Here and not on the worker, which may be stuck in the script.
  found->second.timer = conductor_.After(time, [this, call, &worker, key] {
    pending_.at(call).timer = TimerId::kNone;
    pending_.at(call).timed_out = true;
    worker.Interrupt(key, ScriptVu::kInitEpoch);
  });
  found->second.interrupt = [&worker, key] { worker.Interrupt(key, ScriptVu::kInitEpoch); };
  if (found->second.interrupted) {
    found->second.interrupt();
  }
}

template <class T>
uint64_t FunctionCalls::Call(Worker& worker, std::optional<Limit> limit,
                             absl::AnyInvocable<ScriptResult<T>(ScriptVu&)> function,
                             absl::AnyInvocable<void(ScriptResult<T>)> done) {
  const uint64_t id = next_++;
  pending_[id] = {};
  auto finish = [this, id, limit, done = std::move(done)](ScriptResult<T> result) mutable {
    const auto found = pending_.find(id);
    if (found == pending_.end()) {
      return;  // forgotten meanwhile
    }
    conductor_.Cancel(found->second.timer);
    if (found->second.timed_out) {
      result.value.reset();
      result.failure = {
          .exit_code = limit->exit_code,
          .message = absl::StrFormat("%s() execution timed out after %.0f seconds", limit->function,
                                     absl::ToDoubleSeconds(limit->time))};
    }
    pending_.erase(found);
    done(std::move(result));
  };
  const VuKey key = worker.NewKey();
  auto inside = [this, id, limit, &worker, key, function = std::move(function),
                 finish = std::move(finish)](ScriptVu& vu) mutable {
    ScriptResult<T> result;
    if (std::optional<ScriptFailure> failure = vu.Init(); failure.has_value()) {
      result.failure = *std::move(failure);
    } else {
      if (limit.has_value()) {
        conductor_.Post(
            [this, id, time = limit->time, &worker, key] { OnBegun(id, time, worker, key); });
      }
      result = function(vu);
    }
    conductor_.Post([finish = std::move(finish), result = std::move(result)]() mutable {
      finish(std::move(result));
    });
    worker.Post([&worker, key] { worker.Remove(key); });
    return ScriptVu::JobState::kDone;
  };
  worker.Post([&worker, key, inside = std::move(inside)]() mutable {
    worker.Adopt(key, std::make_unique<ScriptVu>(worker, key, kNobody));
    worker.Find(key)->Enqueue(ScriptVu::kInitEpoch, std::move(inside));
  });
  return id;
}

template uint64_t FunctionCalls::Call(Worker&, std::optional<Limit>,
                                      absl::AnyInvocable<ScriptResult<Inspection>(ScriptVu&)>,
                                      absl::AnyInvocable<void(ScriptResult<Inspection>)>);
template uint64_t FunctionCalls::Call(Worker&, std::optional<Limit>,
                                      absl::AnyInvocable<ScriptResult<std::string>(ScriptVu&)>,
                                      absl::AnyInvocable<void(ScriptResult<std::string>)>);
template uint64_t FunctionCalls::Call(Worker&, std::optional<Limit>,
                                      absl::AnyInvocable<ScriptResult<bool>(ScriptVu&)>,
                                      absl::AnyInvocable<void(ScriptResult<bool>)>);
template uint64_t FunctionCalls::Call(Worker&, std::optional<Limit>,
                                      absl::AnyInvocable<ScriptResult<SummaryOutputs>(ScriptVu&)>,
                                      absl::AnyInvocable<void(ScriptResult<SummaryOutputs>)>);

void FunctionCalls::Interrupt(uint64_t call) {
  const auto found = pending_.find(call);
  if (found == pending_.end() || std::exchange(found->second.interrupted, true)) {
    return;
  }
  if (found->second.interrupt) {
    found->second.interrupt();
  }
}

void FunctionCalls::ForgetAll() {
  for (const auto& [id, pending] : pending_) {
    conductor_.Cancel(pending.timer);
  }
  pending_.clear();
}

}  // namespace lockstep::agent
