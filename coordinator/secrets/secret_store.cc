#include "coordinator/secrets/secret_store.h"

#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace lockstep::coordinator {

SecretStore::SecretStore(EventLoop& loop, std::vector<SecretSource> sources, HttpTrust trust,
                         Redactor& redactor)
    : redactor_(redactor), fetcher_(loop, std::move(trust)) {
  for (SecretSource& settings : sources) {
    Source& source = sources_.emplace_back();
    if (const auto* url = std::get_if<UrlSecretSettings>(&settings.secrets); url != nullptr) {
      source.server = std::make_unique<UrlSecrets>(loop, fetcher_, *url);
    }
    source.settings = std::move(settings);
  }
}

std::string SecretStore::Names() const {
  return absl::StrJoin(sources_, ", ", [](std::string* out, const Source& source) {
    absl::StrAppend(out, "\"", source.settings.name, "\"");
  });
}

absl::StatusOr<const SecretStore::Source*> SecretStore::Find(const std::string& name) const {
  if (sources_.empty()) {
    return absl::FailedPreconditionError(
        "no secret source is configured; --secret-source names one");
  }
  for (const Source& source : sources_) {
    if (name.empty() ? source.settings.is_default : source.settings.name == name) {
      return &source;
    }
  }
  return absl::FailedPreconditionError(
      name.empty() ? absl::StrCat("none of the secret sources ", Names(),
                                  " is the default one: use secrets.source(name), or add "
                                  "\"default\" to one of them")
                   : absl::StrCat("there is no secret source \"", name, "\"; there are ", Names()));
}

void SecretStore::Get(const SecretName& name, Done done) {
  const absl::StatusOr<const Source*> found = Find(name.source);
  if (!found.ok()) {
    done(found.status());
    return;
  }
  const Source& source = **found;
  const SecretName full{source.settings.name, name.key};
  if (const auto known = handed_out_.find({full.source, full.key}); known != handed_out_.end()) {
    done(known->second);
    return;
  }
  if (source.server != nullptr) {
    source.server->Get(name.key, [this, full, done = std::move(done)](
                                     const absl::StatusOr<std::string>& secret) mutable {
      Hand(full, secret, std::move(done));
    });
    return;
  }
  const KnownSecrets& secrets = std::get<KnownSecrets>(source.settings.secrets);
  const auto secret = secrets.find(name.key);
  Hand(full,
       secret == secrets.end() ? absl::StatusOr<std::string>(absl::NotFoundError("no such key"))
                               : secret->second,
       std::move(done));
}

void SecretStore::Hand(const SecretName& name, const absl::StatusOr<std::string>& secret,
                       Done done) {
  if (!secret.ok()) {
    done(absl::Status(secret.status().code(),
                      absl::StrCat("the secret \"", name.key, "\" of the source \"", name.source,
                                   "\": ", secret.status().message())));
    return;
  }
  if (handed_out_.size() >= kMostSecrets) {
    done(absl::ResourceExhaustedError(
        absl::StrCat("a test uses at most ", kMostSecrets, " secrets")));
    return;
  }
  redactor_.Add(*secret);
  handed_out_[{name.source, name.key}] = *secret;
  done(*secret);
}

}  // namespace lockstep::coordinator
