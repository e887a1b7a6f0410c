#include "coordinator/output/loki_log.h"

#include <algorithm>
#include <map>

#include <signal.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"

#include "common/base/json_text.h"
#include "common/options/duration.h"

namespace lockstep::coordinator {
namespace {

constexpr HttpPusher::Limits kLimits = {.drain = absl::Seconds(2)};

// At the commas that are not within brackets.
std::vector<absl::string_view> SplitSettings(absl::string_view text) {
  std::vector<absl::string_view> parts;
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      parts.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    } else if (text[i] == '[') {
      ++depth;
    } else if (text[i] == ']') {
      --depth;
    }
  }
  return parts;
}

absl::Status Invalid(absl::string_view part, absl::string_view allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat("invalid value \"", part, "\": expected ", allowed));
}

bool ReadCount(absl::string_view text, int64_t* count) {
  return absl::SimpleAtoi(text, count) && *count >= 1;
}

bool ReadLevel(absl::string_view text, LogLevel* level) {
  for (const LogLevel known :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    if (text == LogLevelName(known) || (text == "warn" && known == LogLevel::kWarn)) {
      *level = known;
      return true;
    }
  }
  return false;
}

std::vector<std::string> ReadList(absl::string_view text) {
  if (absl::StartsWith(text, "[") && absl::EndsWith(text, "]")) {
    text = text.substr(1, text.size() - 2);
  }
  return absl::StrSplit(text, ',', absl::SkipEmpty());
}

absl::Status ReadSetting(absl::string_view part, LokiSettings* settings) {
  std::pair<absl::string_view, absl::string_view> setting =
      absl::StrSplit(part, absl::MaxSplits('=', 1));
  auto [key, value] = setting;
  if (absl::ConsumePrefix(&key, "label.") && !key.empty()) {
    settings->labels.emplace_back(key, value);
  } else if (absl::ConsumePrefix(&key, "header.") && !key.empty()) {
    settings->headers.push_back(absl::StrCat(key, ": ", value));
  } else if (key == "allowedLabels") {
    settings->allowed_labels = ReadList(value);
  } else if (key == "pushPeriod") {
    const absl::StatusOr<absl::Duration> period = ParseDurationWithUnit(value);
    if (!period.ok() || *period <= absl::ZeroDuration()) {
      return Invalid(part, "a time with a unit, such as pushPeriod=1s");
    }
    settings->push_period = *period;
  } else if (key == "limit") {
    return ReadCount(value, &settings->limit) ? absl::OkStatus()
                                              : Invalid(part, "an integer, at least 1");
  } else if (key == "msgMaxSize") {
    return ReadCount(value, &settings->message_characters)
               ? absl::OkStatus()
               : Invalid(part, "an integer, at least 1");
  } else if (key == "level") {
    return ReadLevel(value, &settings->least)
               ? absl::OkStatus()
               : Invalid(part, "level=debug, info, warning or error");
  } else if (key != "profile") {  // k6's own timing of its pushes
    return Invalid(part,
                   "loki=URL, label.NAME=VALUE, header.NAME=VALUE, allowedLabels=[NAME,...], "
                   "level=LEVEL, limit=N, pushPeriod=TIME or msgMaxSize=N");
  }
  return absl::OkStatus();
}

// Where the `count`-th character of `text` begins.
size_t CharacterAt(absl::string_view text, int64_t count) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (begins && count-- == 0) {
      break;
    }
  }
  return at;
}

std::string Shortened(const std::string& text, int64_t most) {
  const int64_t length = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
  if (length <= most) {
    return text;
  }
  const int64_t half = most / 2;
  return absl::StrCat(text.substr(0, CharacterAt(text, half)), "... omitting ", length - most,
                      " characters ...", text.substr(CharacterAt(text, length - half)));
}

}  // namespace

absl::StatusOr<LokiSettings> ParseLokiSettings(absl::string_view text) {
  LokiSettings settings;
  const std::vector<absl::string_view> parts = SplitSettings(text);
  absl::string_view url = parts[0];
  if (url != "loki" && (!absl::ConsumePrefix(&url, "loki=") || url.empty())) {
    return Invalid(parts[0], "loki or loki=URL");
  }
  if (url != "loki") {
    settings.url = std::string(url);
  }
  for (size_t i = 1; i < parts.size(); ++i) {
    if (absl::Status read = ReadSetting(parts[i], &settings); !read.ok()) {
      return read;
    }
  }
  return settings;
}

std::string LokiBody(const LokiSettings& settings, std::vector<LogRecord> records) {
  std::stable_sort(records.begin(), records.end(),
                   [](const LogRecord& a, const LogRecord& b) { return a.time < b.time; });
  std::map<std::map<std::string, std::string>, nlohmann::json> streams;
  for (const LogRecord& record : records) {
    std::map<std::string, std::string> labels(record.fields.begin(), record.fields.end());
    for (const auto& [name, value] : settings.labels) {
      labels[name] = value;
    }
    labels["level"] = std::string(LogLevelName(record.level));
    std::string message = record.message;
    if (settings.allowed_labels.has_value()) {
      std::erase_if(labels, [&](const auto& label) {
        const auto& allowed = *settings.allowed_labels;
        const bool kept = std::find(allowed.begin(), allowed.end(), label.first) != allowed.end();
        if (!kept) {
          absl::StrAppend(&message, " ", label.first, "=", label.second);
        }
        return !kept;
      });
    }
    streams[labels].push_back({absl::StrCat(absl::ToUnixNanos(record.time)),
                               Shortened(message, settings.message_characters)});
  }
  nlohmann::json body = {{"streams", nlohmann::json::array()}};
  for (auto& [labels, values] : streams) {
    body["streams"].push_back({{"stream", labels}, {"values", std::move(values)}});
  }
  return JsonText(body);
}

LokiLog::LokiLog(LokiSettings settings, std::unique_ptr<Logger> fallback)
    : settings_(std::move(settings)),
      fallback_(std::move(fallback)),
      pusher_({.url = settings_.url,
               .headers =
                   [this] {
                     std::vector<std::string> headers = settings_.headers;
                     headers.emplace_back("Content-Type: application/json");
                     return headers;
                   }()},
              kLimits) {}

LokiLog::~LokiLog() {
  Finish();
}

void LokiLog::Finish() {
  if (!thread_.joinable()) {
    return;
  }
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
  pusher_.BeginFinish();
  const HttpPusher::Tally tally = pusher_.Finish();
  if (tally.lost > 0) {
    fallback_->Error(absl::StrCat(tally.lost, " of ", tally.lost + tally.sent,
                                  " log lines did not reach ", settings_.url, ": ", tally.reason));
  }
}

absl::Status LokiLog::Start() {
  // The threads take no signals: those are for the first thread, which blocks them later.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  absl::Status started = pusher_.Start();
  if (started.ok()) {
    thread_ = std::thread([this] { Run(); });
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

void LokiLog::Write(LogRecord record) {
  if (record.level < settings_.least) {
    return;
  }
  const MutexLock lock(mutex_);
  if (stopping_) {
    fallback_->Write(std::move(record));
  } else if (static_cast<int64_t>(waiting_.size()) < settings_.limit) {
    waiting_.push_back(std::move(record));
  } else {
    ++dropped_;
  }
}

void LokiLog::Run() {
  bool last = false;
  while (!last) {
    std::vector<LogRecord> records;
    int64_t dropped = 0;
    {
      const MutexLock lock(mutex_);
      if (!stopping_) {
        changed_.WaitFor(mutex_, settings_.push_period);
      }
      last = stopping_;
      records.swap(waiting_);
      dropped = std::exchange(dropped_, 0);
    }
    PushAll(std::move(records), dropped);
  }
}

void LokiLog::PushAll(std::vector<LogRecord> records, int64_t dropped) {
  if (records.empty()) {
    return;
  }
  if (dropped > 0) {
    records.push_back(
        {.time = records.back().time,
         .level = LogLevel::kWarn,
         .message = absl::StrCat(dropped, " log messages were dropped: more than ", settings_.limit,
                                 " in ", DurationText(settings_.push_period)),
         .fields = {}});
  }
  const uint64_t lines = records.size();
  pusher_.Push({.body = LokiBody(settings_, std::move(records)), .samples = lines});
}

}  // namespace lockstep::coordinator
