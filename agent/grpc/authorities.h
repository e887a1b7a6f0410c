// The authorities that scripts bring along, read once and not for each connection.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <openssl/x509_vfy.h>

#include "absl/status/statusor.h"

namespace lockstep::agent {

// Of one worker; its thread only.
class GrpcAuthorities {
 public:
  // Those in `cacerts`, texts in PEM. Shared with the channels that use them. InvalidArgument:
  // which text has none.
  absl::StatusOr<std::shared_ptr<X509_STORE>> Of(const std::vector<std::string>& cacerts);

 private:
  std::map<std::vector<std::string>, std::shared_ptr<X509_STORE>> known_;
};

}  // namespace lockstep::agent
