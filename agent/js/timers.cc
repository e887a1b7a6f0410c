#include "agent/js/timers.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
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

constexpr double kMaxDelayMs = 2147483647;  // the longest that browsers take

void Arm(World& world, int32_t id);

void Fire(World& world, int32_t id) {
  const auto found = world.timers().find(id);
  if (found == world.timers().end()) {
    return;
  }
  v8::Isolate* isolate = world.isolate();
  const Context context = world.context();
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
  const Context context = isolate->GetCurrentContext();
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
  const Context context = info.GetIsolate()->GetCurrentContext();
  if (info[0]->IsNumber()) {
    World::Of(context).timers().erase(info[0]->Int32Value(context).FromMaybe(0));
  }
}

// Timers that nobody waits for.
class QuietTimers final : public VuPart {
 public:
  explicit QuietTimers(World& world) : world_(world) {}
  ~QuietTimers() override { Clear(); }

  void EndIteration() override { Clear(); }

  void Start(absl::Duration delay, v8::Local<v8::Function> callback) {
    const uint64_t number = ++last_;
    timers_[number] = {
        .id = loop().After(delay,
                           [this, number] {
                             timers_.at(number).id = TimerId::kNone;
                             world_.site().api().Expect()([this, number] { Fire(number); });
                           }),
        .callback = v8::Global<v8::Function>(world_.isolate(), callback)};
  }

 private:
  struct Quiet {
    TimerId id = TimerId::kNone;  // none: it is due, and waits for the script's turn
    v8::Global<v8::Function> callback;
  };

  EventLoop& loop() { return world_.site().api().loop(); }
  void Clear() {
    for (const auto& [number, timer] : timers_) {
      loop().Cancel(timer.id);
    }
    timers_.clear();
  }
  void Fire(uint64_t number) {
    const auto found = timers_.find(number);
    if (found == timers_.end()) {
      return;  // of an iteration that is over
    }
    const Context context = world_.context();
    const v8::Local<v8::Function> callback = found->second.callback.Get(world_.isolate());
    timers_.erase(found);
    v8::Local<v8::Value> ignored;
    if (!callback->Call(context, v8::Undefined(world_.isolate()), 0, nullptr).ToLocal(&ignored)) {
      return;
    }
  }

  World& world_;
  std::map<uint64_t, Quiet> timers_;
  uint64_t last_ = 0;
};

void StartQuietly(const Info& info) {
  const double delay = std::clamp(info[0].As<v8::Number>()->Value(), 0.0, kMaxDelayMs);
  BoundTo<QuietTimers>(info).Start(absl::Milliseconds(delay), info[1].As<v8::Function>());
}

}  // namespace

v8::Local<v8::Object> MakeQuietTimers(World& world) {
  auto timers = std::make_unique<QuietTimers>(world);
  const v8::Local<v8::Object> functions = v8::Object::New(world.isolate());
  SetFunction(world.context(), functions, "after", &StartQuietly,
              v8::External::New(world.isolate(), timers.get()));
  world.site().api().Keep(std::move(timers));
  return functions;
}

void InstallTimers(Context context, v8::Local<v8::Object> target) {
  SetFunction(context, target, "setTimeout", &Set<false>);
  SetFunction(context, target, "setInterval", &Set<true>);
  SetFunction(context, target, "clearTimeout", &Clear);
  SetFunction(context, target, "clearInterval", &Clear);
}

}  // namespace lockstep::agent
