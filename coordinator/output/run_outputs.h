// All outputs of a run as one: each -o of the command line gets every batch and is told of the end.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "common/base/log.h"
#include "common/options/tiers.h"
#include "coordinator/output/output.h"

namespace lockstep::coordinator {

// An output that is asked for.
struct OutputSpec {
  // As the argument of -o.
  OutputSpec(std::string given);  // NOLINT(google-explicit-constructor): it is one in most places
  OutputSpec(const char* given);  // NOLINT(google-explicit-constructor): likewise
  OutputSpec(std::string given, std::string from)
      : text(std::move(given)), source(std::move(from)) {}
  // One of several at a place: "-o json", "lockstep.yaml: out: json".
  static OutputSpec OneOf(const Setting& said);

  std::string text;  // "json=out.json"
  std::string
      source;  // "-o json", or the flag or variable that stands for it: all messages begin with it
};

// What is wrong with the specs, a line for each that is; opens nothing but a file that is appended
// to.
std::vector<std::string> MistakesIn(const std::vector<OutputSpec>& specs,
                                    const OutputContext& context);

// The files that these outputs write, each with its source.
std::vector<std::pair<std::string, OutputFile>> FilesOf(const std::vector<OutputSpec>& specs,
                                                        const OutputContext& context);

// Used on one thread.
class RunOutputs {
 public:
  // Opens an output for each spec, before the run. Unavailable, with a line for each that cannot be
  // opened; the run must not start then. `written`: by a spec's text, what Written() said of files
  // that are gone on with.
  absl::Status Start(const std::vector<OutputSpec>& specs, const OutputContext& context,
                     const std::map<std::string, int64_t>& written = {});

  // What the head of a run's text says, one for each output.
  std::vector<std::string> Descriptions() const;
  // Whether agents have to send single samples.
  bool want_points() const;
  // Whether a report needs the run's history.
  bool want_history() const;

  void Write(const Batch& batch);
  void Flush();
  // After Flush: by a spec's text, the bytes of files that another process may go on with.
  std::map<std::string, int64_t> Written() const;
  // What has not arrived so far, or after Stop at all: a sentence for each output that lacks
  // something.
  std::vector<std::string> Lost() const;
  // Logs that an output does not get through, once for each.
  void TellOfTrouble(Logger& logger);
  // After the last batch: writes out the rest and waits a few seconds at most. Errors go to the
  // log; so does what has been lost.
  void Stop(Logger& logger);
  // After Stop: not OK, with the first reason, if a sample that was to be in a file is not there.
  const absl::Status& files() const { return files_; }
  // After Stop. Errors go to the log; the first one is returned.
  absl::Status Report(const RunReport& report, Logger& logger);

 private:
  std::vector<std::unique_ptr<Output>> outputs_;
  std::vector<OutputSpec> specs_;  // of the same
  std::vector<bool> troubled_;     // of the same: that was logged
  absl::Status files_;
};

}  // namespace lockstep::coordinator
