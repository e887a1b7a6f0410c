#include "common/options/chosen_segment.h"

#include "absl/strings/str_cat.h"

namespace lockstep {
namespace {

// Whether it is fit for use; if not, the reason is noted for the option `name`.
template <class T>
bool Accept(const std::string& name, const absl::StatusOr<T>& value, StringList* errors) {
  if (!value.ok()) {
    errors->push_back(absl::StrCat(name, ": ", value.status().message()));
  }
  return value.ok();
}

}  // namespace

std::optional<ChosenSegment> ChooseSegment(const RunOptions& options, StringList* errors,
                                           const OptionSources& sources) {
  const std::string segment_name = NameOf("executionSegment", sources);
  const std::string sequence_name = NameOf("executionSegmentSequence", sources);
  const bool has_sequence = !options.execution_segment_sequence.empty();
  if (options.execution_segment.empty() && !has_sequence) {
    return std::nullopt;
  }
  const auto segment = ExecutionSegment::Parse(options.execution_segment);
  const auto sequence = SegmentSequence::Parse(options.execution_segment_sequence);
  const bool segment_ok = Accept(segment_name, segment, errors);
  if (!Accept(sequence_name, sequence, errors) || !segment_ok) {
    return std::nullopt;
  }
  ChosenSegment chosen{has_sequence ? *sequence : SegmentSequence::Around(*segment)};
  const absl::StatusOr<size_t> index = chosen.sequence.Find(*segment);
  if (!Accept(segment_name, index, errors)) {
    return std::nullopt;
  }
  chosen.index = *index;
  const auto tuple = SegmentTuple::Make(chosen.sequence, chosen.index);
  if (!Accept(has_sequence ? sequence_name : segment_name, tuple, errors)) {
    return std::nullopt;
  }
  return chosen;
}

}  // namespace lockstep
