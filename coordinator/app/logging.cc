#include "coordinator/app/logging.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "coordinator/output/loki_log.h"

namespace lockstep::coordinator {

absl::StatusOr<std::unique_ptr<RunLogger>> MakeRunLogger(const LogSettings& settings, bool terminal,
                                                         absl::Time start) {
  if (settings.output != LogSettings::Output::kLoki) {
    return MakeLogger(settings, terminal, start);
  }
  absl::StatusOr<LokiSettings> loki = ParseLokiSettings(settings.loki);
  if (!loki.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(settings.output_source, ": ", loki.status().message()));
  }
  LogSettings to_stderr = settings;
  to_stderr.output = LogSettings::Output::kStderr;
  to_stderr.console_output.clear();
  LOCKSTEP_ASSIGN_OR_RETURN(std::unique_ptr<RunLogger> fallback,
                            MakeLogger(to_stderr, terminal, start));
  auto log = std::make_unique<LokiLog>(*std::move(loki), std::move(fallback));
  if (const absl::Status started = log->Start(); !started.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(settings.output_source, ": ", started.message()));
  }
  return MakeLogger(settings, terminal, start, std::move(log));
}

}  // namespace lockstep::coordinator
