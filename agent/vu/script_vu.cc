#include "agent/vu/script_vu.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/js/bind/text.h"
#include "agent/js/fault.h"
#include "agent/vu/sample_tags.h"
#include "common/metrics/error_table.h"

namespace lockstep::agent {

ScriptVu::ScriptVu(Worker& worker, VuKey key, Ids ids)
    : worker_(worker),
      run_(worker.run()),
      key_(key),
      ids_(ids),
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
    fibre_->Park();
  }
  isolate()->Enter();
}

bool ScriptVu::Park(absl::FunctionRef<void(Task wake)> start) {
  if (!interrupted()) {
    woken_ = false;
    // A wake-up may come late, after an interruption and even after the VU's end: it finds its wait
    // by number.
    start([&worker = worker_, key = key_, park = ++park_] {
      ScriptVu* vu = worker.Find(key);
      if (vu != nullptr && vu->park_ == park) {
        vu->woken_ = true;
        worker.MakeReady(key);
      }
    });
    while (!woken_ && !interrupted()) {
      SwitchOut();
    }
    ++park_;
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
  const v8::Local<v8::Context> context = world_->context();
  v8::Local<v8::Script> nothing;
  v8::Local<v8::Value> ignored;
  if (v8::Script::Compile(context, v8::String::Empty(isolate())).ToLocal(&nothing) &&
      nothing->Run(context).ToLocal(&ignored)) {
    return;
  }
}

// One announced event. Counts down when it is called or destroyed, whichever comes first.
class ScriptVu::Expectation {
 public:
  explicit Expectation(ScriptVu& vu)
      : worker_(&vu.worker_), key_(vu.key_), generation_(vu.generation_) {
    ++vu.expected_;
  }
  Expectation(Expectation&& other) noexcept
      : worker_(std::exchange(other.worker_, nullptr)),
        key_(other.key_),
        generation_(other.generation_) {}
  Expectation& operator=(Expectation&&) = delete;
  ~Expectation() { Settle({}); }

  void operator()(Task task) { Settle(std::move(task)); }

 private:
  void Settle(Task task) {
    Worker* worker = std::exchange(worker_, nullptr);
    ScriptVu* vu = worker == nullptr ? nullptr : worker->Find(key_);
    if (vu == nullptr || vu->generation_ != generation_) {
      return;
    }
    --vu->expected_;
    if (task) {
      vu->events_.push_back(std::move(task));
    }
    worker->MakeReady(key_);
  }

  Worker* worker_;
  VuKey key_;
  uint64_t generation_;
};

absl::AnyInvocable<void(ApiVu::Task task)> ScriptVu::Expect() {
  return Expectation(*this);
}

bool ScriptVu::RunEvents(absl::FunctionRef<bool()> until) {
  for (;;) {
    const v8::HandleScope handles(isolate());
    world_->RunMicrotasks();
    if (interrupted() || blocked_.has_value()) {
      return false;
    }
    if (until()) {
      return true;
    }
    if (!events_.empty()) {
      Task event = std::move(events_.front());
      events_.pop_front();
      v8::TryCatch caught(isolate());
      event();
      if (caught.HasCaught()) {
        caught.ReThrow();
        return false;
      }
    } else if (expected_ > 0) {
      SwitchOut();
    } else {
      return true;
    }
  }
}

void ScriptVu::DropEvents() {
  world_->ClearTimers();
  world_->TakeUnhandledRejections();
  events_.clear();
  secrets_.clear();
  expected_ = 0;
  ++generation_;
}

// A termination that was asked for in the last native call of a function has not begun yet, so do
// not ask whether one has.
void ScriptVu::ForgetTermination() {
  isolate()->CancelTerminateExecution();
}

bool ScriptVu::WaitFor(v8::Local<v8::Context>, v8::Local<v8::Promise> promise) {
  const auto settled = [&] { return promise->State() != v8::Promise::kPending; };
  const bool ran = RunEvents(settled);
  if (interrupted()) {
    Terminate();
  }
  return ran && settled();
}

namespace {

// The text of what was thrown. Resets `caught`, as V8 refuses to look at objects while an exception
// is on its way.
std::string TakeText(v8::Local<v8::Context> context, v8::TryCatch& caught) {
  const v8::Local<v8::Value> exception = caught.Exception();
  const v8::Local<v8::Message> message = caught.Message();
  caught.Reset();
  return DescribeException(context, exception, message);
}

}  // namespace

void ScriptVu::LogException(v8::TryCatch& caught) {
  std::string text = TakeText(world_->context(), caught);
  CountThrown(text);
  LogFault(std::move(text));
}

std::string ScriptVu::DescribeRejection(v8::Local<v8::Value> reason) {
  return absl::StrCat("Uncaught (in promise) ",
                      DescribeException(world_->context(), reason,
                                        v8::Exception::CreateMessage(isolate(), reason)));
}

void ScriptVu::LogRejection(v8::Local<v8::Value> reason) {
  std::string text = DescribeRejection(reason);
  CountThrown(text);
  LogFault(std::move(text));
}

void ScriptVu::CountThrown(absl::string_view text) {
  const FaultKind kind = KindOfFault(text);
  sink().AddError(kind.what, kScriptMethod, kind.where, loop().clock().Wall());
}

void ScriptVu::LogFault(std::string text) {
  std::vector<std::pair<std::string, std::string>> fields;
  if (scenario_.has_value()) {
    const ScenarioConfig& scenario = run_.config.options.scenarios.at(*scenario_);
    fields.emplace_back("executor", ExecutorTypeName(scenario.executor));
    fields.emplace_back("scenario", scenario.name);
  }
  fields.emplace_back("source", "stacktrace");
  run_.logger.Log(LogLevel::kError, std::move(text), std::move(fields));
}

ScriptFailure ScriptVu::FailureOf(v8::TryCatch& caught) {
  if (!aborted_.empty()) {
    return {.exit_code = ExitCode::kScriptAborted, .message = aborted_};
  }
  if (!caught.HasCaught() || caught.HasTerminated() || interrupted()) {
    return {.exit_code = ExitCode::kGenericTimeout, .message = "interrupted"};
  }
  return {.exit_code = ExitCode::kScriptException, .message = TakeText(world_->context(), caught)};
}

std::optional<ScriptFailure> ScriptVu::FailureOfRejections() {
  std::optional<ScriptFailure> failure;
  for (const v8::Local<v8::Value>& reason : world_->TakeUnhandledRejections()) {
    if (failure.has_value()) {
      LogRejection(reason);
    } else {
      failure = {.exit_code = ExitCode::kScriptException, .message = DescribeRejection(reason)};
    }
  }
  return failure;
}

std::optional<ScriptFailure> ScriptVu::Init() {
  in_init_ = true;
  std::optional<ScriptFailure> failure;
  {
    v8::TryCatch caught(isolate());
    const bool ok = world_->Load(run_.bundle.main_url) && RunEvents([] { return false; });
    failure = ok ? FailureOfRejections() : FailureOf(caught);
  }
  ForgetTermination();
  DropEvents();
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
  tags_ = SampleTags(sink(), run_.config.options, run_.system_tags, nullptr, ids_.in_test);
  SetGroup(std::string(group));
  const v8::Local<v8::Context> context = world_->context();
  std::optional<ScriptFailure> failure;
  BeginIteration();
  {
    v8::TryCatch caught(isolate());
    const bool ok =
        function->Call(context, v8::Undefined(isolate()), 1, &argument).ToLocal(result) &&
        RunEvents([] { return false; });
    failure = ok ? FailureOfRejections() : FailureOf(caught);
    if (ok && (*result)->IsPromise()) {
      const auto promise = result->As<v8::Promise>();
      *result = promise->State() == v8::Promise::kFulfilled
                    ? promise->Result()
                    : v8::Undefined(isolate()).As<v8::Value>();
    }
  }
  ForgetTermination();
  DropEvents();
  EndIteration();
  EmitData(loop().clock().Wall());
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
  aborted_ = message;
  if (scenario_.has_value()) {  // otherwise the failure of the exported function says it
    run_.conductor.Post([&run = run_, message = std::move(message)]() mutable {
      run.events.on_abort(std::move(message));
    });
  }
  wanted_epoch_.store(epoch_);
  Terminate();
}

void ScriptVu::FailTest() {
  run_.conductor.Post([&run = run_] { run.events.on_fail(); });
}

}  // namespace lockstep::agent
