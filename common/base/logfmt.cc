#include "common/base/logfmt.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "common/base/json_text.h"

namespace lockstep {
namespace {

// Values of plain letters need no quotes.
std::string QuotedIfNeeded(const std::string& text) {
  for (char c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) &&
        absl::string_view("-._/@^+").find(c) == absl::string_view::npos) {
      return JsonText<nlohmann::json>(text);
    }
  }
  return text.empty() ? "\"\"" : text;
}

}  // namespace

std::string LogTimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(absl::ToUnixSeconds(time)),
                          absl::UTCTimeZone());
}

std::string LogFieldsText(const LogRecord& record) {
  std::string text;
  for (const auto& [key, value] : record.fields) {
    absl::StrAppend(&text, " ", key, "=", QuotedIfNeeded(value));
  }
  return text;
}

std::string FormatLogfmt(const LogRecord& record) {
  return absl::StrCat("time=\"", LogTimeText(record.time), "\" level=", LogLevelName(record.level),
                      " msg=", QuotedIfNeeded(record.message), LogFieldsText(record));
}

}  // namespace lockstep
