// The option `tlsCipherSuites`: names as k6 has them, for OpenSSL.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lockstep {

struct CipherSuites {
  std::vector<std::string>
      openssl;  // OpenSSL's names of those up to TLS 1.2; the others are always on, as in Go
  std::vector<std::string> errors;    // each begins with `option`
  std::vector<std::string> warnings;  // likewise
};
CipherSuites ReadCipherSuites(const std::vector<std::string>& names,
                              absl::string_view option = "tlsCipherSuites");

}  // namespace lockstep
