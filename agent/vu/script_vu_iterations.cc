// The part of ScriptVu that runs iterations and tells what they are.

#include "agent/vu/script_vu.h"

namespace lockstep::agent {

// What a script sets of the tags stays until another scenario takes the VU, whose variables and
// function change with it.
void ScriptVu::Enter(size_t scenario) {
  scenario_ = scenario;
  const ScenarioConfig& config = run_.config.options.scenarios.at(scenario);
  faults_.SetScenario(&config);
  if (entered_ == scenario) {
    return;
  }
  entered_ = scenario;
  samples_.Enter(&config);
  world_->SetEnv({config.env.begin(), config.env.end()});
  function_.Reset();
  v8::Local<v8::Function> function;
  if (world_->Function(config.exec).ToLocal(&function)) {
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
    const IterationEnd end = RunIteration();
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
  faults_.SetScenario(nullptr);
  return JobState::kDone;
}

IterationEnd ScriptVu::RunIteration() {
  const v8::HandleScope handles(isolate());
  world_->SetIteration(iterations_);
  const MonoTime began = samples_.BeginIteration(iterations_, iteration_.intended);
  const v8::Local<v8::Value> argument = SetupValue();
  BeginIteration();
  Call(
      [&](v8::Local<v8::Value>* returned) {
        return CallFunction(function_.Get(isolate()), argument, returned);
      },
      [&](CallEnd end, v8::TryCatch& caught) {
        const Context context = world_->context();
        if (end != CallEnd::kWell && caught.HasCaught() && !caught.HasTerminated() &&
            !interrupted()) {
          faults_.LogException(context, caught);
        }
        if (end == CallEnd::kInFunction) {
          return;
        }
        for (const v8::Local<v8::Value>& reason : world_->TakeUnhandledRejections()) {
          if (!interrupted()) {
            faults_.LogRejection(context, reason);
          }
        }
      });
  const bool full = !interrupted() && !faults_.blocked();
  faults_.ReportBlock();
  EndIteration();
  const absl::Duration duration = loop().clock().Mono() - began;
  ++iterations_;
  ++iterations_in_scenario_[*scenario_];
  samples_.EndIteration();
  if (faults_.aborted()) {  // by this very iteration, which k6 measures; so it counts everywhere
    samples_.EmitIteration(duration);
    samples_.CountEnded(&EndedIterations::full);
    return IterationEnd::kFull;
  }
  if (full) {
    FinishIteration(began, duration);
    return IterationEnd::kFull;
  }
  samples_.EmitData();
  samples_.CountEnded(&EndedIterations::interrupted);
  return IterationEnd::kInterrupted;
}

void ScriptVu::FinishIteration(MonoTime began, absl::Duration duration) {
  samples_.EmitIteration(duration);
  samples_.CountEnded(&EndedIterations::full);
  if (run_.config.options.no_vu_connection_reuse) {
    connections_->Clear();
  }
  const absl::Duration least = run_.config.options.min_iteration_duration;
  if (duration < least) {
    Park([&](Task wake) { loop().At(began + least, std::move(wake)); });
    ForgetTermination();
  }
}

void ScriptVu::InterruptBlock(absl::Duration limit) {
  if (scenario_.has_value()) {
    faults_.InterruptBlock(isolate(), limit);
  }
}

std::optional<ScenarioFacts> ScriptVu::scenario() const {
  return scenario_.has_value() ? std::make_optional(ScenarioFactsOf(run_, *scenario_, iteration_,
                                                                    worker_.loop().clock().Mono()))
                               : std::nullopt;
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
