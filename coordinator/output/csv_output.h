// `-o csv`: one line a sample, a column for each system tag, all other tags in `extra_tags`.
#pragma once

#include "absl/strings/string_view.h"

#include "coordinator/output/output.h"

namespace lockstep::coordinator {

// `argument`: a file name, or `fileName=x.csv,timeFormat=unix_nano`; what it leaves out comes
// from the variables CSV_FILENAME and CSV_TIME_FORMAT, of Lockstep or k6, and is `file.csv` and
// `unix` otherwise.
MadeOutput MakeCsvOutput(absl::string_view argument, const OutputContext& context);

}  // namespace lockstep::coordinator
