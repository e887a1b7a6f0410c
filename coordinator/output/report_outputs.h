// Outputs that write one report at the end: `-o junit=FILE`, `-o github[=FILE]`, `-o result=FILE`,
// `-o report=FILE`.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

#include "common/result/result.h"
#include "coordinator/output/output.h"

namespace lockstep::coordinator {

// Whether an output of -o, "junit=FILE", writes nothing but a report at the end.
bool IsReport(absl::string_view spec);

// A test case for the run's end (suite "run"), which fails where the run did for another reason
// than its thresholds, and one for each threshold ("thresholds") and each check ("checks"); a
// threshold that is crossed and a check that failed even once are failures.
std::string JunitXml(const RunReport& report);
// Thresholds, checks and the main metrics as a GitHub step summary: Markdown.
std::string GithubMarkdown(const RunReport& report);

// The result that a run has come to.
RunResult ResultOf(const RunReport& report, const std::string& version);

// Each needs a file: InvalidArgument if none is named. Without one, MakeGithubOutput takes what
// $GITHUB_STEP_SUMMARY names; it adds to what is there.
MadeOutput MakeJunitOutput(absl::string_view argument, const OutputContext& context);
MadeOutput MakeGithubOutput(absl::string_view argument, const OutputContext& context);
// The result file that `lockstep compare` reads (deploy/docs/results.md).
MadeOutput MakeResultOutput(absl::string_view argument, const OutputContext& context);
// The page with tables and charts (coordinator/page).
MadeOutput MakePageOutput(absl::string_view argument, const OutputContext& context);

}  // namespace lockstep::coordinator
