#include "coordinator/sources/module_cache.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "common/base/content_hash.h"
#include "common/base/json_text.h"
#include "common/base/read_file.h"
#include "common/base/whole_file.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kMostCacheFileBytes = size_t{64} << 20;

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
  const absl::Status written =
      WriteWholeFile(PathOf(url), absl::StrCat(JsonText(facts), "\n", module.content));
  return written.ok() ? written
                      : absl::Status(written.code(), absl::StrCat("the module cache ", folder_,
                                                                  ": ", written.message()));
}

}  // namespace lockstep::coordinator
