#include "agent/vu/script_vu.h"

#include "absl/strings/str_cat.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/text.h"
#include "agent/js/fault.h"
#include "agent/js/stack_trace.h"
#include "common/base/prefetch.h"

namespace lockstep::agent {
namespace {

// Where it begins in the file that it was read from; "" if it is the engine's.
std::string PlaceOf(v8::Isolate* isolate, v8::Local<v8::Function> function) {
  const v8::Local<v8::Value> url = function->GetScriptOrigin().ResourceName();
  return !url->IsString() ? ""
                          : absl::StrCat(TextOf(isolate, url.As<v8::String>()), ":",
                                         function->GetScriptLineNumber() + 1, ":",
                                         function->GetScriptColumnNumber() + 1);
}

// Of a stack on which a request waits, as much as is used before the script goes on.
constexpr size_t kUsedStackBytes = size_t{3} << 10;

}  // namespace

ScriptVu::ScriptVu(Worker& worker, VuKey key, Ids ids)
    : worker_(worker),
      run_(worker.run()),
      key_(key),
      ids_(ids),
      samples_({.clock = worker.loop().clock(),
                .sink = worker.sink(),
                .options = run_.config.options,
                .system_tags = run_.system_tags,
                .vu_in_test = ids.in_test}),
      events_(worker, key),
      faults_(worker, ids.in_test),
      asks_(worker, key),
      script_isolate_(worker.IsolateForNewVu()),
      connections_(worker.loop().MakePool(ids.in_instance)) {}

ScriptVu::~ScriptVu() = default;

void ScriptVu::Enqueue(uint64_t epoch, Job job) {
  jobs_.push_back({.epoch = epoch, .job = std::move(job)});
  worker_.MakeReady(key_);
}

bool ScriptVu::TakeFibre() {
  if (fibre_ == nullptr && (!jobs_.empty() || quitting())) {
    fibre_ = script_isolate_.fibres().Lend([this] { Work(); });
  }
  return fibre_ != nullptr;
}

void ScriptVu::PrefetchParts() const {
  if (waits_at_ != nullptr) {
    Prefetch(waits_at_, kUsedStackBytes);
    Prefetch(*world_);
  }
}

void ScriptVu::Resume() {
  fibre_->Resume();
  if (fibre_->idle()) {
    script_isolate_.fibres().Return(std::move(fibre_));
  }
}

void ScriptVu::Work() {
  const v8::Locker locker(isolate());
  const v8::Isolate::Scope in_isolate(isolate());
  const v8::HandleScope handles(isolate());
  DoJobs();
  if (quitting() && (jobs_.empty() || !jobs_.front().begun)) {
    End();
  }
}

void ScriptVu::DoJobs() {
  // One that has begun comes to its end, also when the VU is to quit.
  while (!jobs_.empty() && (!quitting() || jobs_.front().begun)) {
    const v8::HandleScope handles(isolate());
    if (world_ == nullptr) {
      world_ = std::make_unique<World>(script_isolate_, *this);
    }
    const v8::Context::Scope in_context(world_->context());
    QueuedJob& next = jobs_.front();  // stays there while others are added
    epoch_ = next.epoch;
    next.begun = true;
    if (next.job(*this) == JobState::kAgain) {
      worker_.MakeReady(key_);
      return;
    }
    jobs_.pop_front();
  }
}

void ScriptVu::End() {
  if (world_ != nullptr) {
    ForgetTermination();
    DropEvents();
    ReleaseParts();
    function_.Reset();
    setup_value_.Reset();
    world_.reset();
  }
  done_ = true;
}

void ScriptVu::SwitchOut() {
  parked_ = true;
  isolate()->Exit();
  {
    const v8::Unlocker unlocker(isolate());
    waits_at_ = static_cast<const char*>(__builtin_frame_address(0));
    fibre_->Park();
    waits_at_ = nullptr;
  }
  isolate()->Enter();
}

bool ScriptVu::Park(absl::FunctionRef<void(Task wake)> start) {
  if (!worker_.HasTurn(*this)) {
    ThrowError(
        isolate(),
        "a callback of a FinalizationRegistry cannot wait: it is called between the turns of "
        "the VUs");
    return false;
  }
  if (!interrupted()) {
    start(events_.BeginWait());
    while (!events_.woken() && !interrupted()) {
      SwitchOut();
    }
    events_.EndWait();
  }
  if (interrupted()) {
    Terminate();
    return false;
  }
  return true;
}

void ScriptVu::Terminate() {
  isolate()->TerminateExecution();
  // V8 looks at the request when a function is entered. Without this one, the script would go on to
  // its next call, which may be to the outside.
  const Context context = world_->context();
  v8::Local<v8::Script> nothing;
  v8::Local<v8::Value> ignored;
  if (v8::Script::Compile(context, v8::String::Empty(isolate())).ToLocal(&nothing) &&
      nothing->Run(context).ToLocal(&ignored)) {
    return;
  }
}

bool ScriptVu::RunEvents(v8::Local<v8::Value> awaited, absl::FunctionRef<bool()> until) {
  const auto pending = [&awaited] {
    return !awaited.IsEmpty() && awaited->IsPromise() &&
           awaited.As<v8::Promise>()->State() == v8::Promise::kPending;
  };
  for (;;) {
    const v8::HandleScope handles(isolate());
    world_->RunMicrotasks();
    if (interrupted() || faults_.blocked()) {
      return false;
    }
    if (until()) {
      return true;
    }
    if (Task event; events_.Pop(&event)) {
      v8::TryCatch caught(isolate());
      event();
      if (caught.HasCaught()) {
        PassOn(caught);
        return false;
      }
    } else if (pending() && script_isolate_.RunSettlingTasks()) {
      continue;
    } else if (events_.expecting()) {
      SwitchOut();
    } else {
      return true;
    }
  }
}

void ScriptVu::DropEvents() {
  world_->ClearTimers();
  world_->TakeUnhandledRejections();
  events_.Drop();
  asks_.DropSecrets();
}

// A termination that was asked for in the last native call of a function has not begun yet, so do
// not ask whether one has.
void ScriptVu::ForgetTermination() {
  isolate()->CancelTerminateExecution();
}

bool ScriptVu::WaitFor(v8::Local<v8::Promise> promise) {
  const auto settled = [&] { return promise->State() != v8::Promise::kPending; };
  const bool ran = RunEvents(promise, settled);
  if (interrupted()) {
    Terminate();
  }
  return ran && settled();
}

void ScriptVu::Call(Function function,
                    absl::FunctionRef<void(CallEnd end, v8::TryCatch& caught)> after) {
  {
    v8::TryCatch caught(isolate());
    CallEnd end = CallEnd::kInFunction;
    if (v8::Local<v8::Value> returned; function(&returned)) {
      const auto rejected = [&] {
        return !returned.IsEmpty() && returned->IsPromise() &&
               returned.As<v8::Promise>()->State() == v8::Promise::kRejected;
      };
      end = RunEvents(returned, rejected) ? CallEnd::kWell : CallEnd::kInEvents;
    }
    after(end, caught);
  }
  ForgetTermination();
  DropEvents();
}

void ScriptVu::WarnOnce(const std::string& message) {
  // Of all agents, the one that looks at the script first runs its init code as VU number 0.
  if (!in_init_ || ids_.in_instance == 0) {
    sources().WarnOnce(message, run_.logger);
  }
}

std::string ScriptVu::SourcePlace(const std::string& place) {
  return MapFrame(sources(), place);
}

std::optional<ScriptFailure> ScriptVu::CallOnce(Function function) {
  std::optional<ScriptFailure> failure;
  Call(function, [&](CallEnd end, v8::TryCatch& caught) {
    failure = end == CallEnd::kWell ? faults_.FailureOfRejections(*world_) : FailureOf(caught);
  });
  return failure;
}

bool ScriptVu::CallFunction(v8::Local<v8::Function> function, v8::Local<v8::Value> argument,
                            v8::Local<v8::Value>* result) {
  const Context context = world_->context();
  v8::Local<v8::Object> error;
  {
    v8::TryCatch caught(isolate());
    if (!function->Call(context, v8::Undefined(isolate()), 1, &argument).ToLocal(result)) {
      if (!WasThrownByNoScript(isolate(), caught)) {
        PassOn(caught);
        return false;
      }
      error = caught.Exception().As<v8::Object>();
    }
  }
  if (!error.IsEmpty()) {
    if (const std::string place = PlaceOf(isolate(), function); !place.empty()) {
      NamePlaceIfNone(context, error, place);
    }
    isolate()->ThrowException(error);
    return false;
  }
  if ((*result)->IsGeneratorObject()) {
    WarnOnce(
        absl::StrCat("the function \"", TextIfString(isolate(), function->GetName()),
                     "\" is a generator: to call it runs nothing of it; write it without the *"));
  }
  return true;
}

std::optional<ScriptFailure> ScriptVu::Init() {
  in_init_ = true;
  std::optional<ScriptFailure> failure =
      CallOnce([this](v8::Local<v8::Value>*) { return world_->Load(run_.bundle.main_url); });
  in_init_ = false;
  return failure;
}

std::optional<ScriptFailure> ScriptVu::CallExported(absl::string_view name, absl::string_view group,
                                                    v8::Local<v8::Value> argument,
                                                    v8::Local<v8::Value>* result) {
  v8::Local<v8::Function> function;
  if (!world_->Function(name).ToLocal(&function)) {
    return ScriptFailure{.message = absl::StrCat("exported '", name, "' must be a function")};
  }
  entered_.reset();
  samples_.Enter(nullptr);
  SetGroup(std::string(group));
  BeginIteration();
  const MonoTime began = loop().clock().Mono();
  std::optional<ScriptFailure> failure = CallOnce([&](v8::Local<v8::Value>* returned) {
    const bool called = CallFunction(function, argument, result);
    *returned = *result;
    return called;
  });
  const absl::Duration duration = loop().clock().Mono() - began;
  const bool to_its_end = !interrupted() || faults_.aborted();
  if (!failure.has_value() && (*result)->IsPromise()) {
    const auto promise = result->As<v8::Promise>();
    *result = promise->State() == v8::Promise::kFulfilled
                  ? promise->Result()
                  : v8::Undefined(isolate()).As<v8::Value>();
  }
  EndIteration();
  if (!group.empty() && to_its_end) {
    samples_.EmitDurationOf(std::string(group), duration);
  }
  samples_.EmitData();
  return failure;
}

v8::Local<v8::Value> ScriptVu::SetupValue() {
  if (setup_value_.IsEmpty()) {
    const std::string json = run_.SetupData();
    v8::Local<v8::Value> value = v8::Undefined(isolate());
    if (!json.empty() &&
        !v8::JSON::Parse(world_->context(), JsText(isolate(), json)).ToLocal(&value)) {
      value = v8::Undefined(isolate());
    }
    setup_value_.Reset(isolate(), value);
  }
  return setup_value_.Get(isolate());
}

void ScriptVu::AbortTest(std::string message) {
  faults_.NoteAbort(message);
  if (scenario_.has_value()) {  // otherwise the failure of the exported function says it
    asks_.AbortTest(std::move(message));
  }
  wanted_epoch_.store(epoch_);
  Terminate();
}

}  // namespace lockstep::agent
