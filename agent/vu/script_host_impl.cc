#include "agent/vu/script_host_impl.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"

#include "agent/vu/script_calls.h"
#include "common/base/check.h"
#include "common/options/options_json.h"

namespace lockstep::agent {
namespace {

// k6's defaults, for options that nobody has consolidated.
constexpr absl::Duration kDefaultSetupTimeout = absl::Seconds(60);
constexpr absl::Duration kDefaultSummaryTimeout = absl::Minutes(2);
// A VU that runs one function and ends.
constexpr ScriptVu::Ids kNobody = {};

}  // namespace

ScriptHostImpl::ScriptHostImpl(const ScriptEngine& engine, EventLoop& conductor, Logger& logger,
                               Config config)
    : engine_(engine), conductor_(conductor), logger_(logger), config_(std::move(config)) {
  LOCKSTEP_CHECK(config_.workers >= 1);
}

ScriptHostImpl::~ScriptHostImpl() {
  for (const auto& [id, operation] : operations_) {
    conductor_.Cancel(operation.timer);
  }
  if (reaper_.joinable()) {
    reaper_.join();
  }
}

std::unique_ptr<ScriptRun> ScriptHostImpl::NewRun(const ScriptBundle& bundle, RunConfig config) {
  auto run = std::make_unique<ScriptRun>(conductor_, logger_, health_);
  RunShared& shared = run->shared;
  shared.bundle = bundle;
  shared.options_json = ToInspectJson(config.options).dump();
  shared.system_tags = SystemTags(config.options.system_tags);
  if (config.options.scenarios.has_value()) {
    for (size_t i = 0; i < config.options.scenarios->size(); ++i) {
      shared.scenarios.push_back(std::make_unique<ScenarioIterations>());
    }
  }
  shared.config = std::move(config);
  shared.on_abort = [this](std::string message) {
    if (events_.on_abort) {
      events_.on_abort(std::move(message));
    }
  };
  shared.on_fail = [this](std::string message) {
    if (events_.on_fail) {
      events_.on_fail(std::move(message));
    }
  };
  shared.on_lease = [this](RowLease lease) {
    if (events_.on_lease) {
      events_.on_lease(std::move(lease));
    }
  };
  shared.on_broken = [this](std::string message) {
    if (config_.on_broken) {
      config_.on_broken(std::move(message));
    }
  };
  return run;
}

// ---- calls in a VU of their own ----

void ScriptHostImpl::LimitOperation(uint64_t id, absl::Duration time, Worker& worker, VuKey key) {
  const auto found = operations_.find(id);
  if (found == operations_.end()) {
    return;
  }
  // Here and not on the worker, which may be stuck in the script.
  found->second.timer = conductor_.After(time, [this, id, &worker, key] {
    operations_.at(id).timer = TimerId::kNone;
    operations_.at(id).timed_out = true;
    worker.Interrupt(key, ScriptVu::kInitEpoch);
  });
}

template <class T>
void ScriptHostImpl::RunOnce(ScriptRun& run, std::optional<Limit> limit,
                             absl::AnyInvocable<ScriptResult<T>(ScriptVu&)> job,
                             absl::AnyInvocable<void(ScriptResult<T>)> done) {
  const uint64_t id = next_operation_++;
  operations_[id];
  auto finish = [this, id, limit, done = std::move(done)](ScriptResult<T> result) mutable {
    const auto found = operations_.find(id);
    if (found == operations_.end()) {
      return;  // reset meanwhile
    }
    conductor_.Cancel(found->second.timer);
    if (found->second.timed_out) {
      result.value.reset();
      result.failure = {
          .exit_code = limit->exit_code,
          .message = absl::StrFormat("%s() execution timed out after %.0f seconds", limit->function,
                                     absl::ToDoubleSeconds(limit->time))};
    }
    operations_.erase(found);
    done(std::move(result));
  };
  Worker& worker = *run.workers.front();
  const VuKey key = worker.NewKey();
  auto inside = [this, id, limit, &worker, key, job = std::move(job),
                 finish = std::move(finish)](ScriptVu& vu) mutable {
    ScriptResult<T> result;
    if (std::optional<ScriptFailure> failure = vu.Init(); failure.has_value()) {
      result.failure = *std::move(failure);
    } else {
      if (limit.has_value()) {
        conductor_.Post([this, id, time = limit->time, &worker, key] {
          LimitOperation(id, time, worker, key);
        });
      }
      result = job(vu);
    }
    conductor_.Post([finish = std::move(finish), result = std::move(result)]() mutable {
      finish(std::move(result));
    });
    worker.Post([&worker, key] { worker.Remove(key); });
  };
  worker.Post([&worker, key, inside = std::move(inside)]() mutable {
    worker.Adopt(key, std::make_unique<ScriptVu>(worker, key, kNobody));
    worker.Find(key)->Enqueue(ScriptVu::kInitEpoch, std::move(inside));
  });
}

void ScriptHostImpl::Inspect(const ScriptBundle& bundle,
                             const std::map<std::string, std::string>& env, FileLoader loader,
                             absl::AnyInvocable<void(ScriptResult<Inspection>)> done) {
  RunConfig config;
  config.env = env;
  inspection_ = NewRun(bundle, std::move(config));
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
  inspection_->network = *Network::Make(NetOptions());
  inspection_->workers.push_back(std::make_unique<Worker>(
      engine_, *inspection_->network, inspection_->shared, Accumulator::Config()));
  RunOnce<Inspection>(*inspection_, std::nullopt, &ExamineScript,
                      [this, done = std::move(done)](ScriptResult<Inspection> result) mutable {
                        inspected_arrays_ = std::move(inspection_->shared.shared_arrays);
                        inspected_rows_ = std::move(inspection_->shared.rows);
                        std::vector<std::unique_ptr<ScriptRun>> ended;
                        ended.push_back(std::move(inspection_));
                        EndRuns(std::move(ended),
                                [done = std::move(done), result = std::move(result)]() mutable {
                                  done(std::move(result));
                                });
                      });
}

void ScriptHostImpl::RunSetup(absl::AnyInvocable<void(ScriptResult<std::string>)> done) {
  const absl::Duration time =
      run_->shared.config.options.setup_timeout.value_or(kDefaultSetupTimeout);
  RunOnce<std::string>(*run_, Limit{"setup", time, ExitCode::kSetupTimeout}, &CallSetup,
                       std::move(done));
}

void ScriptHostImpl::SetSetupData(std::string json) {
  run_->shared.SetSetupData(std::move(json));
}

void ScriptHostImpl::RunTeardown(absl::AnyInvocable<void(ScriptResult<bool>)> done) {
  const absl::Duration time =
      run_->shared.config.options.teardown_timeout.value_or(kDefaultSetupTimeout);
  RunOnce<bool>(*run_, Limit{"teardown", time, ExitCode::kTeardownTimeout}, &CallTeardown,
                std::move(done));
}

void ScriptHostImpl::RunHandleSummary(std::string data_json,
                                      absl::AnyInvocable<void(ScriptResult<SummaryOutputs>)> done) {
  const absl::Duration time =
      run_->shared.config.options.handle_summary_timeout.value_or(kDefaultSummaryTimeout);
  RunOnce<SummaryOutputs>(
      *run_, Limit{"handleSummary", time, ExitCode::kGenericTimeout},
      [data = std::move(data_json)](ScriptVu& vu) { return CallHandleSummary(vu, data); },
      std::move(done));
}

void ScriptHostImpl::SetRunStart(MonoTime t0, absl::Time t0_wall) {
  run_->shared.t0_nanos = t0.nanos();
  run_->shared.t0_wall_nanos = absl::ToUnixNanos(t0_wall);
}

// ---- the pool ----

void ScriptHostImpl::Prepare(const ScriptBundle& bundle, RunConfig config, int64_t vus,
                             absl::AnyInvocable<void(ScriptResult<bool>)> done) {
  LOCKSTEP_CHECK(run_ == nullptr);
  NetOptions net = NetOptionsFrom(config.options);
  net.requests_per_second = config.rps_share;
  net.on_socket_refused = [this] { health_.SocketRefused(); };
  absl::StatusOr<std::unique_ptr<Network>> network = Network::Make(std::move(net));
  if (!network.ok()) {
    done({.value = std::nullopt,
          .failure = {.exit_code = ExitCode::kInvalidConfig,
                      .message = std::string(network.status().message())}});
    return;
  }
  run_ = NewRun(bundle, std::move(config));
  if (inspected_arrays_ != nullptr) {
    run_->shared.shared_arrays = std::move(inspected_arrays_);
    run_->shared.rows = std::move(inspected_rows_);
  }
  run_->network = *std::move(network);
  for (int i = 0; i < config_.workers; ++i) {
    run_->workers.push_back(
        std::make_unique<Worker>(engine_, *run_->network, run_->shared, accumulator_));
  }
  preparing_ = Preparing{.wanted = vus, .failure = std::nullopt, .done = std::move(done)};
  if (vus == 0) {
    PreparedOne(std::nullopt, nullptr);
    return;
  }
  for (int64_t i = 0; i < std::min<int64_t>(config_.workers, vus); ++i) {
    PrepareNext();
  }
}

void ScriptHostImpl::PrepareNext() {
  ++preparing_->begun;
  ++preparing_->running;
  CreateVu(/*planned=*/true, [this](std::optional<ScriptFailure> failure, PooledVu* vu) {
    --preparing_->running;
    PreparedOne(std::move(failure), vu);
  });
}

void ScriptHostImpl::PreparedOne(std::optional<ScriptFailure> failure, PooledVu* vu) {
  if (vu != nullptr) {
    idle_.push_back(vu);
  }
  if (failure.has_value() && !preparing_->failure.has_value()) {
    preparing_->failure = std::move(failure);
  }
  if (!preparing_->failure.has_value() && preparing_->begun < preparing_->wanted) {
    PrepareNext();
    return;
  }
  if (preparing_->running > 0) {
    return;
  }
  Preparing prepared = *std::move(preparing_);
  preparing_.reset();
  if (!prepared.failure.has_value()) {
    // Workers finish in any order; VUs are handed out by their ids.
    std::sort(idle_.begin(), idle_.end(), [](const PooledVu* a, const PooledVu* b) {
      return a->id_in_instance() < b->id_in_instance();
    });
    prepared.done({.value = true, .failure = {}});
    return;
  }
  Reset([prepared = std::move(prepared)]() mutable {
    prepared.done({.value = std::nullopt, .failure = *std::move(prepared.failure)});
  });
}

Worker& ScriptHostImpl::NextWorker(bool planned) {
  const auto workers = static_cast<size_t>(config_.workers);
  if (planned) {
    return *run_->workers[static_cast<size_t>(created_) % workers];
  }
  const size_t index = workers + static_cast<size_t>(unplanned_++) % workers;
  if (index == run_->workers.size()) {
    run_->workers.push_back(
        std::make_unique<Worker>(engine_, *run_->network, run_->shared, accumulator_));
  }
  return *run_->workers[index];
}

void ScriptHostImpl::CreateVu(bool planned, Created created) {
  Worker& worker = NextWorker(planned);
  ++worker.initialising();
  const int64_t index = created_++;
  const VuKey key = worker.NewKey();
  const ScriptVu::Ids ids = {.in_instance = index + 1,
                             .in_test = run_->shared.config.segment.Unscale(index) + 1};
  auto finish = [this, generation = generation_, &worker, key, ids,
                 created = std::move(created)](std::optional<ScriptFailure> failure) mutable {
    if (generation != generation_) {
      return;
    }
    --worker.initialising();
    PooledVu* vu = nullptr;
    if (!failure.has_value()) {
      ++initialised_;
      run_->shared.vus_initialised.store(initialised_, std::memory_order_relaxed);
      vu = vus_.emplace_back(std::make_unique<PooledVu>(worker, key, ids)).get();
    }
    created(std::move(failure), vu);
  };
  worker.Post([this, &worker, key, ids, finish = std::move(finish)]() mutable {
    worker.Adopt(key, std::make_unique<ScriptVu>(worker, key, ids));
    worker.Find(key)->Enqueue(
        ScriptVu::kInitEpoch,
        [this, &worker, key, finish = std::move(finish)](ScriptVu& vu) mutable {
          std::optional<ScriptFailure> failure = vu.Init();
          if (failure.has_value()) {
            worker.Post([&worker, key] { worker.Remove(key); });
          }
          conductor_.Post([finish = std::move(finish), failure = std::move(failure)]() mutable {
            finish(std::move(failure));
          });
        });
  });
}

Vu* ScriptHostImpl::Take() {
  if (idle_.empty()) {
    return nullptr;
  }
  PooledVu* vu = idle_.front();
  idle_.pop_front();
  return vu;
}

void ScriptHostImpl::Give(Vu* vu) {
  idle_.push_back(static_cast<PooledVu*>(vu));
}

void ScriptHostImpl::InitialiseOne(absl::AnyInvocable<void(Vu*)> done) {
  CreateVu(/*planned=*/false,
           [this, done = std::move(done)](const std::optional<ScriptFailure>& failure,
                                          PooledVu* vu) mutable {
             if (failure.has_value()) {
               logger_.Error(failure->message);
             }
             done(vu);
           });
}

// ---- samples and the end ----

void ScriptHostImpl::Seal(absl::AnyInvocable<void(std::vector<Batch>)> done) {
  if (run_ == nullptr) {
    done({});
    return;
  }
  LOCKSTEP_CHECK(!sealing_.has_value());
  sealing_ = Sealing{.waiting = run_->workers.size(), .batches = {}, .done = std::move(done)};
  for (const std::unique_ptr<Worker>& worker : run_->workers) {
    worker->Post([this, generation = generation_, &worker = *worker] {
      conductor_.Post([this, generation, batch = worker.sink().Seal()]() mutable {
        if (generation != generation_ || !sealing_.has_value()) {
          return;
        }
        sealing_->batches.push_back(std::move(batch));
        if (--sealing_->waiting == 0) {
          Sealing sealed = *std::move(sealing_);
          sealing_.reset();
          sealed.done(std::move(sealed.batches));
        }
      });
    });
  }
}

void ScriptHostImpl::Reset(absl::AnyInvocable<void()> done) {
  ++generation_;
  preparing_.reset();
  idle_.clear();
  created_ = unplanned_ = initialised_ = 0;
  inspected_arrays_.reset();
  for (const auto& [id, operation] : operations_) {
    conductor_.Cancel(operation.timer);
  }
  operations_.clear();
  // Executors may hold VUs until `done`; they must not reach the workers any more.
  for (const std::unique_ptr<PooledVu>& vu : vus_) {
    vu->Detach();
  }
  std::optional<Sealing> sealing = std::move(sealing_);
  sealing_.reset();
  std::vector<std::unique_ptr<ScriptRun>> runs;
  for (std::unique_ptr<ScriptRun>* run : {&run_, &inspection_}) {
    if (*run != nullptr) {
      runs.push_back(std::move(*run));
    }
  }
  EndRuns(std::move(runs), [vus = std::exchange(vus_, {}), done = std::move(done)]() mutable {
    done();
    vus.clear();
  });
  if (sealing.has_value()) {
    sealing->done({});
  }
}

void ScriptHostImpl::EndRuns(std::vector<std::unique_ptr<ScriptRun>> runs,
                             absl::AnyInvocable<void()> done) {
  if (reaper_.joinable()) {
    reaper_.join();
  }
  // Freeing thousands of VUs takes a while, and the conductor has leases to keep. The runs
  // themselves go in a task behind all that their workers have posted.
  reaper_ = std::thread([this, runs = std::move(runs), done = std::move(done)]() mutable {
    for (const std::unique_ptr<ScriptRun>& run : runs) {
      run->EndWorkers();
    }
    conductor_.Post([runs = std::move(runs), done = std::move(done)]() mutable {
      runs.clear();
      done();
    });
  });
}

}  // namespace lockstep::agent
