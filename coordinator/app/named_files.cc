#include "coordinator/app/named_files.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <type_traits>
#include <variant>

#include <sys/stat.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace lockstep::coordinator {
namespace {

using Use = NamedFile::Use;

// The same for all names of one file; nothing for what is not a file: a device, a pipe, standard
// input or output.
std::optional<std::string> IdentityOf(const std::string& path) {
  if (path.empty() || path == "-" || absl::StartsWith(path, "/dev/") ||
      absl::StartsWith(path, "/proc/")) {
    return std::nullopt;
  }
  struct stat facts = {};
  if (stat(path.c_str(), &facts) == 0) {
    return S_ISREG(facts.st_mode)
               ? std::make_optional(absl::StrCat(facts.st_dev, ":", facts.st_ino))
               : std::nullopt;
  }
  // One that is still to be made.
  std::error_code error;
  const std::filesystem::path whole =
      std::filesystem::weakly_canonical(std::filesystem::absolute(path), error);
  return error ? path : whole.string();
}

// "--report, -o json" of those with this use.
std::string FlagsOf(const std::vector<const NamedFile*>& files, bool read) {
  std::vector<std::string> flags;
  for (const NamedFile* file : files) {
    if ((file->use == Use::kRead) == read) {
      flags.push_back(file->flag);
    }
  }
  return absl::StrJoin(flags, read ? " and " : ", ");
}

}  // namespace

std::vector<std::string> ClashesOf(const std::vector<NamedFile>& files) {
  std::vector<std::vector<const NamedFile*>> places;  // in the order in which they are named first
  std::map<std::string, size_t> known;
  for (const NamedFile& file : files) {
    if (const std::optional<std::string> identity = IdentityOf(file.path); identity.has_value()) {
      const auto [place, is_new] = known.emplace(*identity, places.size());
      if (is_new) {
        places.emplace_back();
      }
      places[place->second].push_back(&file);
    }
  }
  std::vector<std::string> clashes;
  for (const std::vector<const NamedFile*>& place : places) {
    const auto count = [&place](Use use) {
      return std::count_if(place.begin(), place.end(),
                           [use](const NamedFile* file) { return file->use == use; });
    };
    const auto written = count(Use::kAppend) + count(Use::kReplace);
    const std::string writers = FlagsOf(place, /*read=*/false);
    const std::string& path = place.front()->path;
    if (written > 0 && count(Use::kRead) > 0) {
      clashes.push_back(absl::StrCat(writers, ": \"", path, "\" would be written over, and is ",
                                     FlagsOf(place, /*read=*/true), ": name another file"));
    } else if (written > 1 && count(Use::kReplace) > 0) {
      clashes.push_back(absl::StrCat(writers, ": ", written == 2 ? "both" : "all of them",
                                     " name the file \"", path,
                                     "\", which can hold one of them: name a file for each"));
    }
  }
  return clashes;
}

std::vector<NamedFile> ReadFilesOf(const Bundle& bundle) {
  std::vector<NamedFile> files;
  bundle.ForEach([&files](absl::string_view url, const std::string& /*content*/) {
    if (absl::ConsumePrefix(&url, "file://")) {
      files.push_back({"a file that the script reads", std::string(url), Use::kRead});
    }
  });
  return files;
}

std::vector<NamedFile> ReadFilesOf(const TestSettings& test) {
  std::vector<NamedFile> files = {
      {"the script", test.script, Use::kRead},
      {absl::StrCat("the file of ", test.config_label), test.config_file, Use::kRead}};
  for (const auto& [source, text] : test.secret_sources) {
    for (absl::string_view part : absl::StrSplit(text, ',')) {
      absl::ConsumePrefix(&part, "url=");
      if (absl::ConsumePrefix(&part, "file=") || absl::ConsumePrefix(&part, "config=")) {
        files.push_back({absl::StrCat("a file of ", source), std::string(part), Use::kRead});
      }
    }
  }
  return files;
}

std::vector<NamedFile> ReadFilesOf(const Command& command) {
  return std::visit(
      [](const auto& c) -> std::vector<NamedFile> {
        using Type = std::decay_t<decltype(c)>;
        if constexpr (requires { c.test; }) {
          return ReadFilesOf(c.test);
        } else if constexpr (std::is_same_v<Type, ReportCommand>) {
          return {{"the result that is read", c.result, Use::kRead},
                  {"the file of --compare", c.base, Use::kRead}};
        } else if constexpr (std::is_same_v<Type, CompareCommand>) {
          return {{"a result that is read", c.base, Use::kRead},
                  {"a result that is read", c.fresh, Use::kRead}};
        } else if constexpr (requires { c.journal; }) {
          return {{"the journal", c.journal, Use::kRead}};
        } else {
          return {};
        }
      },
      command);
}

std::vector<NamedFile> FilesOf(const LogSettings& log) {
  return {{log.output_source, log.file, Use::kAppend},
          {log.console_source, log.console_output, Use::kAppend}};
}

}  // namespace lockstep::coordinator
