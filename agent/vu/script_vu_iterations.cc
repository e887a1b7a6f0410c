// The part of ScriptVu that runs iterations and tells what they are.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/exec/progress.h"
#include "agent/js/bind/text.h"
#include "agent/vu/sample_tags.h"
#include "agent/vu/script_vu.h"
#include "common/metrics/error_table.h"

namespace lockstep::agent {
namespace {

constexpr absl::string_view kDefaultFunction = "default";

}  // namespace

// What a script sets of the tags stays until another scenario takes the VU, whose variables and
// function change with it.
void ScriptVu::Enter(size_t scenario) {
  scenario_ = scenario;
  if (entered_ == scenario) {
    return;
  }
  entered_ = scenario;
  const ScenarioConfig& config = run_.config.options.scenarios.at(scenario);
  tags_ = SampleTags(sink(), run_.config.options, run_.system_tags, &config, ids_.in_test);
  world_->SetEnv({config.env.begin(), config.env.end()});
  function_.Reset();
  v8::Local<v8::Function> function;
  if (world_->Function(config.exec.empty() ? kDefaultFunction : absl::string_view(config.exec))
          .ToLocal(&function)) {
    function_.Reset(isolate(), function);
  }
}

ScriptVu::JobState ScriptVu::RunIterations(size_t scenario, IterationSource& source) {
  if (!scenario_.has_value()) {
    Enter(scenario);
    run_.vus_active.fetch_add(1, std::memory_order_relaxed);
  }
  while (!interrupted() && source.Next(loop().clock().Mono(), &iteration_)) {
    parked_ = false;
    const IterationEnd end = RunIteration(iteration_);
    (end == IterationEnd::kFull ? run_.iterations_completed : run_.iterations_interrupted)
        .fetch_add(1, std::memory_order_relaxed);
    run_.iterations_ended.at(scenario).fetch_add(1, std::memory_order_relaxed);
    source.Ended(iteration_, end);
    if (!parked_ && !interrupted()) {
      return JobState::kAgain;
    }
  }
  run_.vus_active.fetch_sub(1, std::memory_order_relaxed);
  scenario_.reset();
  return JobState::kDone;
}

IterationEnd ScriptVu::RunIteration(const Iteration&) {
  const v8::HandleScope handles(isolate());
  const v8::Local<v8::Context> context = world_->context();
  world_->SetIteration(iterations_);
  SetGroup("");
  if (run_.system_tags.Has(SystemTag::kIter) && sink().keeps_points()) {
    tags_ = sink().tags().With(tags_, MetadataKey(SystemTagName(SystemTag::kIter)),
                               absl::StrCat(iterations_));
  }
  const MonoTime began = loop().clock().Mono();
  NoteLateness(began);
  v8::Local<v8::Value> argument = SetupValue();
  BeginIteration();
  {
    v8::TryCatch caught(isolate());
    v8::Local<v8::Value> result;
    const bool returned = function_.Get(isolate())
                              ->Call(context, v8::Undefined(isolate()), 1, &argument)
                              .ToLocal(&result);
    const bool ended = returned && RunEvents([] { return false; });
    if (!ended && caught.HasCaught() && !caught.HasTerminated() && !interrupted()) {
      LogException(caught);
    }
    if (returned) {
      for (const v8::Local<v8::Value>& reason : world_->TakeUnhandledRejections()) {
        if (!interrupted()) {
          LogRejection(reason);
        }
      }
    }
  }
  const bool full = !interrupted() && !blocked_.has_value();
  const bool aborted = !aborted_.empty();
  ForgetTermination();
  DropEvents();
  ReportBlock();
  EndIteration();
  lateness_.reset();
  const absl::Duration duration = loop().clock().Mono() - began;
  ++iterations_;
  ++iterations_in_scenario_[*scenario_];
  SetGroup("");   // an iteration that ended within one left it
  if (aborted) {  // by this very iteration, which k6 measures; so it counts everywhere
    EmitIteration(duration);
    CountEnded(&EndedIterations::full);
    return IterationEnd::kFull;
  }
  if (!full) {
    EmitData(loop().clock().Wall());
    CountEnded(&EndedIterations::interrupted);
    return IterationEnd::kInterrupted;
  }
  FinishIteration(began, duration);
  return IterationEnd::kFull;
}

// V8 allows a stack trace here, but no script.
void ScriptVu::InterruptBlock(absl::Duration limit) {
  if (!scenario_.has_value() || blocked_.has_value()) {
    return;
  }
  std::string where = "a place that V8 cannot tell";
  const v8::HandleScope handles(isolate());
  const v8::Local<v8::StackTrace> stack = v8::StackTrace::CurrentStackTrace(isolate(), 1);
  if (!stack.IsEmpty() && stack->GetFrameCount() > 0) {
    const v8::Local<v8::StackFrame> frame = stack->GetFrame(isolate(), 0);
    const v8::Local<v8::String> name = frame->GetScriptNameOrSourceURL();
    where = absl::StrCat(name.IsEmpty() ? "" : TextOf(isolate(), name), ":", frame->GetLineNumber(),
                         ":", frame->GetColumn());
  }
  blocked_ = Block{.limit = limit, .where = std::move(where)};
  isolate()->TerminateExecution();
}

void ScriptVu::ReportBlock() {
  if (!blocked_.has_value()) {
    return;
  }
  const Block block = *std::exchange(blocked_, std::nullopt);
  const std::string limit = absl::FormatDuration(block.limit);
  // Without the column: the place in the line is where it happened to be stopped.
  absl::string_view line = absl::string_view(block.where).substr(block.where.rfind('/') + 1);
  line = line.substr(0, line.rfind(':'));
  run_.health.Blocked();
  sink().AddError(absl::StrCat("interrupted: computed for ", limit, " without waiting"),
                  kScriptMethod, line, loop().clock().Wall());
  LogFault(absl::StrCat("VU ", ids_.in_test, " kept its worker busy for ", limit,
                        " without waiting, at ", block.where,
                        "; the iteration is interrupted, as the worker's other VUs stood still "
                        "meanwhile (--max-vu-block)"));
}

void ScriptVu::NoteLateness(MonoTime began) {
  lateness_.reset();
  if (iteration_.intended == MonoTime() || !run_.config.options.intended_latency) {
    return;
  }
  lateness_ = std::max(began - iteration_.intended, absl::ZeroDuration());
  sink().Add(BuiltinMetric(builtin::kIterationLateness), tags_,
             absl::ToDoubleMilliseconds(*lateness_), loop().clock().Wall());
}

std::optional<absl::Duration> ScriptVu::TakeLateness() {
  return lateness_.has_value() ? std::make_optional(std::exchange(*lateness_, absl::ZeroDuration()))
                               : std::nullopt;
}

void ScriptVu::EmitIteration(absl::Duration duration) {
  const absl::Time now = loop().clock().Wall();
  const MetricValue values[] = {
      {BuiltinMetric(builtin::kIterationDuration), absl::ToDoubleMilliseconds(duration)},
      {BuiltinMetric(builtin::kIterations), 1},
  };
  sink().AddMany(tags_, now, values);
  EmitData(now);
}

void ScriptVu::FinishIteration(MonoTime began, absl::Duration duration) {
  EmitIteration(duration);
  CountEnded(&EndedIterations::full);
  if (run_.config.options.no_vu_connection_reuse) {
    connections_->Clear();
  }
  const absl::Duration least = run_.config.options.min_iteration_duration;
  if (duration < least) {
    Park([&](Task wake) { loop().At(began + least, std::move(wake)); });
    ForgetTermination();
  }
}

void ScriptVu::CountEnded(int64_t EndedIterations::*how) {
  worker_.sink().CountEnded(run_.config.options.scenarios.at(*scenario_).name, how, 1);
}

void ScriptVu::EmitData(absl::Time now) {
  const MetricValue values[] = {
      {BuiltinMetric(builtin::kDataSent), static_cast<double>(std::exchange(bytes_sent_, 0))},
      {BuiltinMetric(builtin::kDataReceived),
       static_cast<double>(std::exchange(bytes_received_, 0))},
  };
  sink().AddMany(tags_, now, values);
}

void ScriptVu::CountBytes(int64_t sent, int64_t received) {
  bytes_sent_ += sent;
  bytes_received_ += received;
}

void ScriptVu::SetGroup(std::string path) {
  if (tags_ == grouped_ && path == group_) {
    return;  // as nearly always where an iteration begins and ends
  }
  group_ = std::move(path);
  if (run_.system_tags.Has(SystemTag::kGroup)) {
    tags_ = sink().tags().With(tags_, SystemTagName(SystemTag::kGroup), group_);
  }
  grouped_ = tags_;
}

std::optional<ScenarioFacts> ScriptVu::scenario() const {
  if (!scenario_.has_value()) {
    return std::nullopt;
  }
  const ScenarioConfig& config = run_.config.options.scenarios.at(*scenario_);
  ScenarioFacts facts{.name = config.name,
                      .executor = ExecutorTypeName(config.executor),
                      .start = absl::FromUnixNanos(run_.t0_wall_nanos.load()) + config.start_time,
                      .iteration_in_instance = iteration_.in_instance,
                      .iteration_in_test = iteration_.in_test};
  facts.progress =
      PlannedProgress(config.executor, run_.config.plan.scenarios.at(*scenario_),
                      instance().running - config.start_time,
                      run_.iterations_ended.at(*scenario_).load(std::memory_order_relaxed));
  return facts;
}

InstanceFacts ScriptVu::instance() const {
  const int64_t t0 = run_.t0_nanos.load();
  const MonoTime now = worker_.loop().clock().Mono();
  return {.running = t0 == 0 ? absl::ZeroDuration()
                             : std::max(now - MonoTime::FromNanos(t0), absl::ZeroDuration()),
          .iterations_completed = run_.iterations_completed.load(std::memory_order_relaxed),
          .iterations_interrupted = run_.iterations_interrupted.load(std::memory_order_relaxed),
          .vus_active = run_.vus_active.load(std::memory_order_relaxed),
          .vus_initialized = run_.vus_initialised.load(std::memory_order_relaxed)};
}

VuFacts ScriptVu::vu() const {
  const auto in_scenario = scenario_.has_value() ? iterations_in_scenario_.find(*scenario_)
                                                 : iterations_in_scenario_.end();
  return {.id_in_instance = ids_.in_instance,
          .id_in_test = ids_.in_test,
          .iteration_in_instance = iterations_,
          .iteration_in_scenario =
              in_scenario == iterations_in_scenario_.end() ? 0 : in_scenario->second};
}

}  // namespace lockstep::agent
