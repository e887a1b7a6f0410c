#include "common/web/prometheus_text.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>

#include <sys/resource.h>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace lockstep {
namespace {

std::string Number(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "+Inf" : "-Inf";
  }
  return absl::StrFormat("%.17g", value);
}

// 0.1 rather than 0.10000000000000001, where that says the same.
std::string ShortNumber(double value) {
  std::string text = absl::StrFormat("%.15g", value);
  return std::strtod(text.c_str(), nullptr) == value ? text : Number(value);
}

// Nothing, if no descriptor is left to ask with; likewise below.
std::optional<double> ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  double size = 0;
  double resident = 0;
  return file >> size >> resident
             ? std::optional(resident * static_cast<double>(sysconf(_SC_PAGESIZE)))
             : std::nullopt;
}

std::optional<double> OpenDescriptors() {
  std::error_code error;
  double count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    static_cast<void>(entry);
    ++count;
  }
  return error ? std::nullopt : std::optional(count);
}

// Labels whose names become one share it: two series must not look like one.
PrometheusText::Labels Joined(const PrometheusText::Labels& labels) {
  PrometheusText::Labels joined;
  for (const auto& [name, text] : labels) {
    const std::string clean = PrometheusText::Name(name);
    const auto same = std::find_if(joined.begin(), joined.end(),
                                   [&clean](const auto& label) { return label.first == clean; });
    if (same == joined.end()) {
      joined.emplace_back(clean, text);
    } else {
      absl::StrAppend(&same->second, ";", text);
    }
  }
  return joined;
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

void PrometheusText::Add(absl::string_view family, absl::string_view type, absl::string_view help,
                         const Labels& labels, double value, absl::string_view suffix) {
  const auto [entry, is_new] = index_.try_emplace(std::string(family), families_.size());
  if (is_new) {
    families_.push_back({absl::StrCat("# HELP ", family, " ",
                                      absl::StrReplaceAll(help, {{"\\", "\\\\"}, {"\n", "\\n"}}),
                                      "\n# TYPE ", family, " ", type, "\n"),
                         ""});
  }
  std::string& samples = families_[entry->second].samples;
  absl::StrAppend(&samples, family, suffix);
  absl::string_view before = "{";
  for (const auto& [name, text] : Joined(labels)) {
    absl::StrAppend(&samples, before, name, "=\"",
                    absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}}),
                    "\"");
    before = ",";
  }
  absl::StrAppend(&samples, labels.empty() ? "" : "}", " ",
                  std::isfinite(value) ? ShortNumber(value) : Number(value), "\n");
}

void PrometheusText::AddProcess() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  Add("process_cpu_seconds_total", "counter", "User and system CPU time spent", {},
      Seconds(usage.ru_utime) + Seconds(usage.ru_stime));
  if (const std::optional<double> bytes = ResidentBytes()) {
    Add("process_resident_memory_bytes", "gauge", "Resident memory", {}, *bytes);
  }
  if (const std::optional<double> count = OpenDescriptors()) {
    Add("process_open_fds", "gauge", "Open file descriptors", {}, *count);
  }
}

std::string PrometheusText::Text() const {
  std::string text;
  for (const Family& family : families_) {
    absl::StrAppend(&text, family.head, family.samples);
  }
  return text;
}

std::string PrometheusText::Name(absl::string_view name) {
  std::string clean;
  for (const char c : name) {
    const auto u = static_cast<unsigned char>(c);
    const bool fits =
        absl::ascii_isalpha(u) || c == '_' || (absl::ascii_isdigit(u) && !clean.empty());
    clean.push_back(fits ? c : '_');
  }
  return clean.empty() ? "_" : clean;
}

}  // namespace lockstep
