#include "common/flags/flag.h"

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace lockstep {

Flag FlagOf(const FlagSpec& spec) {
  Flag flag{.kind = spec.kind, .value = spec.value, .initial = spec.initial, .help = spec.help};
  for (absl::string_view spelling : absl::StrSplit(spec.spelling, ',')) {
    if (!absl::ConsumePrefix(&spelling, "--")) {
      flag.letter = std::string(absl::StripPrefix(spelling, "-"));
    } else if (flag.name.empty()) {
      flag.name = std::string(spelling);
    } else {
      flag.aliases.emplace_back(spelling);
    }
  }
  return flag;
}

}  // namespace lockstep
