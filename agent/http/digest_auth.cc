#include "agent/http/digest_auth.h"

#include <array>
#include <utility>
#include <vector>

#include <openssl/evp.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace lockstep::agent {
namespace {

// "MD5" and "SHA-256", with or without "-sess"; nullptr for others.
const EVP_MD* HashOf(absl::string_view algorithm) {
  absl::ConsumeSuffix(&algorithm, "-sess");
  if (absl::EqualsIgnoreCase(algorithm, "MD5")) {
    return EVP_md5();
  }
  return absl::EqualsIgnoreCase(algorithm, "SHA-256") ? EVP_sha256() : nullptr;
}

std::string HexHash(const EVP_MD* hash, absl::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, hash, nullptr);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), size));
}

// `name=value, name="quoted, with \" escapes"`: the parameters of a challenge.
std::vector<std::pair<std::string, std::string>> Parameters(absl::string_view text) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!text.empty()) {
    text = absl::StripLeadingAsciiWhitespace(text);
    const size_t equals = text.find('=');
    if (equals == absl::string_view::npos) {
      break;
    }
    std::string name = absl::AsciiStrToLower(absl::StripAsciiWhitespace(text.substr(0, equals)));
    text = absl::StripLeadingAsciiWhitespace(text.substr(equals + 1));
    std::string value;
    size_t end = 0;
    if (!text.empty() && text[0] == '"') {
      for (end = 1; end < text.size() && text[end] != '"'; ++end) {
        end += text[end] == '\\' && end + 1 < text.size() ? 1 : 0;
        value += text[end];
      }
    } else {
      value = std::string(absl::StripAsciiWhitespace(text.substr(0, text.find(','))));
    }
    const size_t comma = text.find(',', end);
    text = comma == absl::string_view::npos ? "" : text.substr(comma + 1);
    parameters.emplace_back(std::move(name), std::move(value));
  }
  return parameters;
}

std::string Quote(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
    }
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::optional<DigestChallenge> FindDigestChallenge(const HeaderList& response_headers) {
  for (const auto& [header, text] : response_headers) {
    if (!absl::EqualsIgnoreCase(header, "WWW-Authenticate") ||
        !absl::StartsWithIgnoreCase(text, "Digest ")) {
      continue;
    }
    DigestChallenge challenge;
    bool qop_given = false;
    for (auto& [name, value] : Parameters(absl::string_view(text).substr(7))) {
      if (name == "realm") {
        challenge.realm = value;
      } else if (name == "nonce") {
        challenge.nonce = value;
      } else if (name == "opaque") {
        challenge.opaque = value;
        challenge.has_opaque = true;
      } else if (name == "algorithm") {
        challenge.algorithm = value;
        challenge.algorithm_given = true;
      } else if (name == "qop") {
        qop_given = true;
        for (const absl::string_view offer : absl::StrSplit(value, ',')) {
          challenge.qop_auth = challenge.qop_auth ||
                               absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(offer), "auth");
        }
      }
    }
    if (HashOf(challenge.algorithm) != nullptr && (challenge.qop_auth || !qop_given)) {
      return challenge;
    }
  }
  return std::nullopt;
}

std::string DigestAuthorization(const DigestChallenge& challenge,
                                const DigestCredentials& credentials, absl::string_view method,
                                absl::string_view target, absl::string_view cnonce,
                                uint32_t count) {
  const EVP_MD* const hash = HashOf(challenge.algorithm);
  std::string secret = HexHash(
      hash, absl::StrCat(credentials.user, ":", challenge.realm, ":", credentials.password));
  if (absl::EndsWithIgnoreCase(challenge.algorithm, "-sess")) {
    secret = HexHash(hash, absl::StrCat(secret, ":", challenge.nonce, ":", cnonce));
  }
  const std::string what = HexHash(hash, absl::StrCat(method, ":", target));
  const std::string nc = absl::StrFormat("%08x", count);
  const std::string middle = challenge.qop_auth
                                 ? absl::StrCat(challenge.nonce, ":", nc, ":", cnonce, ":auth")
                                 : challenge.nonce;
  std::string header =
      absl::StrCat("Digest username=", Quote(credentials.user), ", realm=", Quote(challenge.realm),
                   ", nonce=", Quote(challenge.nonce), ", uri=", Quote(target), ", response=\"",
                   HexHash(hash, absl::StrCat(secret, ":", middle, ":", what)), "\"");
  if (challenge.algorithm_given) {
    absl::StrAppend(&header, ", algorithm=", challenge.algorithm);
  }
  if (challenge.has_opaque) {
    absl::StrAppend(&header, ", opaque=", Quote(challenge.opaque));
  }
  if (challenge.qop_auth) {
    absl::StrAppend(&header, ", qop=auth, nc=", nc, ", cnonce=", Quote(cnonce));
  }
  return header;
}

}  // namespace lockstep::agent
