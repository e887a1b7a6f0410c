// The modules that a script imports from servers: each is fetched once for the whole fleet, at most
// a minute long, from the disk if it is known there, and held against the lock file.
//
// Loop-bound.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "common/base/environment.h"
#include "common/base/event_loop.h"
#include "common/base/log.h"
#include "coordinator/fetch/http_fetcher.h"
#include "coordinator/sources/lock_file.h"
#include "coordinator/sources/module_cache.h"

namespace lockstep::coordinator {

// In the working directory, beside lockstep.yaml.
inline constexpr char kLockFileName[] = "lockstep.lock";

struct ModuleSettings {
  std::string cache_folder = {};           // --module-cache; empty: nothing is kept on disk
  bool locked = false;                     // --locked: only what the lock file says
  std::string locked_source = "--locked";  // or the variable in its stead
  bool update_lock = false;                // --update-lock: writes what the test imports into it
};

// Where modules are kept unless --module-cache says otherwise: "lockstep/modules" in
// XDG_CACHE_HOME, or ~/.cache; "" if there is neither.
std::string DefaultModuleCache(const Environment& environment);

// The lock file of the working directory; nothing if there is none. InvalidArgument, naming it: it
// cannot be read, or there is none and `required_by`, a flag or variable, wants it; "": none does.
absl::StatusOr<std::optional<LockFile>> ReadLockFile(absl::string_view required_by);

// OK for https://, and for http:// to this machine. InvalidArgument says what is allowed.
absl::Status CheckModuleUrl(absl::string_view url);

// How long an answer with this Cache-Control need not be asked for again; negative: it must not be
// kept at all.
absl::Duration FreshFor(absl::string_view cache_control);

class RemoteModules {
 public:
  static constexpr size_t kMostModuleBytes = size_t{32} << 20;
  static constexpr size_t kMostModules = 2000;  // of a test
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

  // `logger` is borrowed. As HttpFetcher says of the loop.
  RemoteModules(EventLoop& loop, ModuleSettings settings, std::optional<LockFile> lock,
                HttpTrust trust, Logger& logger);

  // The module at `url`. `done` is called at once or later, with an error that does not name the
  // URL: what CheckModuleUrl says, FailedPrecondition (the lock file has another hash, or none),
  // ResourceExhausted (too large, too many), DeadlineExceeded, or Unavailable.
  void Fetch(const std::string& url, Done done);
  // What Fetch would find on disk, so that no server is asked; nothing: one would be.
  std::optional<std::string> WithoutAsking(const std::string& url) const;
  // Once all are fetched: writes the lock file, if that is wanted.
  absl::Status Close();

 private:
  // Whether what is kept on disk need not be asked for again.
  bool IsGood(const std::string& url, const CachedModule& kept) const;
  void OnAnswer(const std::string& url, std::optional<CachedModule> kept,
                absl::StatusOr<HttpAnswer> answer, Done done);
  // A fresh copy; kept on disk if the server allows it.
  std::string Take(const std::string& url, HttpAnswer answer);
  // Checks the hash, and hands the content over.
  void Deliver(const std::string& url, std::string content, Done done);

  EventLoop& loop_;
  const ModuleSettings settings_;
  Logger& logger_;
  const ModuleCache cache_;
  const std::optional<LockFile> lock_;
  std::map<std::string, std::string> used_;  // SHA-256 in hex, by URL
  size_t fetched_ = 0;
  HttpFetcher fetcher_;
};

}  // namespace lockstep::coordinator
