#include "agent/vu/worker_fleet.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

#include "agent/js/typescript.h"
#include "agent/vu/script_calls.h"
#include "common/base/check.h"
#include "common/base/program_pages.h"
#include "common/metrics/aggregate_store.h"

namespace lockstep::agent {
namespace {

// How often workers are looked at for iterations that do not let go.
constexpr absl::Duration kWatchAtLeast = absl::Milliseconds(20);
constexpr absl::Duration kWatchAtMost = absl::Milliseconds(500);

// From here on it is worth a millisecond that what only the start has used of the program, half of
// its code, is not in memory while the VUs are made, nor while they run what only making them has
// used: of 1000 empty ones, 205 MB become 185, and of 1000 that send and sleep, 3 MB go once more.
constexpr int64_t kManyVus = 100;

// Whether one of the words stands in one of the texts.
bool Mentions(const std::map<std::string, std::string>& texts,
              std::initializer_list<absl::string_view> words) {
  return std::any_of(texts.begin(), texts.end(), [&](const auto& entry) {
    return std::any_of(words.begin(), words.end(), [&](absl::string_view word) {
      return absl::StrContains(entry.second, word);
    });
  });
}

// Whether anything that the script is made of looks as if it would speak TLS. A guess: wrong
// either way, it costs some milliseconds.
bool MentionsTls(const ScriptBundle& bundle, const RunConfig& config) {
  return Mentions(bundle.files, {"https:", "wss:"}) || Mentions(config.env, {"https:", "wss:"});
}

// Whether `name` stands in `text`, and not as a part of a longer one.
bool HasName(absl::string_view text, absl::string_view name) {
  const auto in_name = [text](size_t at) {
    return at < text.size() && (absl::ascii_isalnum(static_cast<unsigned char>(text[at])) ||
                                text[at] == '_' || text[at] == '$');
  };
  for (size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
    if ((at == 0 || !in_name(at - 1)) && !in_name(at + name.size())) {
      return true;
    }
  }
  return false;
}

// Whether the script, or the compiler of what it is written in, may use the part of the language
// that has this name.
bool MayUse(const ScriptBundle& bundle, absl::string_view name) {
  return std::any_of(bundle.files.begin(), bundle.files.end(), [name](const auto& file) {
    return HasName(file.second, name) ||
           (name == ScriptEngine::kWebAssembly && MayBeTypeScript(file.first));
  });
}

// How the run's samples are kept by each of its workers.
Accumulator::Config SamplesOf(const RunConfig& config, int workers) {
  constexpr int kOfAllWorkers = 200'000, kAtLeast = 25'000, kAtMost = 100'000;
  Accumulator::Config samples;
  samples.keep_points = config.keep_points;
  samples.max_series = static_cast<size_t>(std::clamp(kOfAllWorkers / workers, kAtLeast, kAtMost));
  for (const auto& [metric, thresholds] : config.options.thresholds) {
    if (const absl::StatusOr<MetricKey> key = ParseMetricKey(metric); key.ok()) {
      samples.asked.insert(samples.asked.end(), key->tags.begin(), key->tags.end());
    }
  }
  return samples;
}

}  // namespace

WorkerFleet::WorkerFleet(const ScriptEngine& engine, EventLoop& conductor, Logger& logger,
                         Config config)
    : engine_(engine),
      conductor_(conductor),
      logger_(logger),
      config_(std::move(config)),
      calls_(conductor) {
  LOCKSTEP_CHECK(config_.workers >= 1);
  first_isolate_ = std::async(std::launch::async, [&engine] {
    auto isolate = std::make_unique<ScriptIsolate>(engine);
    isolate->LeaveThread();
    return isolate;
  });
}

WorkerFleet::~WorkerFleet() {
  if (reaper_.joinable()) {
    reaper_.join();
  }
}

std::unique_ptr<ScriptRun> WorkerFleet::NewRun(const ScriptBundle& bundle, RunConfig config,
                                               std::unique_ptr<Network> network) {
  auto run = std::make_unique<ScriptRun>(
      engine_, RunHost{conductor_, logger_, health_, events_, config_.on_broken},
      std::move(network), SamplesOf(config, config_.workers));
  RunShared& shared = run->shared;
  shared.bundle = bundle;
  shared.system_tags = SystemTags(config.options.system_tags);
  shared.iterations_ended = std::vector<std::atomic<int64_t>>(config.options.scenarios.size());
  shared.config = std::move(config);
  return run;
}

// ---- calls of the script's own functions ----

void WorkerFleet::Inspect(const ScriptBundle& bundle, const std::map<std::string, std::string>& env,
                          FileLoader loader,
                          absl::AnyInvocable<void(ScriptResult<Inspection>)> done) {
  RunConfig config;
  config.env = env;
  std::unique_ptr<ScriptIsolate> isolate = TakeIsolate();
  engine_.ExposeParts([](absl::string_view) { return true; });  // other files are not known yet
  inspection_ = NewRun(bundle, std::move(config), *Network::Make(NetOptions()));
  // An answer that comes after the inspection's end would find no worker.
  inspection_->shared.loader =
      [this, id = ++inspections_, loader = std::move(loader)](
          std::string url, absl::AnyInvocable<void(absl::StatusOr<std::string>)> deliver) mutable {
        loader(std::move(url), [this, id, deliver = std::move(deliver)](
                                   absl::StatusOr<std::string> content) mutable {
          if (inspection_ != nullptr && id == inspections_) {
            deliver(std::move(content));
          }
        });
      };
  inspection_->workers.Start(1, std::move(isolate));
  calls_.Call<Inspection>(
      inspection_->workers.first(), std::nullopt, &ExamineScript,
      [this, done = std::move(done)](ScriptResult<Inspection> result) mutable {
        EndInspection([done = std::move(done), result = std::move(result)]() mutable {
          done(std::move(result));
        });
      });
}

void WorkerFleet::RunSetup(absl::AnyInvocable<void(ScriptResult<std::string>)> done) {
  const absl::Duration time = run_->shared.config.options.setup_timeout;
  setup_call_ = calls_.Call<std::string>(
      run_->workers.first(), FunctionCalls::Limit{"setup", time, ExitCode::kSetupTimeout},
      &CallSetup, std::move(done));
}

void WorkerFleet::InterruptSetup() {
  calls_.Interrupt(setup_call_);
}

int64_t WorkerFleet::vus_initialised() const {
  return run_ == nullptr ? 0 : run_->shared.vus_initialised.load(std::memory_order_relaxed);
}

void WorkerFleet::SetSetupData(std::string json) {
  run_->shared.SetSetupData(std::move(json));
}

void WorkerFleet::RunTeardown(absl::AnyInvocable<void(ScriptResult<bool>)> done) {
  const absl::Duration time = run_->shared.config.options.teardown_timeout;
  calls_.Call<bool>(run_->workers.first(),
                    FunctionCalls::Limit{"teardown", time, ExitCode::kTeardownTimeout},
                    &CallTeardown, std::move(done));
}

void WorkerFleet::RunHandleSummary(std::string data_json,
                                   absl::AnyInvocable<void(ScriptResult<SummaryOutputs>)> done) {
  const absl::Duration time = run_->shared.config.options.handle_summary_timeout;
  calls_.Call<SummaryOutputs>(
      run_->workers.first(), FunctionCalls::Limit{"handleSummary", time, ExitCode::kGenericTimeout},
      [data = std::move(data_json)](ScriptVu& vu) { return CallHandleSummary(vu, data); },
      std::move(done));
}

void WorkerFleet::SetRunStart(MonoTime t0, absl::Time t0_wall) {
  run_->shared.t0_nanos = t0.nanos();
  run_->shared.t0_wall_nanos = absl::ToUnixNanos(t0_wall);
}

void WorkerFleet::SetRpsShare(double per_second) {
  if (run_ != nullptr) {
    run_->workers.network().SetRequestsPerSecond(per_second);
  }
}

// ---- the run ----

void WorkerFleet::Prepare(const ScriptBundle& bundle, RunConfig config,
                          absl::AnyInvocable<void(ScriptResult<VuPool*>)> done) {
  LOCKSTEP_CHECK(run_ == nullptr);
  NetOptions net = NetOptionsFrom(config.options);
  net.requests_per_second = config.rps_share;
  net.expect_tls = MentionsTls(bundle, config);
  net.on_socket_refused = [this] { health_.SocketRefused(); };
  absl::StatusOr<std::unique_ptr<Network>> network = Network::Make(std::move(net));
  if (!network.ok()) {
    done({.value = std::nullopt,
          .failure = {.exit_code = ExitCode::kInvalidConfig,
                      .message = std::string(network.status().message())}});
    return;
  }
  for (const std::string& warning : (*network)->warnings()) {
    logger_.Warn(warning);
  }
  std::unique_ptr<ScriptIsolate> isolate = TakeIsolate();
  engine_.ExposeParts([&bundle](absl::string_view name) { return MayUse(bundle, name); });
  run_ = NewRun(bundle, std::move(config), *std::move(network));
  if (inspected_.has_value()) {
    run_->shared.shared_arrays = std::move(inspected_->arrays);
    run_->shared.rows = std::move(inspected_->rows);
    run_->shared.shared_files = std::move(inspected_->files);
    run_->shared.sources = std::move(inspected_->sources);
    inspected_.reset();
  }
  const int64_t vus = run_->shared.config.plan.planned_vus;
  const bool many = vus >= kManyVus;
  if (many) {
    GiveBackProgramPages();
  }
  run_->workers.Start(config_.workers, std::move(isolate));
  watch_timer_.Cancel();
  WatchWorkers();
  run_->vus.Prepare(
      vus, [this, many, done = std::move(done)](std::optional<ScriptFailure> failure) mutable {
        if (!failure.has_value()) {
          if (many) {
            GiveBackProgramPages();
          }
          done({.value = &run_->vus, .failure = {}});
        } else {
          done({.value = std::nullopt, .failure = *std::move(failure)});
        }
      });
}

void WorkerFleet::WatchWorkers() {
  const absl::Duration limit = run_->shared.config.max_vu_block;
  if (limit <= absl::ZeroDuration()) {
    return;
  }
  watch_timer_.After(std::clamp(limit / 10, kWatchAtLeast, kWatchAtMost), [this] {
    if (run_ == nullptr) {
      return;
    }
    for (const std::unique_ptr<Worker>& worker : run_->workers.all()) {
      worker->Watch(run_->shared.config.max_vu_block);
    }
    WatchWorkers();
  });
}

// ---- samples and the end ----

void WorkerFleet::AddDropped(size_t scenario, int64_t count, int64_t vu_id_in_test) {
  if (run_ != nullptr) {
    run_->samples.AddDropped(scenario, count, vu_id_in_test);
  }
}

void WorkerFleet::Seal(uint64_t number, Adjust adjust, Sealed done) {
  if (run_ != nullptr) {
    run_->samples.Seal(number, std::move(adjust), std::move(done));
  } else {
    done({});
  }
}

void WorkerFleet::Reset(absl::AnyInvocable<void()> done) {
  inspected_.reset();
  ++inspections_;
  calls_.ForgetAll();
  ScriptRun* const ended = run_.get();
  if (ended != nullptr) {
    ended->vus.Close();
  }
  std::vector<std::unique_ptr<ScriptRun>> runs;
  for (std::unique_ptr<ScriptRun>* run : {&run_, &inspection_}) {
    if (*run != nullptr) {
      runs.push_back(std::move(*run));
    }
  }
  EndRuns(std::move(runs), std::move(done));
  if (ended != nullptr) {
    ended->samples.Close();  // it is there until a later task
  }
}

std::unique_ptr<ScriptIsolate> WorkerFleet::TakeIsolate() {
  if (inspected_.has_value() && inspected_->isolate != nullptr) {
    return std::move(inspected_->isolate);
  }
  return first_isolate_.valid() ? first_isolate_.get() : nullptr;
}

void WorkerFleet::Reap(absl::AnyInvocable<void()> work) {
  if (reaper_.joinable()) {
    reaper_.join();
  }
  reaper_ = std::thread(std::move(work));
}

void WorkerFleet::EndRuns(std::vector<std::unique_ptr<ScriptRun>> runs,
                          absl::AnyInvocable<void()> done) {
  // Freeing thousands of VUs takes a while, and the conductor has leases to keep. The runs
  // themselves go in a task behind all that their workers have posted.
  Reap([this, runs = std::move(runs), done = std::move(done)]() mutable {
    for (const std::unique_ptr<ScriptRun>& run : runs) {
      run->workers.End();
    }
    conductor_.Post([runs = std::move(runs), done = std::move(done)]() mutable {
      runs.clear();
      done();
    });
  });
}

void WorkerFleet::EndInspection(absl::AnyInvocable<void()> done) {
  Reap([this, id = inspections_, run = std::move(inspection_), done = std::move(done)]() mutable {
    std::unique_ptr<ScriptIsolate> isolate = run->workers.EndLeavingIsolate();
    conductor_.Post([this, id, run = std::move(run), isolate = std::move(isolate),
                     done = std::move(done)]() mutable {
      RunShared& shared = run->shared;
      Inspected inspected = {.arrays = std::move(shared.shared_arrays),
                             .rows = std::move(shared.rows),
                             .files = std::move(shared.shared_files),
                             .sources = std::move(shared.sources),
                             .isolate = std::move(isolate)};
      if (id == inspections_) {  // there was no Reset meanwhile
        inspected_ = std::move(inspected);
      }
      done();
    });
  });
}

}  // namespace lockstep::agent
