#include "coordinator/cli/k6_words.h"

#include <utility>

#include "absl/types/span.h"

namespace lockstep::coordinator {
namespace {

using Hint = std::pair<absl::string_view, absl::string_view>;

constexpr absl::string_view kCloudCommand =
    "k6 has it for its cloud; here `lockstep coordinator` runs a test on machines of your own";
constexpr absl::string_view kCloudFlag = "k6 has it for its cloud, and Lockstep has none";

constexpr Hint kCommands[] = {
    {"cloud", kCloudCommand},
    {"convert", "`lockstep new --from-har FILE` makes a script of a recording"},
    {"deps", "extensions of k6 do not run here, so no test depends on any"},
    {"features", "there are no feature flags here"},
    {"login", kCloudCommand},
    {"stats", "`lockstep status` shows the metrics of a running test"},
    {"x", "extensions of k6 do not run here; the documents list the modules that do"},
};

constexpr Hint kFlags[] = {
    {"exit-on-running", kCloudFlag},
    {"local-execution", kCloudFlag},
    {"no-archive-upload", kCloudFlag},
    {"no-cloud-logs", kCloudFlag},
    {"no-cloud-secrets", kCloudFlag},
    {"project-id", kCloudFlag},
    {"scenario", "let the script choose among its scenarios by a variable, as with -e"},
    {"show-cloud-logs", kCloudFlag},
    {"show-logs", kCloudFlag},
    {"upload-only", kCloudFlag},
};

absl::string_view Find(absl::Span<const Hint> hints, absl::string_view word) {
  for (const auto& [known, hint] : hints) {
    if (known == word) {
      return hint;
    }
  }
  return "";
}

}  // namespace

absl::string_view HintForCommandOfK6(absl::string_view command) {
  return Find(kCommands, command);
}

absl::string_view HintForFlagOfK6(absl::string_view flag) {
  return Find(kFlags, flag);
}

}  // namespace lockstep::coordinator
