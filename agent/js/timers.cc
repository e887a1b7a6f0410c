#include "agent/js/timers.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"

namespace lockstep::agent {

World::Timer::Timer(EventLoop& event_loop, v8::Isolate* isolate, v8::Local<v8::Function> function)
    : loop(event_loop), callback(isolate, function) {}

World::Timer::~Timer() {
  loop.Cancel(id);
}

namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

constexpr double kMaxDelayMs = 2147483647;  // the longest that browsers take

void Arm(World& world, int32_t id);

void Fire(World& world, int32_t id) {
  const auto found = world.timers().find(id);
  if (found == world.timers().end()) {
    return;
  }
  v8::Isolate* isolate = world.isolate();
  const v8::Local<v8::Context> context = world.context();
  const v8::Local<v8::Function> callback = found->second->callback.Get(isolate);
  std::vector<v8::Local<v8::Value>> arguments;
  for (const v8::Global<v8::Value>& argument : found->second->arguments) {
    arguments.push_back(argument.Get(isolate));
  }
  if (found->second->repeats) {
    Arm(world, id);
  } else {
    world.timers().erase(found);
  }
  // An exception is the caller's: it is reported like one of the iteration.
  v8::Local<v8::Value> ignored;
  if (!callback
           ->Call(context, context->Global(), static_cast<int>(arguments.size()), arguments.data())
           .ToLocal(&ignored)) {
    return;
  }
}

void Arm(World& world, int32_t id) {
  World::Timer& timer = *world.timers().at(id);
  timer.announce = world.site().api().Expect();
  timer.id = timer.loop.After(timer.interval, [&world, id] {
    World::Timer& due = *world.timers().at(id);
    due.id = TimerId::kNone;
    std::exchange(due.announce, {})([&world, id] { Fire(world, id); });
  });
}

template <bool repeats>
void Set(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  World& world = World::Of(context);
  if (!info[0]->IsFunction()) {
    ThrowTypeError(isolate, repeats ? "setInterval's callback isn't a callable function"
                                    : "setTimeout's callback isn't a callable function");
    return;
  }
  double delay = 0;
  if (info.Length() > 1 && !info[1]->NumberValue(context).To(&delay)) {
    return;
  }
  delay = std::isfinite(delay) ? std::clamp(delay, 0.0, kMaxDelayMs) : 0.0;
  auto timer = std::make_unique<World::Timer>(world.site().api().loop(), isolate,
                                              info[0].As<v8::Function>());
  timer->repeats = repeats;
  // An interval of nothing would never let anybody else run.
  timer->interval =
      std::max(absl::Milliseconds(delay), repeats ? absl::Milliseconds(1) : absl::ZeroDuration());
  for (int i = 2; i < info.Length(); ++i) {
    timer->arguments.emplace_back(isolate, info[i]);
  }
  const int32_t id = world.NextTimerId();
  world.timers().emplace(id, std::move(timer));
  Arm(world, id);
  info.GetReturnValue().Set(id);
}

void Clear(const Info& info) {
  const v8::Local<v8::Context> context = info.GetIsolate()->GetCurrentContext();
  if (info[0]->IsNumber()) {
    World::Of(context).timers().erase(info[0]->Int32Value(context).FromMaybe(0));
  }
}

}  // namespace

void InstallTimers(v8::Local<v8::Context> context, v8::Local<v8::Object> target) {
  SetFunction(context, target, "setTimeout", &Set<false>);
  SetFunction(context, target, "setInterval", &Set<true>);
  SetFunction(context, target, "clearTimeout", &Clear);
  SetFunction(context, target, "clearInterval", &Clear);
}

}  // namespace lockstep::agent
