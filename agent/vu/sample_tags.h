// The tags that a run's samples have by themselves, before a script or a request adds its own. The
// one place that knows their order. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "common/metrics/sample_sink.h"
#include "common/options/options.h"
#include "common/options/system_tags.h"

namespace lockstep::agent {

// The test's tags, over them those of `scenario` (null: none, as in setup), and over all the system
// tags that the test wants: `scenario`, and `vu`, which is metadata (there are too many values for
// series of them), the number in the whole test, and left out where nobody keeps single samples.
TagSet SampleTags(SampleSink& sink, const RunOptions& options, const SystemTags& system_tags,
                  const ScenarioConfig* scenario, std::optional<int64_t> vu_id_in_test);

}  // namespace lockstep::agent
