// Runs scripts on a real ScriptHost: V8, workers and fibres, with a conductor's loop in the test.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "agent/vu/worker_fleet.h"
#include "common/base/epoll_loop.h"
#include "common/base/sync.h"
#include "tests/support/turn_until.h"

namespace lockstep::agent {

// The process's V8.
const ScriptEngine& TestEngine();

// Keeps lines as "level: message".
class LineLogger final : public Logger {
 public:
  void Write(LogRecord record) override {
    MutexLock lock(mutex_);
    lines_.push_back(absl::StrCat(LogLevelName(record.level), ": ", record.message));
  }
  std::vector<std::string> lines() {
    MutexLock lock(mutex_);
    return lines_;
  }

 private:
  Mutex mutex_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
};

// Gives a number of iterations to whoever asks.
class CountedSource final : public IterationSource {
 public:
  explicit CountedSource(int64_t iterations) : left_(iterations) {}
  bool Next(MonoTime, Iteration* iteration) override {
    const int64_t left = left_.fetch_sub(1);
    if (left <= 0) {
      return false;
    }
    iteration->in_instance = iteration->in_test = given_.fetch_add(1);
    return true;
  }
  void Ended(const Iteration&, IterationEnd end) override {
    ++(end == IterationEnd::kFull ? full : interrupted);
  }
  int64_t given() const { return given_; }
  std::atomic<int64_t> full{0}, interrupted{0};

 private:
  std::atomic<int64_t> left_;
  std::atomic<int64_t> given_{0};
};

class HostTest : public ::testing::Test {
 public:
  ~HostTest() override { Reset(); }

 protected:
  explicit HostTest(int workers = 2)
      : host_(TestEngine(), loop_, log_,
              {.workers = workers,
               .on_broken = [this](std::string message) { broken_ = std::move(message); }}) {}

  void File(const std::string& name, const std::string& text) {
    bundle_.files["file:///test/" + name] = text;
  }
  // The main script.
  void Script(const std::string& text, const std::string& name = "main.js") {
    bundle_.main_url = "file:///test/" + name;
    bundle_.working_directory = "file:///test/";
    File(name, text);
  }
  template <class Condition>
  void WaitUntil(Condition done) {
    lockstep::testing::TurnUntil(loop_, done);
  }
  // Runs the loop until `value` is there.
  template <class T>
  T Wait(std::optional<T>& value) {
    WaitUntil([&value] { return value.has_value(); });
    return std::exchange(value, std::nullopt).value();
  }

  ScriptResult<Inspection> Inspect() {
    std::optional<ScriptResult<Inspection>> result;
    host_.Inspect(
        bundle_, env_,
        [this](const std::string& url, auto done) {
          const auto found = remote_.find(url);
          if (found != remote_.end()) {
            done(found->second);
          } else {
            done(bundle_.missing[url] = absl::NotFoundError("no such file"));
          }
        },
        [&](ScriptResult<Inspection> r) { result = std::move(r); });
    return Wait(result);
  }
  ScriptResult<VuPool*> Prepare(int64_t vus) {
    std::optional<ScriptResult<VuPool*>> result;
    if (options_.scenarios.empty()) {
      options_.scenarios.emplace_back().name = "default";
    }
    RunConfig config{.options = options_,
                     .segment = segment_,
                     .plan = *PlanInstance(options_.scenarios, segment_),
                     .env = env_,
                     .max_vu_block = max_vu_block_};
    config.plan.planned_vus = vus;
    host_.Prepare(bundle_, std::move(config),
                  [&](ScriptResult<VuPool*> r) { result = std::move(r); });
    ScriptResult<VuPool*> prepared = Wait(result);
    pool_ = prepared.value.value_or(nullptr);
    return prepared;
  }
  // Of the last Prepare.
  VuPool& pool() { return *pool_; }
  // One VU runs `iterations` of the first scenario.
  void Iterate(int64_t iterations) {
    LentVu vu = TakeFor(std::make_shared<CountedSource>(iterations));
    ASSERT_TRUE(vu);
    std::optional<bool> idle;
    vu.Activate([&] { idle = true; });
    Wait(idle);
  }
  // A VU that works on the first scenario, or nothing if none is free.
  LentVu TakeFor(std::shared_ptr<IterationSource> source) {
    LentVu vu = pool().Take();
    if (vu) {
      vu.WorkOn(0, std::move(source));
    }
    return vu;
  }
  ScriptResult<std::string> RunSetup() {
    std::optional<ScriptResult<std::string>> result;
    host_.RunSetup([&](ScriptResult<std::string> r) { result = std::move(r); });
    return Wait(result);
  }
  ScriptResult<bool> RunTeardown() {
    std::optional<ScriptResult<bool>> result;
    host_.RunTeardown([&](ScriptResult<bool> r) { result = std::move(r); });
    return Wait(result);
  }
  ScriptResult<SummaryOutputs> Summarise(const std::string& data) {
    std::optional<ScriptResult<SummaryOutputs>> result;
    host_.RunHandleSummary(data, [&](ScriptResult<SummaryOutputs> r) { result = std::move(r); });
    return Wait(result);
  }
  void Reset() {
    std::optional<bool> done;
    host_.Reset([&] { done = true; });
    Wait(done);
  }
  // Runs `script` for `iterations` on one VU, and returns what it has logged.
  std::vector<std::string> LinesOf(const std::string& script, int64_t iterations = 1) {
    Script(script);
    const ScriptResult<VuPool*> prepared = Prepare(1);
    if (!prepared.value.has_value()) {
      return {prepared.failure.message};
    }
    Iterate(iterations);
    return log_.lines();
  }
  // The table of errors, over all workers: "2 x cause METHOD name".
  std::vector<std::string> Errors() {
    std::optional<std::vector<std::string>> sealed;
    host_.Seal(
        1, [](Batch&) {}, [&](std::vector<std::string> batches) { sealed = std::move(batches); });
    std::vector<std::string> errors;
    for (const std::string& encoded : Wait(sealed)) {
      const Batch batch = *DecodeBatch(encoded);
      for (const ErrorCount& error : batch.errors) {
        errors.push_back(
            absl::StrCat(error.count, " x ", error.cause, " ", error.method, " ", error.name));
      }
    }
    return errors;
  }
  // Sum of a counter, or the number of samples, over all series of all workers.
  double Total(MetricId metric) {
    std::optional<std::vector<std::string>> sealed;
    host_.Seal(
        1, [](Batch&) {}, [&](std::vector<std::string> batches) { sealed = std::move(batches); });
    double total = 0;
    for (const std::string& encoded : Wait(sealed)) {
      const Batch batch = *DecodeBatch(encoded);
      for (const SeriesDelta& series : batch.series) {
        if (batch.metrics[series.metric].name == names_.Get(metric).name) {
          total += series.aggregate.counter().sum();
        }
      }
    }
    return total;
  }

  EpollLoop loop_;
  LineLogger log_;
  std::string broken_;
  MetricRegistry names_;
  ScriptBundle bundle_;
  std::map<std::string, std::string> remote_;  // files that only a loader has
  std::map<std::string, std::string> env_;
  RunOptions options_;
  SegmentTuple segment_;
  absl::Duration max_vu_block_;  // 0: no limit
  VuPool* pool_ = nullptr;
  WorkerFleet host_;
};

}  // namespace lockstep::agent
