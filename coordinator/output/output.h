// Where results go besides the summary, one for each `-o name=argument`: single samples to files
// while a run is on (json, csv), measurements to servers (experimental-prometheus-rw, influxdb,
// opentelemetry, statsd), and reports at the end (github, junit, report, result).
//
// An output never slows a run: what goes to a server waits in a bounded buffer that another thread
// empties (coordinator/fetch/http_pusher.h), and what gets lost is counted and reported: in the log
// once it begins, in the status, and at the end in the summary, the verdict and the reports.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "common/base/clock.h"
#include "common/base/environment.h"
#include "common/health/judge.h"
#include "common/metrics/aggregate_store.h"
#include "common/metrics/batch.h"
#include "common/options/options.h"
#include "common/result/verdict.h"
#include "common/summary/summary.h"
#include "common/timeline/history.h"

namespace lockstep::coordinator {

// The file that an output writes.
struct OutputFile {
  std::string path;
  bool append = false;  // what is there stays
};

// The end of a run, for outputs that write reports.
struct RunReport {
  const Summary& summary;
  const AggregateStore& store;
  std::string script;  // as the user named it
  absl::Time begin;
  absl::Time end;
  // Whether the generator was a steady ruler.
  Judgement judgement = {};
  EndVerdict verdict = {};
  const History* history = nullptr;  // null: nobody wanted one
};

// Used on one thread.
class Output {
 public:
  virtual ~Output() = default;
  // "json (out.json)": what the head of a run's text says.
  virtual std::string Description() const = 0;
  // Whether agents have to send single samples for it.
  virtual bool wants_points() const { return false; }
  // Nothing: it writes to standard output or to a server.
  virtual std::optional<OutputFile> File() const { return std::nullopt; }
  // What can be told to be wrong with its settings, or to stand in the way of its file, before
  // anything is opened.
  virtual absl::Status Check() const { return absl::OkStatus(); }
  // Whether its report needs the run's history.
  virtual bool wants_history() const { return false; }
  // Opens what is to be written. The error names the file. Before the run starts.
  virtual absl::Status Start() = 0;
  // A batch that has just been merged. Write errors are kept for Stop.
  virtual void Write(const Batch& batch) = 0;
  // Writes out what is buffered: call it about once a second.
  virtual void Flush() = 0;
  // For another process that goes on with the run: how many bytes of its file are complete, after
  // Flush, which it goes on from (OutputContext::go_on_at); of a server's, how many samples have
  // not got through (LostBefore).
  virtual std::optional<int64_t> Written() const { return std::nullopt; }
  // There will be no more batches: begins to write out the rest, without waiting. All outputs are
  // told before one is waited for.
  virtual void BeginStop() {}
  // Flushes and closes; returns the first error if a file is not whole, which fails the run: what a
  // server has not taken is only told, by Lost. Waits for servers for a few seconds at most.
  virtual absl::Status Stop() = 0;
  // What Written() of a former process was. Before Start.
  virtual void LostBefore(int64_t /*samples*/) {}
  // What has not arrived, as a sentence for people; nullopt: nothing is missing. Before Stop: so
  // far, while it does not get through.
  virtual std::optional<std::string> Lost() const { return std::nullopt; }
  // After Stop, with the complete summary.
  virtual absl::Status Report(const RunReport& /*report*/) { return absl::OkStatus(); }
};

// InvalidArgument: all that is wrong with an output's argument and its settings.
using MadeOutput = absl::StatusOr<std::unique_ptr<Output>>;

struct OutputContext {
  // Writes text to the process's standard output, all of it or nothing. False: whoever reads it has
  // fallen behind too far, and there is no room to keep it.
  std::function<bool(absl::string_view)> write_stdout;
  // Where settings such as K6_CSV_TIME_FORMAT are.
  Environment environment;
  // System tags that are on: the tag columns of CSV. Sorted by the output.
  std::vector<std::string> system_tags;
  // By metric or submetric, "http_reqs{status:200}"; all of them are valid.
  std::map<std::string, std::vector<ThresholdConfig>> thresholds;
  const Clock* clock = nullptr;  // borrowed; of outputs that push at intervals
  std::string version;           // of Lockstep
  // Another process may go on with the run: what is flushed stands alone.
  bool may_outlive = false;
  // Another process has begun the file, of which so many bytes count.
  std::optional<int64_t> go_on_at = std::nullopt;
};

// The part of Lost()'s sentence about them: "5054 samples were lost with the former coordinator".
std::string LostBeforeText(int64_t samples);

// What is to be said where `spec`, said at the place `source`, calls the output by an old name,
// which k6 still takes.
std::optional<std::string> OldNameWarning(absl::string_view spec, absl::string_view source);

// `spec` is the argument of -o: "json=out.json.gz", "csv". InvalidArgument: `invalid output type
// 'x', available types are: ...`, or a malformed argument.
MadeOutput MakeOutput(absl::string_view spec, const OutputContext& context);

}  // namespace lockstep::coordinator
