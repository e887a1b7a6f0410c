#include "agent/net/trusted_roots.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include <curl/curl.h>
#include <openssl/err.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "common/base/check.h"

namespace lockstep::agent {
namespace {

bool LoadFile(X509_STORE* store, const std::string& path) {
  const bool loaded = X509_STORE_load_file(store, path.c_str()) == 1;
  ERR_clear_error();
  return loaded;
}

// Every file of a folder that holds certificates, whatever its name.
bool LoadFolder(X509_STORE* store, const std::string& path) {
  bool loaded = false;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    loaded = (entry.is_regular_file(error) && LoadFile(store, entry.path().string())) || loaded;
  }
  return loaded;
}

}  // namespace

TrustedRoots::TrustedRoots(TrustSettings settings)
    : loaded_(std::async(std::launch::async,
                         [settings = std::move(settings)] { return Load(settings); })) {}

TrustedRoots::Loaded TrustedRoots::Load(const TrustSettings& settings) {
  Loaded loaded;
  loaded.store.reset(X509_STORE_new());
  X509_STORE* const store = loaded.store.get();
  LOCKSTEP_CHECK(store != nullptr);
  // As Go: what is trusted ends a chain, be it an authority's own certificate or one below.
  X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
  const char* const system = curl_version_info(CURLVERSION_NOW)->cainfo;
  if (system != nullptr && (settings.file.empty() || settings.folders.empty())) {
    LoadFile(store, system);
  }
  std::vector<std::string> errors;
  if (!settings.file.empty() && !LoadFile(store, settings.file)) {
    errors.push_back(
        absl::StrCat("SSL_CERT_FILE: there is no PEM certificate to be read in ", settings.file));
  }
  for (const std::string& folder :
       std::vector<std::string>(absl::StrSplit(settings.folders, ':', absl::SkipEmpty()))) {
    if (!LoadFolder(store, folder)) {
      errors.push_back(
          absl::StrCat("SSL_CERT_DIR: there is no PEM certificate to be read in ", folder));
    }
  }
  if (!errors.empty()) {
    loaded.status = absl::InvalidArgumentError(absl::StrJoin(errors, "; "));
  }
  return loaded;
}

}  // namespace lockstep::agent
