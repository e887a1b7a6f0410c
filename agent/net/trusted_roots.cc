#include "agent/net/trusted_roots.h"

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include <curl/curl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "common/base/check.h"
#include "common/base/openssl_text.h"

namespace lockstep::agent {
namespace {

// Whether there is a certificate in PEM in the file at `path`.
bool HoldsCertificate(const std::string& path) {
  bool holds = false;
  if (BIO* const file = BIO_new_file(path.c_str(), "r"); file != nullptr) {
    X509* const first = PEM_read_bio_X509_AUX(file, nullptr, nullptr, nullptr);
    holds = first != nullptr;
    X509_free(first);
    BIO_free(file);
  }
  ERR_clear_error();
  return holds;
}

// Loads files into a store, each once: a system's folder has two names for every authority.
class Loader {
 public:
  explicit Loader(X509_STORE* store) : store_(store) {}

  bool operator()(const std::string& path) {
    struct stat facts {};
    if (stat(path.c_str(), &facts) == 0 && !known_.emplace(facts.st_dev, facts.st_ino).second) {
      return true;
    }
    const bool loaded = X509_STORE_load_file(store_, path.c_str()) == 1;
    ERR_clear_error();
    return loaded;
  }

 private:
  X509_STORE* const store_;
  std::set<std::pair<dev_t, ino_t>> known_;
};

// Applies `take` to the files of a folder, whatever their names, all of them or until one is taken.
// Whether any was.
template <class Take>
bool TakeFrom(const std::string& folder, bool all, Take take) {
  bool taken = false;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.is_regular_file(error) && take(entry.path().string())) {
      taken = true;
      if (!all) {
        break;
      }
    }
  }
  return taken;
}

// What is wrong with the places that were given, if `take` takes nothing from one of them.
template <class Take>
absl::Status TakeGiven(const TrustSettings& settings, bool all, Take take) {
  std::vector<std::string> errors;
  if (!settings.file.empty() && !take(settings.file)) {
    errors.push_back(
        absl::StrCat("SSL_CERT_FILE: there is no PEM certificate to be read in ", settings.file));
  }
  for (const std::string& folder :
       std::vector<std::string>(absl::StrSplit(settings.folders, ':', absl::SkipEmpty()))) {
    if (!TakeFrom(folder, all, [&](const std::string& path) { return take(path); })) {
      errors.push_back(
          absl::StrCat("SSL_CERT_DIR: there is no PEM certificate to be read in ", folder));
    }
  }
  return errors.empty() ? absl::OkStatus()
                        : absl::InvalidArgumentError(absl::StrJoin(errors, "; "));
}

}  // namespace

TrustStore MakeTrustStore() {
  TrustStore store(X509_STORE_new());
  LOCKSTEP_CHECK(store != nullptr);
  X509_STORE_set_flags(store.get(), X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
  return store;
}

bool TrustAll(X509_STORE* store, const std::string& pem) {
  const openssl::Bio bio = openssl::Reader(pem);
  bool any = false;
  while (X509* const certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(store, certificate);
    X509_free(certificate);
    any = true;
  }
  ERR_clear_error();  // the end of the text is one
  return any;
}

TrustedRoots::TrustedRoots(TrustSettings settings) : settings_(std::move(settings)) {}

void TrustedRoots::Begin() const {
  std::call_once(begun_, [this] {
    loaded_ = std::async(std::launch::async, [this] { return Load(settings_); });
  });
}

absl::Status TrustedRoots::Check() const {
  return TakeGiven(settings_, /*all=*/false, &HoldsCertificate);
}

const TrustedRoots::Loaded& TrustedRoots::Wait() const {
  Begin();
  return loaded_.get();
}

TrustedRoots::Loaded TrustedRoots::Load(const TrustSettings& settings) {
  Loaded loaded;
  loaded.store = MakeTrustStore();
  X509_STORE* const store = loaded.store.get();
  Loader load(store);
  const char* const system = curl_version_info(CURLVERSION_NOW)->cainfo;
  if (system != nullptr && (settings.file.empty() || settings.folders.empty())) {
    load(system);
  }
  loaded.status =
      TakeGiven(settings, /*all=*/true, [&](const std::string& path) { return load(path); });
  return loaded;
}

}  // namespace lockstep::agent
