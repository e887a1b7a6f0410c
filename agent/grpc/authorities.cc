#include "agent/grpc/authorities.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/net/trusted_roots.h"

namespace lockstep::agent {
namespace {

// Scripts have one or a few; whoever makes new ones all the time gets no cache of them.
constexpr size_t kMostKnown = 16;

}  // namespace

absl::StatusOr<std::shared_ptr<X509_STORE>> GrpcAuthorities::Of(
    const std::vector<std::string>& cacerts) {
  if (const auto found = known_.find(cacerts); found != known_.end()) {
    return found->second;
  }
  TrustStore made = MakeTrustStore();
  for (size_t i = 0; i < cacerts.size(); ++i) {
    if (!TrustAll(made.get(), cacerts[i])) {
      return absl::InvalidArgumentError(
          absl::StrCat("tls.cacerts: there is no PEM certificate in ",
                       cacerts.size() == 1 ? "it" : absl::StrCat("number ", i + 1)));
    }
  }
  std::shared_ptr<X509_STORE> store = std::move(made);
  if (known_.size() < kMostKnown) {
    known_.emplace(cacerts, store);
  }
  return store;
}

}  // namespace lockstep::agent
