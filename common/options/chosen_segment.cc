#include "common/options/chosen_segment.h"

#include "absl/strings/str_cat.h"

namespace lockstep {
namespace {

constexpr char kSegmentKey[] = "executionSegment";
constexpr char kSequenceKey[] = "executionSegmentSequence";

// Whether it is fit for use; if not, the reason is noted for `key`.
template <class T>
bool Accept(const char* key, const absl::StatusOr<T>& value, StringList* errors) {
  if (!value.ok()) {
    errors->push_back(absl::StrCat(key, ": ", value.status().message()));
  }
  return value.ok();
}

}  // namespace

std::optional<ChosenSegment> ChooseSegment(const RunOptions& options, StringList* errors) {
  const bool has_sequence = !options.execution_segment_sequence.empty();
  if (options.execution_segment.empty() && !has_sequence) {
    return std::nullopt;
  }
  const auto segment = ExecutionSegment::Parse(options.execution_segment);
  const auto sequence = SegmentSequence::Parse(options.execution_segment_sequence);
  const bool segment_ok = Accept(kSegmentKey, segment, errors);
  if (!Accept(kSequenceKey, sequence, errors) || !segment_ok) {
    return std::nullopt;
  }
  ChosenSegment chosen{has_sequence ? *sequence : SegmentSequence::Around(*segment)};
  const absl::StatusOr<size_t> index = chosen.sequence.Find(*segment);
  if (!Accept(kSegmentKey, index, errors)) {
    return std::nullopt;
  }
  chosen.index = *index;
  const auto tuple = SegmentTuple::Make(chosen.sequence, chosen.index);
  if (!Accept(has_sequence ? kSequenceKey : kSegmentKey, tuple, errors)) {
    return std::nullopt;
  }
  return chosen;
}

}  // namespace lockstep
