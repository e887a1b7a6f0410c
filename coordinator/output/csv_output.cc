#include "coordinator/output/csv_output.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

#include "common/base/rfc3339.h"
#include "common/base/status_macros.h"
#include "common/options/duration.h"
#include "coordinator/output/sink_settings.h"
#include "coordinator/output/text_sink.h"

namespace lockstep::coordinator {
namespace {

enum class TimeFormat { kUnix, kUnixMilli, kUnixMicro, kUnixNano, kRfc3339, kRfc3339Nano };

constexpr std::pair<absl::string_view, TimeFormat> kTimeFormats[] = {
    {"unix", TimeFormat::kUnix},
    {"unix_milli", TimeFormat::kUnixMilli},
    {"unix_micro", TimeFormat::kUnixMicro},
    {"unix_nano", TimeFormat::kUnixNano},
    {"rfc3339", TimeFormat::kRfc3339},
    {"rfc3339_nano", TimeFormat::kRfc3339Nano},
};

std::optional<TimeFormat> FindTimeFormat(absl::string_view name) {
  for (const auto& [known, format] : kTimeFormats) {
    if (known == name) {
      return format;
    }
  }
  return std::nullopt;
}

std::string KnownTimeFormats() {
  return absl::StrCat("one of ",
                      absl::StrJoin(kTimeFormats, ", ", [](std::string* out, const auto& known) {
                        absl::StrAppend(out, known.first);
                      }));
}

std::string TimeText(int64_t nanos, TimeFormat format) {
  switch (format) {
    case TimeFormat::kUnix:
      return absl::StrCat(nanos / 1'000'000'000);
    case TimeFormat::kUnixMilli:
      return absl::StrCat(nanos / 1'000'000);
    case TimeFormat::kUnixMicro:
      return absl::StrCat(nanos / 1'000);
    case TimeFormat::kUnixNano:
      return absl::StrCat(nanos);
    case TimeFormat::kRfc3339:
      return Rfc3339(absl::FromUnixNanos(nanos - nanos % 1'000'000'000));
    case TimeFormat::kRfc3339Nano:
      break;
  }
  return Rfc3339(absl::FromUnixNanos(nanos));
}

// Quoted only where RFC 4180 asks for it.
std::string Field(absl::string_view text) {
  if (text.find_first_of(",\"\r\n") == absl::string_view::npos) {
    return std::string(text);
  }
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

// Everything right of the value.
std::string TagsText(const TagList& tags, const std::vector<std::string>& columns) {
  std::vector<std::string> fields(columns.size());
  std::vector<std::string> extra;
  std::vector<std::string> metadata;
  for (const auto& [key, value] : tags) {
    const auto column = std::lower_bound(columns.begin(), columns.end(), key);
    if (column != columns.end() && *column == key) {
      fields[static_cast<size_t>(column - columns.begin())] = Field(value);
    } else {
      (IsMetadata(key) ? metadata : extra).push_back(absl::StrCat(TagName(key), "=", value));
    }
  }
  fields.push_back(Field(absl::StrJoin(extra, "&")));
  fields.push_back(Field(absl::StrJoin(metadata, "&")));
  return absl::StrJoin(fields, ",");
}

class CsvOutput final : public LinesOutput {
 public:
  CsvOutput(std::string path, TimeFormat format, const OutputContext& context)
      : LinesOutput("csv", std::move(path), context), format_(format) {
    for (const std::string& tag : context.system_tags) {
      if (tag != "vu" && tag != "iter") {  // which are metadata
        columns_.push_back(tag);
      }
    }
    std::sort(columns_.begin(), columns_.end());
  }

  absl::Status Start() override {
    absl::Status opened = LinesOutput::Start();
    if (opened.ok() && !goes_on()) {
      const std::string tags = absl::StrJoin(columns_, ",");
      Append(absl::StrCat("metric_name,timestamp,metric_value,", tags, tags.empty() ? "" : ",",
                          "extra_tags,metadata\n"));
    }
    return opened;
  }

  void Write(const Batch& batch) override {
    std::vector<std::string> tags(batch.tag_sets.size());
    for (const Point& point : batch.points) {
      std::string& tag_text = tags[point.tag_set];
      if (tag_text.empty()) {
        tag_text = TagsText(batch.tag_sets[point.tag_set], columns_);
      }
      Append(absl::StrCat(batch.metrics[point.metric].name, ",",
                          TimeText(point.unix_nanos, format_), ",",
                          absl::StrFormat("%f", point.value), ",", tag_text, "\n"));
    }
  }

 private:
  const TimeFormat format_;
  std::vector<std::string> columns_;  // system tags, sorted
};

}  // namespace

MadeOutput MakeCsvOutput(absl::string_view argument, const OutputContext& context) {
  SinkSettings settings(context, "CSV");
  std::string path = settings.Text("FILENAME", "file.csv");
  const std::string wanted = settings.Text("TIME_FORMAT", "unix");
  std::optional<TimeFormat> format = FindTimeFormat(wanted);
  if (!format.has_value()) {
    settings.Refuse("TIME_FORMAT", wanted, KnownTimeFormats());
  }
  const bool has_keys = argument.find('=') != absl::string_view::npos;
  for (absl::string_view part : absl::StrSplit(argument, ',', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> setting =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    if (!has_keys || setting.first == "fileName") {
      path = std::string(has_keys ? setting.second : argument);
    } else if (setting.first == "timeFormat") {
      format = FindTimeFormat(setting.second);
      if (!format.has_value()) {
        settings.Wrong(absl::StrCat("timeFormat: invalid value \"", setting.second, "\": expected ",
                                    KnownTimeFormats()));
      }
    } else if (setting.first == "saveInterval") {
      if (const absl::StatusOr<absl::Duration> interval = ParseDuration(setting.second);
          !interval.ok() || *interval <= absl::ZeroDuration()) {
        settings.Wrong(absl::StrCat("saveInterval: invalid value \"", setting.second,
                                    "\": expected a duration above 0, such as 5s"));
      }
    } else {
      settings.Wrong(absl::StrCat("unknown setting '", part,
                                  "', known are: fileName, timeFormat, saveInterval"));
    }
  }
  // Lines are written as they come; a wrong interval is a mistake all the same.
  settings.Duration("SAVE_INTERVAL", absl::Seconds(1));
  LOCKSTEP_RETURN_IF_ERROR(settings.status());
  return std::make_unique<CsvOutput>(std::move(path), *format, context);
}

}  // namespace lockstep::coordinator
