#include "agent/run/assignment.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/content_hash.h"
#include "common/base/status_macros.h"
#include "common/options/consolidate.h"
#include "common/options/options_json.h"
#include "common/plan/plan.h"

namespace lockstep::agent {
namespace {

// Of an agent that comes while the test runs: its VUs' numbers in the test, and its iterations',
// are above all others'. VUs are at most kMostVus; and scripts count exactly to 2^53.
constexpr int64_t kIdsOfOne = int64_t{1} << 27;
constexpr int64_t kNumbersOfOne = int64_t{1} << 40;
constexpr uint32_t kMostLate = 1 << 12;
constexpr int kLastStatusCode = static_cast<int>(absl::StatusCode::kUnauthenticated);

}  // namespace

absl::Status Assignment::Validate(const v1::Assign& assign) {
  if (assign.segment_index() < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("assign.segment_index: must be >= 0, got ", assign.segment_index()));
  }
  if (!v1::Assign::Partition_IsValid(assign.partition())) {
    return absl::InvalidArgumentError(absl::StrCat("assign.partition: must be a known one, got ",
                                                   static_cast<int>(assign.partition())));
  }
  if (assign.joined_late() > kMostLate) {
    return absl::InvalidArgumentError(absl::StrCat("assign.joined_late: must be at most ",
                                                   kMostLate, ", got ", assign.joined_late()));
  }
  if (!(assign.rps_share() >= 0) || std::isinf(assign.rps_share())) {
    return absl::InvalidArgumentError(
        absl::StrCat("assign.rps_share: must be >= 0 and finite, got ", assign.rps_share()));
  }
  for (const v1::MissingFile& file : assign.missing_files()) {
    if (file.error_code() < 1 || file.error_code() > kLastStatusCode) {
      return absl::InvalidArgumentError(absl::StrCat("assign.missing_files: the error code of ",
                                                     file.url(), " must be 1 to ", kLastStatusCode,
                                                     ", got ", file.error_code()));
    }
  }
  return absl::OkStatus();
}

void Assignment::Take(const v1::Assign& assign, absl::AnyInvocable<void(absl::Status)> done) {
  ++generation_;  // files for an assignment before it may still be on their way
  assign_ = assign;
  done_ = std::move(done);
  next_file_ = 0;
  FetchNextFile();
}

void Assignment::FetchNextFile() {
  while (next_file_ < assign_.files_size()) {
    const v1::BundleFile& file = assign_.files(next_file_);
    auto kept = files_.files().find(file.url());
    if (kept != files_.files().end() && Sha256(kept->second) != file.sha256()) {
      files_.Forget(file.url());  // another content than the bundle's
      kept = files_.files().end();
    }
    if (kept == files_.files().end()) {
      files_.Fetch(file.url(),
                   [this, generation = generation_](const absl::StatusOr<std::string>& content) {
                     if (generation != generation_) {
                       return;
                     }
                     if (!content.ok()) {
                       done_(content.status());
                       return;
                     }
                     ++next_file_;
                     FetchNextFile();
                   });
      return;
    }
    ++next_file_;
  }
  done_(VerifyBundle());
}

absl::Status Assignment::VerifyBundle() const {
  BundleHash hash;
  for (const v1::BundleFile& file : assign_.files()) {
    const std::string& content = files_.files().at(file.url());
    std::string sha256 = Sha256(content);
    if (sha256 != file.sha256() || static_cast<int64_t>(content.size()) != file.size_bytes()) {
      return absl::DataLossError(
          absl::StrCat("the content of ", file.url(), " does not match its hash"));
    }
    hash.Add(file.url(), file.size_bytes(), sha256);
  }
  if (hash.Digest() != assign_.bundle_sha256()) {
    return absl::DataLossError("the bundle of the script's files does not match its hash");
  }
  return absl::OkStatus();
}

ScriptBundle Assignment::Bundle() const {
  ScriptBundle bundle{.main_url = assign_.main_url(),
                      .working_directory = assign_.working_directory(),
                      .files = {},
                      .base_mode = assign_.base_mode()};
  for (const v1::BundleFile& file : assign_.files()) {
    bundle.files[file.url()] = files_.files().at(file.url());
  }
  for (const v1::MissingFile& file : assign_.missing_files()) {
    bundle.missing[file.url()] =
        absl::Status(static_cast<absl::StatusCode>(file.error_code()), file.error());
  }
  return bundle;
}

absl::StatusOr<SegmentTuple> Assignment::ReadSegment(const std::string& sequence,
                                                     int32_t index) const {
  if (index < 0) {
    return absl::InvalidArgumentError(absl::StrCat("segment_index: must be >= 0, got ", index));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const SegmentSequence parsed, SegmentSequence::Parse(sequence));
  return SegmentTuple::Make(
      parsed, static_cast<size_t>(index),
      assign_.partition() == v1::Assign::FAIR ? Partition::kFair : Partition::kStriped);
}

absl::StatusOr<RunConfig> Assignment::ReadConfig() {
  RunConfig config;
  LOCKSTEP_ASSIGN_OR_RETURN(const Options options, read_options_(assign_.options_json()));
  config.options = Settle(options);
  config.options_json = ToInspectJson(options).dump();
  LOCKSTEP_ASSIGN_OR_RETURN(config.segment,
                            ReadSegment(assign_.segment_sequence(), assign_.segment_index()));
  LOCKSTEP_ASSIGN_OR_RETURN(config.plan, PlanInstance(config.options.scenarios, config.segment));
  config.env = {assign_.env().begin(), assign_.env().end()};
  config.rps_share = assign_.rps_share();
  config.work_moves = assign_.work_moves();
  config.keep_points = assign_.keep_points();
  config.max_vu_block = absl::Nanoseconds(assign_.max_vu_block_ns());
  config.first_vu_id = assign_.joined_late() * kIdsOfOne;
  return config;
}

int64_t Assignment::first_number() const {
  return assign_.joined_late() * kNumbersOfOne;
}

}  // namespace lockstep::agent
