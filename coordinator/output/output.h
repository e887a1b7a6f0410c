// Where single samples go while a run is on: `-o json=file`, `-o csv=file`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "common/metrics/batch.h"

namespace lockstep::coordinator {

// Used on one thread.
class Output {
 public:
  virtual ~Output() = default;
  // "json (out.json)": what the head of a run's text says.
  virtual std::string Description() const = 0;
  // Opens what is to be written. The error names the file. Before the run starts.
  virtual absl::Status Start() = 0;
  // A batch, merged just before. Write errors are kept for Stop.
  virtual void Write(const Batch& batch) = 0;
  // Writes out what is buffered: call it about once a second.
  virtual void Flush() = 0;
  // Flushes and closes; the first error there was.
  virtual absl::Status Stop() = 0;
};

struct OutputContext {
  // Writes text to the process's standard output.
  std::function<void(absl::string_view)> write_stdout;
  // An environment variable, such as K6_CSV_TIME_FORMAT; nullopt: not set.
  std::function<std::optional<std::string>(absl::string_view)> getenv;
  // System tags that are on: the tag columns of CSV. Sorted by the output.
  std::vector<std::string> system_tags;
};

// `spec` is the argument of -o: "json=out.json.gz", "csv". InvalidArgument: `invalid output type
// 'x', available types are: ...`, or a malformed argument.
absl::StatusOr<std::unique_ptr<Output>> MakeOutput(absl::string_view spec,
                                                   const OutputContext& context);

}  // namespace lockstep::coordinator
