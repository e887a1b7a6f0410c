// `-o json`: one JSON object a line: each metric before its first sample, then its samples.
#pragma once

#include "absl/strings/string_view.h"

#include "coordinator/output/output.h"

namespace lockstep::coordinator {

// `argument`: a file name; empty for standard output.
MadeOutput MakeJsonOutput(absl::string_view argument, const OutputContext& context);

}  // namespace lockstep::coordinator
