#include "coordinator/sources/module_cache.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "common/base/content_hash.h"
#include "common/base/read_file.h"
#include "common/base/write_all.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kMostCacheFileBytes = size_t{64} << 20;
constexpr mode_t kCacheFileMode = 0644;

absl::Status ReasonOf(int error) {
  return absl::Status(absl::ErrnoToStatusCode(error), std::generic_category().message(error));
}

std::string TextOf(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

absl::Time TimeOf(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return absl::FromUnixSeconds(
      found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0);
}

}  // namespace

absl::Status WriteFileAtOnce(const std::string& path, absl::string_view content) {
  std::string temporary = path + ".XXXXXX";
  const int file = mkstemp(temporary.data());
  if (file < 0) {
    return ReasonOf(errno);
  }
  int error = WriteAll(file, content);
  if (fchmod(file, kCacheFileMode) != 0 && error == 0) {
    error = errno;
  }
  if (close(file) != 0 && error == 0) {
    error = errno;
  }
  if (error == 0 && rename(temporary.c_str(), path.c_str()) != 0) {
    error = errno;
  }
  if (error != 0) {
    unlink(temporary.c_str());
    return ReasonOf(error);
  }
  return absl::OkStatus();
}

std::string ModuleCache::PathOf(const std::string& url) const {
  return absl::StrCat(folder_, "/", absl::BytesToHexString(Sha256(url)));
}

// A line of JSON about the module, and then the module.
std::optional<CachedModule> ModuleCache::Find(const std::string& url) const {
  if (!on()) {
    return std::nullopt;
  }
  const absl::StatusOr<std::string> file = ReadFile(PathOf(url), kMostCacheFileBytes);
  const size_t end = file.ok() ? file->find('\n') : std::string::npos;
  if (end == std::string::npos) {
    return std::nullopt;
  }
  const nlohmann::json facts = nlohmann::json::parse(file->substr(0, end), nullptr, false);
  CachedModule module{.content = file->substr(end + 1)};
  if (!facts.is_object() || TextOf(facts, "url") != url ||
      TextOf(facts, "sha256") != absl::BytesToHexString(Sha256(module.content))) {
    return std::nullopt;
  }
  module.fetched = TimeOf(facts, "fetched");
  module.fresh_until = TimeOf(facts, "freshUntil");
  module.etag = TextOf(facts, "etag");
  module.last_modified = TextOf(facts, "lastModified");
  return module;
}

absl::Status ModuleCache::Keep(const std::string& url, const CachedModule& module) const {
  if (!on()) {
    return absl::OkStatus();
  }
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  const nlohmann::json facts = {
      {"url", url},
      {"sha256", absl::BytesToHexString(Sha256(module.content))},
      {"fetched", absl::ToUnixSeconds(module.fetched)},
      {"freshUntil", absl::ToUnixSeconds(module.fresh_until)},
      {"etag", module.etag},
      {"lastModified", module.last_modified},
  };
  const absl::Status written = WriteFileAtOnce(
      PathOf(url),
      absl::StrCat(facts.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), "\n",
                   module.content));
  return written.ok() ? written
                      : absl::Status(written.code(), absl::StrCat("the module cache ", folder_,
                                                                  ": ", written.message()));
}

}  // namespace lockstep::coordinator
