// The secrets of a run, by source and key. Each that is handed out is known to the redactor before.
// Loop-bound.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

#include "common/base/event_loop.h"
#include "common/base/secrets.h"
#include "coordinator/fetch/http_fetcher.h"
#include "coordinator/secrets/secret_source.h"
#include "coordinator/secrets/url_secrets.h"

namespace lockstep::coordinator {

class SecretStore {
 public:
  static constexpr size_t kMostSecrets = 10'000;  // that are handed out, by source and key
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

  // `loop` and `redactor` are borrowed. As HttpFetcher says of the loop.
  SecretStore(EventLoop& loop, std::vector<SecretSource> sources, HttpTrust trust,
              Redactor& redactor);

  // `done` is called at once or later: with the secret, or with FailedPrecondition (no such source,
  // or none is the default one), NotFound (no such key), ResourceExhausted (too many), or what was
  // wrong with the server. Messages are for the script's author, and name source and key.
  void Get(const SecretName& name, Done done);
  // Knows those that were handed out.
  const Redactor& redactor() const { return redactor_; }

 private:
  struct Source {
    SecretSource settings;
    std::unique_ptr<UrlSecrets> server;  // of a source of that kind
  };
  absl::StatusOr<const Source*> Find(const std::string& name) const;
  std::string Names() const;
  // Keeps and hands out what `source` has for `key`.
  void Hand(const SecretName& name, const absl::StatusOr<std::string>& secret, Done done);

  Redactor& redactor_;
  HttpFetcher fetcher_;
  std::vector<Source> sources_;
  std::map<std::pair<std::string, std::string>, std::string> handed_out_;  // by source and key
};

}  // namespace lockstep::coordinator
