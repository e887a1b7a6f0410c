// The part of a test that --execution-segment and --execution-segment-sequence name.
#pragma once

#include <cstddef>
#include <optional>

#include "common/options/options.h"
#include "common/options/parse.h"
#include "common/segment/execution_segment.h"

namespace lockstep {

struct ChosenSegment {
  SegmentSequence sequence;
  size_t index = 0;  // of the part, in `sequence`
};

// Nothing: no part was chosen, and the test is run whole; or one that cannot be, with messages that
// begin with the option's name added to `errors`.
std::optional<ChosenSegment> ChooseSegment(const RunOptions& options, StringList* errors,
                                           const OptionSources& sources = {});

}  // namespace lockstep
