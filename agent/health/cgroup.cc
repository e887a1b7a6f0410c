#include "agent/health/cgroup.h"

#include <algorithm>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "common/base/read_file.h"

namespace lockstep::agent {
namespace {

// Version 1 writes a very large number where there is no limit.
constexpr double kNoLimit = 1e18;

// "" if it cannot be read.
std::string Content(const std::string& path) {
  return ReadFile(path).value_or("");
}

std::optional<double> Number(absl::string_view text) {
  double number = 0;
  return absl::SimpleAtod(text, &number) ? std::optional<double>(number) : std::nullopt;
}

// Of one group's folder, in processors.
std::optional<double> LimitOf(const std::string& folder) {
  std::optional<double> quota;
  std::optional<double> period;
  // Version 2 writes "QUOTA PERIOD", or "max PERIOD"; version 1 has a file for each, with -1.
  const std::string max = Content(folder + "/cpu.max");
  const std::vector<absl::string_view> fields =
      absl::StrSplit(max, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  if (fields.size() == 2) {
    quota = Number(fields[0]);
    period = Number(fields[1]);
  } else {
    quota = Number(Content(folder + "/cpu.cfs_quota_us"));
    period = Number(Content(folder + "/cpu.cfs_period_us"));
  }
  if (!quota || !period || *quota <= 0 || *period <= 0) {
    return std::nullopt;
  }
  return *quota / *period;
}

// The folders of the groups of `controller` that this process is in, from its own up to the root;
// some may not be there.
std::vector<std::string> FoldersOf(absl::string_view controller, const std::string& root) {
  std::vector<std::string> folders;
  // In a container, the group's path may be the host's and not be there: the mount's root is ours
  // then.
  const auto examine = [&](const std::string& mount, absl::string_view group) {
    for (std::string path(group);; path.resize(path.rfind('/'))) {
      folders.push_back(absl::StrCat(mount, path == "/" ? "" : path));
      if (path.rfind('/') == std::string::npos) {
        return;
      }
    }
  };
  const std::string mounts = root + "/sys/fs/cgroup";
  const std::string groups = Content(root + "/proc/self/cgroup");
  // "NUMBER:CONTROLLERS:GROUP"; version 2 names no controllers.
  for (const absl::string_view line : absl::StrSplit(groups, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) {
      continue;
    }
    const std::vector<absl::string_view> controllers = absl::StrSplit(fields[1], ',');
    if (fields[1].empty()) {
      examine(mounts, fields[2]);
      examine(mounts + "/unified", fields[2]);
    } else if (std::find(controllers.begin(), controllers.end(), controller) != controllers.end()) {
      examine(absl::StrCat(mounts, "/", fields[1]), fields[2]);
      if (controllers.size() > 1) {
        examine(absl::StrCat(mounts, "/", controller), fields[2]);
      }
    }
  }
  return folders;
}

}  // namespace

CpuCgroup::CpuCgroup(const std::string& root) {
  for (const std::string& folder : FoldersOf("cpu", root)) {
    if (const std::optional<double> cores = LimitOf(folder)) {
      limits_.push_back({KernelFile(folder + "/cpu.stat"), *cores});
    }
  }
}

std::optional<uint64_t> MemoryLimit(const std::string& root) {
  std::optional<uint64_t> smallest;
  for (const std::string& folder : FoldersOf("memory", root)) {
    for (const char* file : {"/memory.max", "/memory.limit_in_bytes"}) {
      const std::optional<double> bytes =  // none where the file says "max"
          Number(absl::StripAsciiWhitespace(Content(folder + file)));
      if (bytes.has_value() && *bytes > 0 && *bytes < kNoLimit) {
        smallest = std::min(smallest.value_or(UINT64_MAX), static_cast<uint64_t>(*bytes));
      }
    }
  }
  return smallest;
}

double CpuCgroup::cores() const {
  double least = std::numeric_limits<double>::infinity();
  for (const Limit& limit : limits_) {
    least = std::min(least, limit.cores);
  }
  return least;
}

std::optional<absl::Duration> CpuCgroup::Throttled() const {
  std::optional<absl::Duration> longest;
  for (const Limit& limit : limits_) {
    const std::string stat = limit.stat.Read().value_or("");
    for (const absl::string_view line : absl::StrSplit(stat, '\n')) {
      const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ');
      int64_t number = 0;
      if (fields.size() != 2 || !absl::SimpleAtoi(fields[1], &number)) {
        continue;
      }
      if (fields[0] == "throttled_usec") {
        longest = std::max(longest.value_or(absl::ZeroDuration()), absl::Microseconds(number));
      } else if (fields[0] == "throttled_time") {
        longest = std::max(longest.value_or(absl::ZeroDuration()), absl::Nanoseconds(number));
      }
    }
  }
  return longest;
}

}  // namespace lockstep::agent
