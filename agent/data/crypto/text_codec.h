// Bytes as text: hexadecimal and the four alphabets of base64 (RFC 4648) that k6/encoding and
// k6/crypto offer. Pure functions.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

// std and url pad with '='; the raw ones do not.
enum class Base64Alphabet { kStd, kRawStd, kUrl, kRawUrl };

// "std", "rawstd", "url" or "rawurl".
std::optional<Base64Alphabet> ParseBase64Alphabet(absl::string_view name);

std::string EncodeBase64(absl::string_view bytes, Base64Alphabet alphabet);

// Line breaks are skipped; everything else must belong to the alphabet, and be padded as the
// alphabet requires. InvalidArgument: `illegal base64 data at input byte N`, N counted from 0.
absl::StatusOr<std::string> DecodeBase64(absl::string_view text, Base64Alphabet alphabet);

// Lower case.
std::string EncodeHex(absl::string_view bytes);

}  // namespace lockstep::agent
