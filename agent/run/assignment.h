// An agent's part of a run, as the coordinator assigns it: brings the script's files here, and
// reads what it says. Loop-bound.
#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lockstep/v1/control.pb.h"

#include "agent/run/file_fetcher.h"
#include "agent/run/script_host.h"
#include "common/options/options.h"
#include "common/segment/execution_segment.h"

namespace lockstep::agent {

class Assignment {
 public:
  // Reads the canonical JSON of consolidated options.
  using OptionsReader = absl::AnyInvocable<absl::StatusOr<Options>(absl::string_view json)>;
  // `files` is borrowed and outlives this.
  Assignment(FileFetcher& files, OptionsReader read_options)
      : files_(files), read_options_(std::move(read_options)) {}

  // What the options and the segments themselves do not tell. InvalidArgument: numbers that cannot
  // be.
  static absl::Status Validate(const v1::Assign& assign);
  // From now on it is this one. Brings the files that inspection has not brought here, one after
  // another; `done` is called when all are there and right, or with what is wrong.
  void Take(const v1::Assign& assign, absl::AnyInvocable<void(absl::Status)> done);

  const v1::Assign& assign() const { return assign_; }
  // All of its files. Once they are there.
  ScriptBundle Bundle() const;
  // What Prepare needs of it. InvalidArgument: what makes no sense of it.
  absl::StatusOr<RunConfig> ReadConfig();
  // Another part of the same work.
  absl::StatusOr<SegmentTuple> ReadSegment(const std::string& sequence, int32_t index) const;
  // An agent that comes while the test runs numbers its iterations above all others'. 0: it was
  // there from the start.
  int64_t first_number() const;

 private:
  void FetchNextFile();
  absl::Status VerifyBundle() const;

  FileFetcher& files_;
  OptionsReader read_options_;
  v1::Assign assign_;
  absl::AnyInvocable<void(absl::Status)> done_;
  int next_file_ = 0;
  uint64_t generation_ = 0;  // of assignments
};

}  // namespace lockstep::agent
