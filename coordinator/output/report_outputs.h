// Outputs that write one report at the end: `-o junit=FILE`, `-o github[=FILE]`, `-o result=FILE`,
// `-o report=FILE`.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "common/result/result.h"
#include "coordinator/output/output.h"
#include "coordinator/output/report_file.h"

namespace lockstep::coordinator {

// Whether an output of -o, "junit=FILE", writes nothing but a report at the end.
bool IsReport(absl::string_view spec);

// A test case for the run's end (suite "run"), which fails where the run did for another reason than its thresholds, and one for
// each threshold ("thresholds") and each check ("checks"); a threshold that is crossed and a check that failed even once are
// failures.
std::string JunitXml(const RunReport& report);
// Thresholds, checks and the main metrics as a GitHub step summary: Markdown.
std::string GithubMarkdown(const RunReport& report);

// The result that a run has come to.
RunResult ResultOf(const RunReport& report, const std::string& version);

class ReportOutput final : public Output {
 public:
  // InvalidArgument: no file is named.
  static absl::StatusOr<std::unique_ptr<Output>> MakeJunit(absl::string_view argument,
                                                           const OutputContext& context);
  // Without a file: what $GITHUB_STEP_SUMMARY names, appended to.
  static absl::StatusOr<std::unique_ptr<Output>> MakeGithub(absl::string_view argument,
                                                            const OutputContext& context);
  // The result file that `lockstep compare` reads (deploy/docs/results.md).
  static absl::StatusOr<std::unique_ptr<Output>> MakeResultFile(absl::string_view argument,
                                                                const OutputContext& context);

  // The page with tables and charts (coordinator/page).
  static absl::StatusOr<std::unique_ptr<Output>> MakePage(absl::string_view argument,
                                                          const OutputContext& context);

  using Render = std::string (*)(const RunReport& report, const std::string& version);
  ReportOutput(std::string name, std::string path, bool append, Render render, std::string version);

  std::string Description() const override;
  std::optional<OutputFile> File() const override { return OutputFile{file_.path(), append_}; }
  absl::Status Check() const override { return file_.Check(); }
  bool wants_history() const override { return name_ == "result" || name_ == "report"; }
  absl::Status Start() override;
  void Write(const Batch& /*batch*/) override {}
  void Flush() override {}
  absl::Status Stop() override { return absl::OkStatus(); }
  absl::Status Report(const RunReport& report) override;

 private:
  const std::string name_;
  const bool append_;
  ReportFile file_;
  const Render render_;
  const std::string version_;
};

}  // namespace lockstep::coordinator
