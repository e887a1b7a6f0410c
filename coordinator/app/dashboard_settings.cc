#include "coordinator/app/dashboard_settings.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "common/options/duration.h"
#include "common/options/tiers.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::string_view kName = "web-dashboard";
constexpr absl::string_view kKeys[] = {"export", "host",   "open", "period",
                                       "port",   "record", "tag",  "token"};
constexpr absl::Duration kShortestPeriod = absl::Milliseconds(500);
constexpr absl::Duration kLongestPeriod = absl::Hours(1);
constexpr size_t kShortestToken = 8;

class Reader {
 public:
  explicit Reader(const Environment& environment) : environment_(environment) {}

  // `key=value` pairs, separated by & as k6 has them, or by commas.
  void ReadArgument(absl::string_view argument, const std::string& source) {
    for (const absl::string_view part :
         absl::StrSplit(argument, absl::ByAnyChar("&,"), absl::SkipWhitespace())) {
      std::pair<absl::string_view, absl::string_view> pair =
          absl::StrSplit(part, absl::MaxSplits('=', 1));
      std::string key(absl::StripAsciiWhitespace(pair.first));
      if (key == "report") {
        key = "export";  // its older name
      }
      if (key == "open" && !absl::StrContains(part, '=')) {
        pair.second = "true";
      }
      if (std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys)) {
        errors_.push_back(absl::StrCat(source, ": unknown setting \"", key, "\": expected one of ",
                                       absl::StrJoin(kKeys, ", ")));
        continue;
      }
      given_[key] = {absl::StrCat(source, ": ", key), std::string(pair.second)};
    }
  }

  DashboardSettings Read() {
    DashboardSettings settings;
    settings.host = Text("host", settings.host);
    if (const auto port = Find("port"); port.has_value()) {
      if (!absl::SimpleAtoi(port->value, &settings.port) || settings.port < -1 ||
          settings.port > 65535) {
        Refuse(*port, "a port from 1 to 65535, 0 for a free one, or -1 for no page");
      }
    }
    if (const auto period = Find("period"); period.has_value()) {
      const absl::StatusOr<absl::Duration> parsed = ParseDurationWithUnit(period->value);
      if (!parsed.ok() || *parsed < kShortestPeriod || *parsed > kLongestPeriod) {
        Refuse(*period, "a duration from 500ms to 1h, such as 2s");
      } else {
        settings.period = *parsed;
      }
    }
    if (const auto open = Find("open"); open.has_value()) {
      if (!absl::SimpleAtob(open->value, &settings.open)) {
        Refuse(*open, "true or false");
      }
    }
    settings.token = Text("token", "");
    if (!settings.token.empty() && settings.token.size() < kShortestToken) {
      errors_.push_back(absl::StrCat(Find("token")->source, ": is too short: at least ",
                                     kShortestToken, " characters are needed"));
    }
    if (const auto tags = FindSetting(environment_, "WEB_DASHBOARD_TAGS"); tags.has_value()) {
      settings.warnings.push_back(
          absl::StrCat(tags->source, " has no effect: requests are told apart by name"));
    }
    if (const auto tag = given_.find("tag"); tag != given_.end()) {
      settings.warnings.push_back(
          absl::StrCat(tag->second.source, " has no effect: requests are told apart by name"));
    }
    return settings;
  }

  // The outputs that `export` and `record` stand for.
  void AddFiles(std::vector<OutputSpec>* outputs) const {
    for (const auto& [key, output] :
         {std::pair("export", "report="), std::pair("record", "result=")}) {
      if (const auto file = Find(key); file.has_value() && !file->value.empty()) {
        outputs->emplace_back(absl::StrCat(output, file->value), file->source);
      }
    }
  }

  void Refuse(const Setting& said, absl::string_view allowed) {
    errors_.push_back(
        absl::StrCat(said.source, ": invalid value \"", said.value, "\": expected ", allowed));
  }
  const std::vector<std::string>& errors() const { return errors_; }

 private:
  std::optional<Setting> Find(const std::string& key) const {
    if (const auto found = given_.find(key); found != given_.end()) {
      return found->second;
    }
    return FindSetting(environment_, "WEB_DASHBOARD_" + absl::AsciiStrToUpper(key));
  }
  std::string Text(const std::string& key, const std::string& fallback) const {
    const auto said = Find(key);
    return said.has_value() ? said->value : fallback;
  }

  const Environment& environment_;
  std::map<std::string, Setting> given_;
  std::vector<std::string> errors_;
};

}  // namespace

absl::StatusOr<std::optional<DashboardSettings>> TakeDashboard(const Environment& environment,
                                                               std::vector<OutputSpec>* outputs) {
  Reader reader(environment);
  bool wanted = false;
  std::erase_if(*outputs, [&](const OutputSpec& spec) {
    absl::string_view argument = spec.text;
    if (!absl::ConsumePrefix(&argument, kName) || !(argument.empty() || argument[0] == '=')) {
      return false;
    }
    absl::ConsumePrefix(&argument, "=");
    reader.ReadArgument(argument, spec.source);
    wanted = true;
    return true;
  });
  if (const auto variable = FindSetting(environment, "WEB_DASHBOARD"); variable.has_value()) {
    bool on = false;
    if (!absl::SimpleAtob(variable->value, &on)) {
      reader.Refuse(*variable, "true or false");
    }
    wanted = wanted || on;
  }
  DashboardSettings settings;
  if (wanted) {
    settings = reader.Read();
  }
  if (!reader.errors().empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(reader.errors(), "\n"));
  }
  reader.AddFiles(outputs);
  return wanted ? std::make_optional(std::move(settings)) : std::nullopt;
}

}  // namespace lockstep::coordinator
