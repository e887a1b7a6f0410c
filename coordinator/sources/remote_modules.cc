#include "coordinator/sources/remote_modules.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "common/base/content_hash.h"
#include "common/base/read_file.h"
#include "common/base/whole_file.h"
#include "coordinator/fetch/http_place.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::Duration kFetchWithin = absl::Minutes(1);
constexpr absl::Duration kLongestFresh = absl::Hours(24 * 365);
constexpr size_t kMostLockBytes = size_t{16} << 20;
constexpr int kNotModified = 304;
constexpr int kNotFound = 404;

std::string HeaderOf(const HttpAnswer& answer, const char* name) {
  const auto found = answer.headers.find(name);
  return found == answer.headers.end() ? "" : found->second;
}

absl::Status StatusOfAnswer(const HttpAnswer& answer, const std::string& url) {
  return absl::UnavailableError(absl::StrCat(
      "the server answers ", answer.status, answer.status == kNotFound ? " (not found)" : "",
      answer.url == url ? "" : absl::StrCat(" at ", WithoutSecrets(answer.url))));
}

}  // namespace

std::string DefaultModuleCache(const Environment& environment) {
  const std::string cache = XdgFolder(environment, "XDG_CACHE_HOME", ".cache");
  return cache.empty() ? "" : cache + "/lockstep/modules";
}

absl::Status CheckModuleUrl(absl::string_view url) {
  const absl::string_view scheme = HttpScheme(url);
  if (scheme == "https" || (scheme == "http" && IsLoopback(url))) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      scheme == "http" ? "modules come over https; http is for servers on this machine only"
                       : "only supported schemes for imports are file and https");
}

absl::Duration FreshFor(absl::string_view cache_control) {
  absl::Duration fresh = absl::ZeroDuration();
  bool ask_always = false;
  for (absl::string_view part : absl::StrSplit(cache_control, ',')) {
    const std::string word = absl::AsciiStrToLower(absl::StripAsciiWhitespace(part));
    absl::string_view seconds = word;
    int64_t number = 0;
    if (word == "no-store") {
      return -absl::Seconds(1);
    }
    if (word == "no-cache") {
      ask_always = true;
    } else if (absl::ConsumePrefix(&seconds, "max-age=") && absl::SimpleAtoi(seconds, &number)) {
      fresh = std::clamp(absl::Seconds(number), absl::ZeroDuration(), kLongestFresh);
    }
  }
  return ask_always ? absl::ZeroDuration() : fresh;
}

absl::StatusOr<std::optional<LockFile>> ReadLockFile(absl::string_view required_by) {
  const absl::StatusOr<std::string> text = ReadFile(kLockFileName, kMostLockBytes);
  if (absl::IsNotFound(text.status())) {
    if (!required_by.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(required_by, ": there is no ", kLockFileName,
                       " in the working directory; --update-lock writes one"));
    }
    return std::nullopt;
  }
  absl::StatusOr<LockFile> lock = text.ok() ? LockFile::Parse(*text) : text.status();
  if (!lock.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(kLockFileName, ": ", lock.status().message()));
  }
  return *std::move(lock);
}

RemoteModules::RemoteModules(EventLoop& loop, ModuleSettings settings, std::optional<LockFile> lock,
                             HttpTrust trust, Logger& logger)
    : loop_(loop),
      settings_(std::move(settings)),
      logger_(logger),
      cache_(settings_.cache_folder),
      lock_(std::move(lock)),
      fetcher_(loop, std::move(trust)) {}

void RemoteModules::Fetch(const std::string& url, Done done) {
  if (absl::Status allowed = CheckModuleUrl(url); !allowed.ok()) {
    done(allowed);
    return;
  }
  if (++fetched_ > kMostModules) {
    done(absl::ResourceExhaustedError(
        absl::StrCat("a test imports at most ", kMostModules, " modules from servers")));
    return;
  }
  if (HttpScheme(url) == "http") {
    logger_.Warn(absl::StrCat(WithoutSecrets(url),
                              " is imported without TLS, which only works with servers on this "
                              "machine; use https"));
  }
  std::optional<CachedModule> kept = cache_.Find(url);
  if (kept.has_value() && IsGood(url, *kept)) {
    Deliver(url, std::move(kept->content), std::move(done));
    return;
  }
  HttpQuestion question{.url = url,
                        .most_bytes = kMostModuleBytes,
                        .timeout = kFetchWithin,
                        .allows = &CheckModuleUrl};
  if (kept.has_value() && !kept->etag.empty()) {
    question.headers.push_back(absl::StrCat("If-None-Match: ", kept->etag));
  }
  if (kept.has_value() && !kept->last_modified.empty()) {
    question.headers.push_back(absl::StrCat("If-Modified-Since: ", kept->last_modified));
  }
  logger_.Debug(absl::StrCat("fetching the module ", WithoutSecrets(url)));
  fetcher_.Fetch(std::move(question), [this, url, kept = std::move(kept), done = std::move(done)](
                                          absl::StatusOr<HttpAnswer> answer) mutable {
    OnAnswer(url, std::move(kept), std::move(answer), std::move(done));
  });
}

std::optional<std::string> RemoteModules::WithoutAsking(const std::string& url) const {
  std::optional<CachedModule> kept = cache_.Find(url);
  return kept.has_value() && IsGood(url, *kept) ? std::make_optional(std::move(kept->content))
                                                : std::nullopt;
}

bool RemoteModules::IsGood(const std::string& url, const CachedModule& kept) const {
  const std::string* const locked = lock_.has_value() ? lock_->Find(url) : nullptr;
  return locked != nullptr ? *locked == absl::BytesToHexString(Sha256(kept.content))
                           : loop_.clock().Wall() < kept.fresh_until;
}

void RemoteModules::OnAnswer(const std::string& url, std::optional<CachedModule> kept,
                             absl::StatusOr<HttpAnswer> answer, Done done) {
  if (answer.ok() && answer->status >= 200 && answer->status < 300) {
    Deliver(url, Take(url, *std::move(answer)), std::move(done));
    return;
  }
  if (answer.ok() && answer->status == kNotModified && kept.has_value()) {
    answer->body = std::move(kept->content);
    for (const auto& [name, value] :
         {std::pair("etag", kept->etag), std::pair("last-modified", kept->last_modified)}) {
      answer->headers.try_emplace(name, value);
    }
    Deliver(url, Take(url, *std::move(answer)), std::move(done));
    return;
  }
  const absl::Status failure = answer.ok() ? StatusOfAnswer(*answer, url) : answer.status();
  // A server that is away holds up nobody who has been there; one that refuses does.
  if (!answer.ok() && kept.has_value() &&
      (absl::IsUnavailable(failure) || absl::IsDeadlineExceeded(failure))) {
    logger_.Warn(absl::StrCat(
        WithoutSecrets(url), " cannot be fetched: ", failure.message(), "; the copy of ",
        absl::FormatTime("%Y-%m-%d %H:%M", kept->fetched, absl::UTCTimeZone()), " UTC is used"));
    Deliver(url, std::move(kept->content), std::move(done));
    return;
  }
  done(failure);
}

std::string RemoteModules::Take(const std::string& url, HttpAnswer answer) {
  const absl::Duration fresh = FreshFor(HeaderOf(answer, "cache-control"));
  CachedModule module{.content = std::move(answer.body),
                      .fetched = loop_.clock().Wall(),
                      .fresh_until = loop_.clock().Wall() + fresh,
                      .etag = HeaderOf(answer, "etag"),
                      .last_modified = HeaderOf(answer, "last-modified")};
  if (fresh >= absl::ZeroDuration()) {
    if (const absl::Status kept = cache_.Keep(url, module); !kept.ok()) {
      logger_.Warn(absl::StrCat(kept.message(), "; --module-cache names another folder, or none"));
    }
  }
  return std::move(module.content);
}

void RemoteModules::Deliver(const std::string& url, std::string content, Done done) {
  const std::string hash = absl::BytesToHexString(Sha256(content));
  const std::string* const locked = lock_.has_value() ? lock_->Find(url) : nullptr;
  used_[url] = hash;
  if (!settings_.update_lock && locked != nullptr && *locked != hash) {
    const std::string change =
        absl::StrCat("it has changed: ", kLockFileName, " says sha256:", *locked,
                     ", and now it is sha256:", hash);
    if (settings_.locked) {
      done(absl::FailedPreconditionError(change));
      return;
    }
    logger_.Warn(absl::StrCat(WithoutSecrets(url), ": ", change,
                              "; --locked refuses this, --update-lock accepts it"));
  }
  if (settings_.locked && locked == nullptr) {
    done(absl::FailedPreconditionError(
        absl::StrCat("it is not in ", kLockFileName, "; --update-lock adds it")));
    return;
  }
  done(std::move(content));
}

absl::Status RemoteModules::Close() {
  if (!settings_.update_lock) {
    return absl::OkStatus();
  }
  LockFile lock = lock_.value_or(LockFile());
  for (const auto& [url, hash] : used_) {
    lock.Set(url, hash);
  }
  if (const absl::Status written = WriteWholeFile(kLockFileName, lock.ToText()); !written.ok()) {
    return absl::Status(written.code(), absl::StrCat(kLockFileName, ": ", written.message()));
  }
  return absl::OkStatus();
}

}  // namespace lockstep::coordinator
