#include "coordinator/app/recorder.h"

#include <sys/utsname.h>

#include "absl/strings/str_cat.h"

#include "common/base/json_text.h"
#include "common/base/version.h"
#include "common/options/options_json.h"
#include "coordinator/results/run_history.h"

namespace lockstep::coordinator {
namespace {

std::string SystemText() {
  utsname names = {};
  return uname(&names) == 0 ? absl::StrCat(names.sysname, " ", names.release, ", ", names.machine)
                            : "";
}

// Without what may be a secret: keys, variables, headers of the cloud.
std::string PublicOptions(const PlannedTest& test) {
  nlohmann::ordered_json json = ToInspectJson(test.options.consolidated);
  for (const char* secret : {"tlsAuth", "cloud", "ext"}) {
    json.erase(secret);
  }
  if (json.contains("scenarios") && json["scenarios"].is_object()) {
    for (auto& [name, scenario] : json["scenarios"].items()) {
      if (scenario.is_object()) {
        scenario.erase("env");
      }
    }
  }
  for (auto entry = json.begin(); entry != json.end();) {
    entry = entry->is_null() ? json.erase(entry) : std::next(entry);
  }
  return JsonText(json);
}

}  // namespace

void Recorder::OnPlanned(const PlannedTest& test) {
  options_json_ = PublicOptions(test);
}

// A run that ends before its load begins has no T0, and nothing to draw.
void Recorder::OnState(RunState state) {
  const bool loaded =
      state == v1::RunStatus::RUNNING ||
      (state > v1::RunStatus::RUNNING && parts_.run.elapsed() > absl::ZeroDuration());
  if (loaded && !std::exchange(timeline_begun_, true)) {
    BeginTimeline();
  }
}

// What is a moment off here is put right with the first tick, which comes before the first batch
// unless the run is over before.
void Recorder::BeginTimeline() {
  if (Timeline* timeline = parts_.results.timeline(); timeline != nullptr) {
    recorded_from_ = parts_.run.elapsed();
    timeline->Start(recorded_from_ > absl::ZeroDuration() ? parts_.run.began()
                                                          : parts_.clock.Wall());
    past_lost_ = !past_.has_value();
    if (past_lost_) {
      timeline->BeginAt(recorded_from_);
    } else {
      timeline->GoOn(*std::exchange(past_, std::nullopt), recorded_from_);
    }
  }
}

void Recorder::Tick() {
  if (Timeline* timeline = parts_.results.timeline(); timeline != nullptr) {
    const absl::Duration elapsed = parts_.run.elapsed();
    if (elapsed > absl::ZeroDuration() && parts_.run.state() == v1::RunStatus::RUNNING) {
      timeline->Start(parts_.clock.Wall() - elapsed);
    }
    timeline->Tick(MakeTimelineTick(parts_.run, parts_.run.Snapshot()));
  }
}

void Recorder::Describe(const v1::RunStatus& status, History* history) const {
  history->environment = {{"system", SystemText()}};
  if (recorded_from_ > absl::ZeroDuration()) {
    const std::string from =
        absl::FormatDuration(absl::Floor(recorded_from_, absl::Milliseconds(100)));
    history->environment.emplace_back(
        "charts and requests by name",
        past_lost_ ? absl::StrCat("only from ", from,
                                  " after the start on, when another coordinator went on with the "
                                  "run; all other figures are of the whole run")
                   : absl::StrCat("another coordinator went on with the run ", from,
                                  " after the start: up to two seconds before are not drawn, and "
                                  "percentiles of requests by name are of the time from then on"));
  }
  DescribeFleet(parts_.run, status, history);
  history->options_json = parts_.logger.redactor().Redacted(options_json_);
  const absl::Duration elapsed = parts_.run.elapsed();
  const absl::Time now = parts_.clock.Wall();
  for (LogTail::Line& line : parts_.logger.tail().Lines()) {
    const double after_s =
        elapsed > absl::ZeroDuration() ? absl::ToDoubleSeconds(line.time - (now - elapsed)) : -1;
    history->log.push_back({after_s, std::string(LogLevelName(line.level)), std::move(line.text)});
  }
  history->dropped_log_lines = parts_.logger.tail().dropped();
}

PageModel Recorder::Model(uint64_t first) const {
  PageModel model;
  model.status = parts_.face.Snapshot();
  const bool over = model.status->state() >= v1::RunStatus::SUMMARISING;
  const Summary summary = parts_.results.MakeSummary(parts_.run.measured());
  model.result = MakeResult(parts_.results.store(), summary);
  model.result.version = kVersion;
  model.result.script = script_;
  model.result.end = parts_.clock.Wall();
  model.result.begin = parts_.run.began();
  const Judgement judgement = parts_.run.judgement();
  model.result.validity = judgement.validity;
  model.result.validity_reasons = judgement.reasons;
  model.result.lost_agents = judgement.lost;
  const RunOutcome& outcome = parts_.run.outcome();
  model.result.verdict = MakeVerdict(summary, judgement, outcome.exit_code, outcome.message);
  model.result.history = parts_.results.timeline()->Freeze(first, over, parts_.run.elapsed());
  Describe(*model.status, &*model.result.history);
  return model;
}

ChartsNow Recorder::Charts() {
  return {.changed = parts_.results.timeline()->TakeChanged(Timeline::kJournal),
          .since = [this](uint64_t first) {
            History history =
                parts_.results.timeline()->Freeze(first, /*last=*/false, parts_.run.elapsed());
            Describe(parts_.run.Snapshot(), &history);
            return history;
          }};
}

History Recorder::Whole() const {
  History history = parts_.results.timeline()->Freeze(0, /*last=*/true, parts_.run.elapsed());
  Describe(parts_.run.Snapshot(), &history);
  return history;
}

}  // namespace lockstep::coordinator
