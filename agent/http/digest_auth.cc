#include "agent/http/digest_auth.h"

#include <algorithm>
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

#include "common/base/http_token.h"

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

struct Challenge {
  std::string scheme;
  std::vector<std::pair<std::string, std::string>> parameters;  // names in lower case
};

// Takes a token from the front of `text`; "" if there is none.
absl::string_view TakeToken(absl::string_view* text) {
  const absl::string_view token = text->substr(0, text->find_first_of(" \t=,\""));
  text->remove_prefix(token.size());
  *text = absl::StripLeadingAsciiWhitespace(*text);
  return token;
}

// Takes `value` or `"quoted, with \" escapes"`.
std::string TakeValue(absl::string_view* text) {
  if (!absl::ConsumePrefix(text, "\"")) {
    const absl::string_view bare = text->substr(0, text->find_first_of(" \t,"));
    text->remove_prefix(bare.size());
    return std::string(bare);
  }
  std::string value;
  size_t end = 0;
  for (; end < text->size() && (*text)[end] != '"'; ++end) {
    end += (*text)[end] == '\\' && end + 1 < text->size() ? 1 : 0;
    value += (*text)[end];
  }
  text->remove_prefix(std::min(end + 1, text->size()));
  return value;
}

// `Basic realm="a", Digest realm="b", nonce="c"`: a name that no equals sign follows begins the
// next challenge (RFC 9110, section 11.6.1).
std::vector<Challenge> ChallengesOf(absl::string_view text) {
  std::vector<Challenge> challenges;
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t,"), text.size()));
    const absl::string_view name = TakeToken(&text);
    if (name.empty()) {
      return challenges;
    }
    if (!absl::ConsumePrefix(&text, "=")) {
      challenges.push_back({std::string(name), {}});
      continue;
    }
    text = absl::StripLeadingAsciiWhitespace(text);
    std::string value = TakeValue(&text);
    if (!challenges.empty()) {
      challenges.back().parameters.emplace_back(absl::AsciiStrToLower(name), std::move(value));
    }
  }
}

// Without what fits no header, such as a line break: the server refuses what is left of such a
// name.
std::string Quote(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
    }
    if (IsHeaderValue({&c, 1})) {
      quoted += c;
    }
  }
  return quoted + '"';
}

// The challenge, if its hash and its quality of protection are among ours.
std::optional<DigestChallenge> Answerable(const Challenge& offered) {
  DigestChallenge challenge;
  bool qop_given = false;
  for (const auto& [name, value] : offered.parameters) {
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
        challenge.qop_auth =
            challenge.qop_auth || absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(offer), "auth");
      }
    }
  }
  if (HashOf(challenge.algorithm) == nullptr || (qop_given && !challenge.qop_auth)) {
    return std::nullopt;
  }
  return challenge;
}

}  // namespace

std::optional<DigestChallenge> FindDigestChallenge(const HeaderList& response_headers) {
  for (const auto& [header, text] : response_headers) {
    if (!absl::EqualsIgnoreCase(header, "WWW-Authenticate")) {
      continue;
    }
    for (const Challenge& offered : ChallengesOf(text)) {
      if (!absl::EqualsIgnoreCase(offered.scheme, "Digest")) {
        continue;
      }
      if (std::optional<DigestChallenge> challenge = Answerable(offered)) {
        return challenge;
      }
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
