// What a Run needs from the rest of the coordinator: where the script and its plan come from, and
// where results go. Implemented in coordinator/app with the options, plan, metrics and threshold
// libraries; by fakes in tests.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lockstep/v1/control.pb.h"
#include "lockstep/v1/status.pb.h"

#include "common/segment/execution_segment.h"
#include "coordinator/core/delivered.h"
#include "coordinator/core/vu_leases.h"

namespace lockstep::coordinator {

// Totals over the fleet of an externally controlled scenario.
struct ControlledVus {
  int64_t vus = 0;
  int64_t max_vus = 0;
};

// One agent's part of a test, by plan.
struct AgentShare {
  struct Scenario {
    std::string name;
    int64_t iterations = -1;  // -1: not known beforehand
    int64_t max_vus = 0;
    bool at_a_rate = false;  // VUs are allocated when the rate needs them
  };
  std::vector<Scenario> scenarios;
  int64_t max_vus = 0;  // at once, over all scenarios
};

// What one run of a script is to do, decided from its options.
struct TestPlan {
  std::string options_json = "{}";  // canonical
  // The part of the test that the whole fleet runs, cut among its agents. Without a user's
  // --execution-segment: empty, and the run cuts the whole by the agents' weights.
  std::optional<SegmentSequence> sequence;
  size_t segment_index = 0;  // of `sequence`, for the only agent
  Partition partition = Partition::kStriped;
  // What an agent with this segment has to do. Unset: not known, and rps is divided by the
  // segments' lengths, otherwise by VUs.
  std::function<AgentShare(const SegmentTuple&)> share_of;
  // How many iterations the schedules give to this segment between two instants after T0, by
  // scenario as in AgentShare, if it was cut at the first one; -1: no schedule. Unset: not known.
  std::function<std::vector<int64_t>(const SegmentTuple&, absl::Duration from, absl::Duration to)>
      starts_between;
  // What all agents have to do together, set once the load begins where work moves.
  AgentShare whole;
  std::map<std::string, int64_t> pools;    // scenarios whose iterations the VUs share
  std::map<std::string, VuWork> vu_bound;  // scenarios whose VUs have iterations of their own
  int64_t rps = 0;                         // of the whole test; 0: no limit
  bool has_setup = false;                  // and is to be called
  bool has_teardown = false;
  bool has_handle_summary = false;
  bool paused = false;  // wait for Resume before T0
  // Externally controlled scenarios and the totals they begin with: what can be scaled while it
  // runs.
  std::map<std::string, ControlledVus> controlled;
  // How long the script's functions may take.
  absl::Duration setup_timeout;
  absl::Duration teardown_timeout;
  absl::Duration handle_summary_timeout;
  absl::Duration length;         // from T0, graceful stops included; infinite: until stopped
  absl::Duration graceful_stop;  // the longest of all scenarios
  bool keep_points = false;      // an output wants single samples
  std::map<std::string, std::string> executors;  // scenario -> its executor's name
};

struct ScriptSource {
  std::string main_url;           // "file:///dir/script.js"
  std::string working_directory;  // "file:///dir/"
  std::string text;
  bool base_mode = false;  // k6's compatibility mode "base", in which there is no `global`
};

class TestSource {
 public:
  virtual ~TestSource() = default;
  virtual const ScriptSource& script() const = 0;
  // The content of a file that the script imports or opens, or a secret (common/base/secrets.h).
  // `done` is called on the loop, at once or later.
  virtual void Fetch(const std::string& url,
                     absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) = 0;
  // Merges and judges the options. The error's message is for people; the run then ends with its
  // ExitCodeOf.
  virtual absl::StatusOr<TestPlan> MakePlan(const v1::Inspected& inspected) = 0;
};

class RunResults {
 public:
  virtual ~RunResults() = default;
  // Merges one agent's next batch. InvalidArgument if it cannot be decoded.
  struct Merged {
    std::vector<Delivered> delivered;  // by it
    absl::Time until;                  // its end
  };
  virtual absl::StatusOr<Merged> Merge(const std::string& agent, absl::string_view batch) = 0;
  // One sample each of `vus` and `vus_max`: once a second.
  virtual void AddVus(int64_t vus, int64_t vus_max) = 0;
  // Judges the thresholds, once a second; what was measured until `measured` after T0 has been
  // merged. The reason to stop, if one with abortOnFail is crossed.
  virtual std::optional<std::string> CheckThresholds(absl::Duration measured) = 0;
  // Judges them for the last time. The reason to fail, if any is crossed.
  virtual std::optional<std::string> FinalThresholds(absl::Duration elapsed) = 0;
  // What handleSummary gets, as JSON.
  virtual std::string SummaryData(absl::Duration elapsed, const v1::SetupValue& setup) = 0;
  virtual void DescribeThresholds(v1::RunStatus* status) const = 0;
};

}  // namespace lockstep::coordinator
