// `-o csv`: one line a sample, a column for each system tag, all other tags in `extra_tags`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "coordinator/output/output.h"
#include "coordinator/output/text_sink.h"

namespace lockstep::coordinator {

class CsvOutput final : public LinesOutput {
 public:
  enum class TimeFormat { kUnix, kUnixMilli, kUnixMicro, kUnixNano, kRfc3339, kRfc3339Nano };

  // `argument`: a file name, or `fileName=x.csv,timeFormat=unix_nano`; what it leaves out comes
  // from the variables CSV_FILENAME and CSV_TIME_FORMAT, of Lockstep or k6, and is `file.csv` and `unix` otherwise.
  // InvalidArgument names what it does not know.
  static absl::StatusOr<std::unique_ptr<Output>> Make(absl::string_view argument,
                                                      const OutputContext& context);

  CsvOutput(std::string path, TimeFormat format, const OutputContext& context);
  absl::Status Start() override;
  void Write(const Batch& batch) override;

 private:
  TimeFormat format_;
  std::vector<std::string> columns_;  // system tags, sorted
};

}  // namespace lockstep::coordinator
