#include "agent/js/k6/script_timers.h"

#include <utility>

#include "agent/js/bind/functions.h"

namespace lockstep::agent {

struct ScriptTimers::Timer {
  Timer(EventLoop& event_loop, v8::Isolate* isolate, v8::Local<v8::Function> function)
      : loop(event_loop), callback(isolate, function) {}
  ~Timer() { loop.Cancel(id); }

  EventLoop& loop;
  v8::Global<v8::Function> callback;
  TimerId id = TimerId::kNone;
  absl::AnyInvocable<void(ApiVu::Task)> announce;
};

ScriptTimers::ScriptTimers(ApiVu& vu) : vu_(vu) {}
ScriptTimers::~ScriptTimers() = default;

void ScriptTimers::Clear() {
  timers_.clear();
}

uint64_t ScriptTimers::Start(v8::Isolate* isolate, absl::Duration delay,
                             v8::Local<v8::Function> callback) {
  const uint64_t number = ++last_;
  auto timer = std::make_unique<Timer>(vu_.loop(), isolate, callback);
  timer->announce = vu_.Expect();
  timer->id = vu_.loop().After(delay, [this, isolate, number] {
    Timer& due = *timers_.find(number)->second;
    due.id = TimerId::kNone;
    std::exchange(due.announce, nullptr)([this, isolate, number] { Fire(isolate, number); });
  });
  timers_[number] = std::move(timer);
  return number;
}

void ScriptTimers::Fire(v8::Isolate* isolate, uint64_t number) {
  const auto waiting = timers_.find(number);
  if (waiting == timers_.end()) {
    return;  // cancelled in the meantime
  }
  const v8::Local<v8::Function> function = waiting->second->callback.Get(isolate);
  timers_.erase(waiting);
  // An exception is the caller's: it is reported like one of the iteration.
  if (function->Call(isolate->GetCurrentContext(), v8::Undefined(isolate), 0, nullptr).IsEmpty()) {
    return;
  }
}

void ScriptTimers::AddFunctions(Context context, v8::Local<v8::Object> native) {
  const v8::Local<v8::Value> data = v8::External::New(context->GetIsolate(), this);
  const v8::FunctionCallback after = [](const Info& info) {
    const double milliseconds = info[0].As<v8::Number>()->Value();
    info.GetReturnValue().Set(static_cast<double>(BoundTo<ScriptTimers>(info).Start(
        info.GetIsolate(), absl::Milliseconds(milliseconds), info[1].As<v8::Function>())));
  };
  const v8::FunctionCallback cancel = [](const Info& info) {
    BoundTo<ScriptTimers>(info).timers_.erase(NumberArgument(info, 0));
  };
  SetFunction(context, native, "after", after, data);
  SetFunction(context, native, "cancel", cancel, data);
}

}  // namespace lockstep::agent
