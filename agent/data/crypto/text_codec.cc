#include "agent/data/crypto/text_codec.h"

#include <array>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lockstep::agent {
namespace {

constexpr absl::string_view kStdDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr absl::string_view kUrlDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

absl::string_view Digits(Base64Alphabet alphabet) {
  return alphabet == Base64Alphabet::kStd || alphabet == Base64Alphabet::kRawStd ? kStdDigits
                                                                                 : kUrlDigits;
}

bool IsPadded(Base64Alphabet alphabet) {
  return alphabet == Base64Alphabet::kStd || alphabet == Base64Alphabet::kUrl;
}

absl::Status IllegalAt(size_t position) {
  return absl::InvalidArgumentError(absl::StrCat("illegal base64 data at input byte ", position));
}

// Where the padding that starts at `position` is wrong, or nothing. `missing` '=' must stand there,
// and nothing after.
std::optional<size_t> WrongPadding(absl::string_view text, size_t position, int missing) {
  for (; position < text.size(); ++position) {
    if (text[position] == '\r' || text[position] == '\n') {
      continue;
    }
    if (text[position] != '=' || missing == 0) {
      return position;
    }
    --missing;
  }
  return missing == 0 ? std::nullopt : std::optional<size_t>(text.size());
}

}  // namespace

std::optional<Base64Alphabet> ParseBase64Alphabet(absl::string_view name) {
  if (name == "std") {
    return Base64Alphabet::kStd;
  }
  if (name == "rawstd") {
    return Base64Alphabet::kRawStd;
  }
  if (name == "url") {
    return Base64Alphabet::kUrl;
  }
  if (name == "rawurl") {
    return Base64Alphabet::kRawUrl;
  }
  return std::nullopt;
}

std::string EncodeBase64(absl::string_view bytes, Base64Alphabet alphabet) {
  const absl::string_view digits = Digits(alphabet);
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<uint8_t>(bytes[i + k]) : 0);
    }
    for (size_t k = 0; k < 4; ++k) {
      if (k <= count) {
        out.push_back(digits[group >> (18 - 6 * k) & 63]);
      } else if (IsPadded(alphabet)) {
        out.push_back('=');
      }
    }
  }
  return out;
}

absl::StatusOr<std::string> DecodeBase64(absl::string_view text, Base64Alphabet alphabet) {
  std::array<int8_t, 256> values;
  values.fill(-1);
  const absl::string_view digits = Digits(alphabet);
  for (size_t i = 0; i < digits.size(); ++i) {
    values[static_cast<uint8_t>(digits[i])] = static_cast<int8_t>(i);
  }
  std::string out;
  out.reserve(text.size() / 4 * 3 + 3);
  uint32_t group = 0;
  int held = 0;  // digits in `group`
  size_t i = 0;
  for (; i < text.size(); ++i) {
    if (text[i] == '\r' || text[i] == '\n') {
      continue;
    }
    const int8_t value = values[static_cast<uint8_t>(text[i])];
    if (value < 0) {
      break;
    }
    group = group << 6 | static_cast<uint32_t>(value);
    if (++held == 4) {
      out.push_back(static_cast<char>(group >> 16));
      out.push_back(static_cast<char>(group >> 8));
      out.push_back(static_cast<char>(group));
      group = 0;
      held = 0;
    }
  }
  const bool is_cut = i == text.size() && held != 0 && (held == 1 || IsPadded(alphabet));
  if (is_cut || held == 1) {
    return IllegalAt(is_cut ? i - held : i);
  }
  const int missing = IsPadded(alphabet) && held != 0 ? 4 - held : 0;
  if (const std::optional<size_t> wrong = WrongPadding(text, i, missing)) {
    return IllegalAt(*wrong);
  }
  if (held >= 2) {
    out.push_back(static_cast<char>(group >> (held == 2 ? 4 : 10)));
  }
  if (held == 3) {
    out.push_back(static_cast<char>(group >> 2));
  }
  return out;
}

std::string EncodeHex(absl::string_view bytes) {
  constexpr absl::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    out.push_back(kDigits[static_cast<uint8_t>(byte) >> 4]);
    out.push_back(kDigits[static_cast<uint8_t>(byte) & 15]);
  }
  return out;
}

}  // namespace lockstep::agent
