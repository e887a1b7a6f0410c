#include "agent/http/domain_name.h"

#include <algorithm>
#include <memory>

#include <unicode/uidna.h>

#include "absl/strings/ascii.h"

namespace lockstep::agent {
namespace {

struct UidnaClose {
  void operator()(UIDNA* names) const { uidna_close(names); }
};

// What the standard does not check.
constexpr uint32_t kHarmless = UIDNA_ERROR_EMPTY_LABEL | UIDNA_ERROR_LABEL_TOO_LONG |
                               UIDNA_ERROR_DOMAIN_NAME_TOO_LONG | UIDNA_ERROR_LEADING_HYPHEN |
                               UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4;

}  // namespace

std::optional<std::string> DomainToAscii(absl::string_view domain) {
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<UIDNA, UidnaClose> names(
      uidna_openUTS46(UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_NONTRANSITIONAL_TO_ASCII |
                          UIDNA_NONTRANSITIONAL_TO_UNICODE,
                      &error));
  // A character of UTF-8 becomes at most some 20 of ASCII where it is a ligature; most become
  // fewer.
  std::string ascii(64 + 24 * domain.size(), '\0');
  UIDNAInfo info = UIDNA_INFO_INITIALIZER;
  const int32_t length =
      uidna_nameToASCII_UTF8(names.get(), domain.data(), static_cast<int32_t>(domain.size()),
                             ascii.data(), static_cast<int32_t>(ascii.size()), &info, &error);
  if (U_FAILURE(error) || (info.errors & ~kHarmless) != 0) {
    return std::nullopt;
  }
  ascii.resize(static_cast<size_t>(length));
  return ascii;
}

std::optional<std::string> HostToAscii(absl::string_view host) {
  const bool plain = std::all_of(host.begin(), host.end(), [](char c) {
    return absl::ascii_isascii(static_cast<unsigned char>(c));
  });
  return plain ? std::make_optional(absl::AsciiStrToLower(host)) : DomainToAscii(host);
}

}  // namespace lockstep::agent
