#include "common/schedule/arrival_times.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace lockstep {
namespace {

constexpr int64_t kMost = int64_t{1}
                          << 62;  // of nanoseconds, of starts, and of a rate per time unit

absl::StatusOr<int64_t> Nanos(absl::string_view what, absl::Duration duration) {
  if (duration < absl::ZeroDuration() || duration > absl::Nanoseconds(kMost)) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": must be between 0 and 146 years, got ",
                                                   absl::FormatDuration(duration)));
  }
  return absl::ToInt64Nanoseconds(duration);
}

absl::Status CheckRate(absl::string_view what, int64_t rate) {
  if (rate < 0 || rate > kMost) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": must be between 0 and 2^62, got ", rate));
  }
  return absl::OkStatus();
}

// The time t after which a rate line from r0 to r1 over d has covered `area` / 2, that is r0*t +
// (r1-r0)*t*t/(2d) = area / 2, in the form that neither divides by (r1 - r0) nor subtracts
// near-equal numbers: t = area / (r0 + sqrt(r0^2 + area * (r1 - r0) / d)). What stands under the
// root is worked out in integers, because on a ramp down to zero it comes near zero itself, where
// an error in the last bit would show.
int64_t NanosToReach(absl::int128 area, int64_t r0, int64_t r1, int64_t d) {
  if (r0 == r1) {
    const absl::int128 twice = absl::int128(r0) * 2;
    return static_cast<int64_t>((area + r0) / twice);
  }
  constexpr int64_t kExact = int64_t{1} << 31;  // squares times nanoseconds fit into 128 bits
  double under_root = 0;
  if (r0 < kExact && r1 < kExact) {
    const absl::int128 times_d = absl::int128(r0) * r0 * d + area * (r1 - r0);
    under_root = static_cast<double>(times_d) / static_cast<double>(d);
  } else {
    under_root =
        static_cast<double>(r0) * static_cast<double>(r0) +
        static_cast<double>(area) * (static_cast<double>(r1 - r0) / static_cast<double>(d));
  }
  const double t =
      static_cast<double>(area) / (static_cast<double>(r0) + std::sqrt(std::max(0.0, under_root)));
  return static_cast<int64_t>(std::min(std::round(t), static_cast<double>(kMost)));
}

}  // namespace

absl::StatusOr<ArrivalTimes> ArrivalTimes::Constant(int64_t rate, absl::Duration time_unit,
                                                    absl::Duration duration) {
  LOCKSTEP_RETURN_IF_ERROR(CheckRate("rate", rate));
  LOCKSTEP_RETURN_IF_ERROR(Nanos("duration", duration).status());
  LOCKSTEP_ASSIGN_OR_RETURN(ArrivalTimes times, Make(rate, time_unit, {{duration, rate}}));
  times.area_of_first_ = 0;
  const absl::int128 per_start = absl::int128(times.time_unit_ns_) * 2;
  times.total_ =
      static_cast<int64_t>((times.stages_.back().area_after + per_start - 1) / per_start);
  return times;
}

absl::StatusOr<ArrivalTimes> ArrivalTimes::Ramping(int64_t start_rate, absl::Duration time_unit,
                                                   const std::vector<LinearStage>& stages) {
  LOCKSTEP_RETURN_IF_ERROR(CheckRate("startRate", start_rate));
  if (stages.empty()) {
    return absl::InvalidArgumentError("stages: at least one stage has to be specified");
  }
  LOCKSTEP_ASSIGN_OR_RETURN(ArrivalTimes times, Make(start_rate, time_unit, stages));
  times.area_of_first_ = 1;
  times.total_ = static_cast<int64_t>(times.stages_.back().area_after /
                                      (absl::int128(times.time_unit_ns_) * 2));
  return times;
}

absl::StatusOr<ArrivalTimes> ArrivalTimes::Make(int64_t start_rate, absl::Duration time_unit,
                                                const std::vector<LinearStage>& stages) {
  ArrivalTimes times;
  LOCKSTEP_ASSIGN_OR_RETURN(times.time_unit_ns_, Nanos("timeUnit", time_unit));
  if (times.time_unit_ns_ == 0) {
    return absl::InvalidArgumentError("timeUnit: must be at least 1ns, got 0");
  }
  const absl::int128 most_area = absl::int128(times.time_unit_ns_) * 2 * (kMost - 1);
  StageSum sum{0, 0, start_rate, start_rate, 0, 0};
  for (size_t i = 0; i < stages.size(); ++i) {
    const std::string what = absl::StrCat("stages[", i, "]");
    LOCKSTEP_ASSIGN_OR_RETURN(const int64_t span_ns, Nanos(what + ".duration", stages[i].duration));
    LOCKSTEP_RETURN_IF_ERROR(CheckRate(what + ".target", stages[i].target));
    sum.start_ns = sum.end_ns;
    sum.from = sum.to;
    sum.to = stages[i].target;
    sum.area_before = sum.area_after;
    const absl::int128 area =
        absl::int128(span_ns) * (absl::int128(sum.from) + absl::int128(sum.to));
    if (span_ns > kMost - sum.start_ns || area > most_area - sum.area_before) {
      return absl::InvalidArgumentError("stages: more than 2^62 iterations or nanoseconds");
    }
    sum.end_ns = sum.start_ns + span_ns;
    sum.area_after = sum.area_before + area;
    times.stages_.push_back(sum);
  }
  return times;
}

absl::Duration ArrivalTimes::StartOf(int64_t index) const {
  LOCKSTEP_DCHECK(index >= 0 && index < total_);
  const absl::int128 wanted = (absl::int128(index) + area_of_first_) * time_unit_ns_ * 2;
  if (wanted == 0) {
    return absl::ZeroDuration();
  }
  const auto stage = std::lower_bound(
      stages_.begin(), stages_.end(), wanted,
      [](const StageSum& sum, const absl::int128& area) { return sum.area_after < area; });
  LOCKSTEP_CHECK(stage != stages_.end());
  const int64_t span = stage->end_ns - stage->start_ns;
  const int64_t within = NanosToReach(wanted - stage->area_before, stage->from, stage->to, span);
  return absl::Nanoseconds(stage->start_ns + std::min(within, span));
}

int64_t ArrivalTimes::CountBefore(absl::Duration offset) const {
  int64_t before = 0;      // these are
  int64_t after = total_;  // these are not
  while (before < after) {
    const int64_t middle = before + (after - before) / 2;
    if (StartOf(middle) < offset) {
      before = middle + 1;
    } else {
      after = middle;
    }
  }
  return before;
}

double ArrivalTimes::RatePerSecondAt(absl::Duration offset) const {
  const int64_t at =
      std::clamp<int64_t>(absl::ToInt64Nanoseconds(offset), 0, stages_.back().end_ns);
  const auto stage =
      std::lower_bound(stages_.begin(), stages_.end(), at,
                       [](const StageSum& sum, int64_t nanos) { return sum.end_ns < nanos; });
  const int64_t span = stage->end_ns - stage->start_ns;
  const double part =
      span == 0 ? 1.0 : static_cast<double>(at - stage->start_ns) / static_cast<double>(span);
  const double per_unit =
      static_cast<double>(stage->from) +
      part * (static_cast<double>(stage->to) - static_cast<double>(stage->from));
  return per_unit * 1e9 / static_cast<double>(time_unit_ns_);
}

SegmentArrivals::SegmentArrivals(const ArrivalTimes& times, SegmentTuple segment, int64_t first)
    : times_(&times),
      segment_(std::move(segment)),
      first_(first),
      total_(segment_.Scale(std::max<int64_t>(times.total() - first, 0))) {}

std::optional<SegmentArrivals::Start> SegmentArrivals::Next() {
  if (next_ >= total_) {
    return std::nullopt;
  }
  const int64_t in_test = first_ + segment_.Unscale(next_);
  return Start{next_++, in_test, times_->StartOf(in_test)};
}

}  // namespace lockstep
