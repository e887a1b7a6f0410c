// What the API's modules need of the VU whose script calls them. The VU layer implements it; a test
// stands in for it with a loop of its own. Everything happens on the VU's worker, and while the
// VU's script runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

#include "agent/data/row_dealer.h"
#include "agent/http/client.h"
#include "agent/http/cookie_jar.h"
#include "agent/js/bind/functions.h"
#include "common/base/event_loop.h"
#include "common/base/log.h"
#include "common/metrics/sample_sink.h"
#include "common/options/options.h"
#include "common/options/system_tags.h"

namespace lockstep::agent {

// The scenario that a VU works for.
struct ScenarioFacts {
  std::string name;
  std::string executor;  // "ramping-vus"
  absl::Time start;
  double progress = 0;  // of its schedule, 0 to 1
  int64_t iteration_in_instance = 0;
  int64_t iteration_in_test = 0;
};

// This agent's part of the run.
struct InstanceFacts {
  absl::Duration running;  // since the start of the test
  int64_t iterations_completed = 0;
  int64_t iterations_interrupted = 0;
  int64_t vus_active = 0;
  int64_t vus_initialized = 0;
};

// The VU itself; iterations count from 0.
struct VuFacts {
  int64_t id_in_instance = 0;
  int64_t id_in_test = 0;
  int64_t iteration_in_instance = 0;
  int64_t iteration_in_scenario = 0;
};

// What a module keeps for one VU and one world of its script.
class VuPart {
 public:
  virtual ~VuPart() = default;
  virtual void BeginIteration() {}
  // Also after an interrupted one. What still runs is abandoned.
  virtual void EndIteration() {}
};

class GrpcEngine;
class PendingPromises;

// What an event that waits for the script's turn costs beside its text, as limits on them count it.
inline constexpr size_t kWaitingEventBytes = 256;

class ApiVu {
 public:
  // See ContextSlot (agent/js/bind).
  static constexpr int kContextSlot = kApiVuSlot;
  using Task = absl::AnyInvocable<void()>;

  ApiVu();
  virtual ~ApiVu();

  // Whether the init code is running: then there are no requests and no samples, but metrics and
  // shared arrays are made.
  virtual bool in_init() const = 0;
  virtual const RunOptions& options() const = 0;
  virtual const SystemTags& system_tags() const = 0;
  virtual Logger& logger() = 0;
  // Warns of something in the script that is the same for all VUs, once an agent, however many say
  // it; of the init code, once a run.
  virtual void WarnOnce(const std::string& message) = 0;
  // Where "file:///dir/main.ts:3:9", a place in what V8 runs, is in the script's source.
  virtual std::string SourcePlace(const std::string& place) = 0;
  virtual EventLoop& loop() = 0;

  virtual SampleSink& sink() = 0;
  // The tags of samples now: the test's, the scenario's, the VU's own, and the group.
  virtual const TagSet& tags() const = 0;
  virtual void set_tags(TagSet tags) = 0;
  // The path of the present group, "::outer::inner", "" outside of groups; setting it sets the tag,
  // if it is wanted.
  virtual const std::string& group() const = 0;
  virtual void SetGroup(std::string path) = 0;
  // Counts into data_sent and data_received of the iteration.
  virtual void CountBytes(int64_t sent, int64_t received) = 0;

  // Stops the script: `start` is called with a function that, called on the loop, lets it go on.
  // False when the VU was interrupted meanwhile: return to V8 at once.
  virtual bool Park(absl::FunctionRef<void(Task wake)> start) = 0;
  // Announces something that will call back: the iteration does not end before it has. The result
  // runs `task`, once, as an event of the script's own (with microtasks after it); it may be called
  // in any turn of the loop, or dropped.
  virtual absl::AnyInvocable<void(Task task)> Expect() = 0;

  // Nothing outside of scenarios: in the init code, setup(), teardown() and handleSummary().
  virtual std::optional<ScenarioFacts> scenario() const = 0;
  virtual InstanceFacts instance() const = 0;
  virtual VuFacts vu() const = 0;
  // The consolidated options, as JSON.
  virtual std::string options_json() const = 0;
  // exec.test.abort: stops the test and interrupts this script; return to V8 at once.
  virtual void AbortTest(std::string message) = 0;
  // exec.test.fail, whose message has been logged: the run ends as failed, the script goes on.
  virtual void FailTest() = 0;

  // With the option intendedLatency, in an iteration that has a schedule: how late it started, for
  // the first request that asks, and zero for the iteration's others. Otherwise nothing.
  virtual std::optional<absl::Duration> TakeLateness() { return std::nullopt; }

  // This agent's part of the test: how what is dealt out over the fleet is divided.
  virtual const SegmentTuple& segment() const = 0;
  // That part may change, and the agent end before the test.
  virtual bool work_moves() const = 0;
  // Asks the coordinator for the next rows of the fleet's queue `name`. They come to the dealer,
  // which lives as long as the run, on any thread; or, if the run ends, never.
  virtual void LeaseRows(const std::string& name, RowDealer& dealer) = 0;

  // Asks the coordinator for the secret at `url` (common/base/secrets.h). `done` is called on the
  // loop, not as an event of the script's own; or it is dropped there, when the script is
  // interrupted.
  virtual void GetSecret(std::string url,
                         absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) = 0;

  virtual HttpClient& http() = 0;
  virtual ConnectionPool& connections() = 0;
  // The worker's, made when it is first asked for.
  virtual GrpcEngine& grpc() = 0;

  // The VU's cookies: those of the iteration, unless the option noCookiesReset is set. Scripts may
  // hold on to a jar.
  const std::shared_ptr<CookieJar>& jar() const { return jar_; }

  // The promises that the script waits for without standing still. They are forgotten as parts are
  // told that the iteration is over.
  PendingPromises& promises();
  // Whether the script, at the place where it is now, is to be warned of what has the hash `what`:
  // not if it has been before, as far as this VU knows. To look the place up is dear: where that
  // brought nothing new for a while, it is done now and then only.
  bool IsNewWarning(size_t what);
  // Adds a row to the table of errors, now.
  void AddError(absl::string_view cause, absl::string_view method, absl::string_view name) {
    sink().AddError(cause, method, name, loop().clock().Wall());
  }

  // For modules: what they keep, in the order in which they were made.
  void Keep(std::unique_ptr<VuPart> part) { parts_.push_back(std::move(part)); }
  // For the VU, inside its isolate: around each iteration, and before the world is destroyed.
  void BeginIteration() {
    if (!options().no_cookies_reset) {
      jar_ = std::make_shared<CookieJar>();
    }
    for (const std::unique_ptr<VuPart>& part : parts_) {
      part->BeginIteration();
    }
  }
  void EndIteration();
  void ReleaseParts();

 private:
  std::vector<std::unique_ptr<VuPart>> parts_;
  std::unique_ptr<PendingPromises> promises_;  // made with the first
  struct Warning {
    int64_t calls = 0;                   // since there was a new place
    absl::flat_hash_set<size_t> places;  // CallSiteNumber
  };
  absl::flat_hash_map<size_t, Warning> warnings_;
  std::shared_ptr<CookieJar> jar_ = std::make_shared<CookieJar>();
};

// Warns of something in the script's present call that is without effect, or has another one than
// was meant: once a place, which the message begins with.
void WarnOfCall(ApiVu& vu, absl::string_view message);
// Likewise of an option or an event that there is not, which has no effect: `where` is "k6/x/icmp",
// `what` "option".
void WarnOfUnknown(ApiVu& vu, absl::string_view where, absl::string_view what,
                   absl::string_view name, const std::vector<std::string>& known);

// Throws, and returns true, in the init code, where `what` is not supported.
bool RefusedInInit(ApiVu& vu, v8::Isolate* isolate, absl::string_view what);

// Stops the script until `start` has had the function called that it gets, on the loop; what it was
// called with. Nothing where the VU was interrupted meanwhile: return to V8 at once, with what was
// started.
template <class Result, class Start>
std::optional<Result> ParkFor(ApiVu& vu, Start start) {
  std::optional<Result> result;
  const bool resumed = vu.Park([&](ApiVu::Task wake) {
    start([&result, wake = std::move(wake)](Result got) mutable {
      result = std::move(got);
      wake();
    });
  });
  return resumed ? std::move(result) : std::nullopt;
}

// Makes a module of `vu` and `more`, all of which outlive the context, and leaves it to `vu`;
// returns its exports.
template <class Module, class... More>
v8::Local<v8::Object> MakeModule(Context context, ApiVu& vu, More&&... more) {
  auto module = std::make_unique<Module>(vu, std::forward<More>(more)...);
  const v8::Local<v8::Object> exports = module->MakeExports(context);
  vu.Keep(std::move(module));
  return exports;
}

}  // namespace lockstep::agent
