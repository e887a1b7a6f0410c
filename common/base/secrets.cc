#include "common/base/secrets.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

#include "common/base/percent_encoding.h"

namespace lockstep {
namespace {

constexpr absl::string_view kSecretScheme = "secret:";
constexpr unsigned char kFirstPlain = 0x20;  // below it JSON escapes

std::string AsInJson(absl::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '"':
      case '\\':
        escaped += '\\';
        escaped += c;
        break;
      case '\n':
        escaped += "\\n";
        break;
      case '\r':
        escaped += "\\r";
        break;
      case '\t':
        escaped += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < kFirstPlain) {
          absl::StrAppendFormat(&escaped, "\\u%04x", static_cast<unsigned char>(c));
        } else {
          escaped += c;
        }
    }
  }
  return escaped;
}

// As encodeURIComponent, or as a form has it.
std::string AsInUrl(absl::string_view text, bool form) {
  if (!form) {
    return PercentEncoded(text, "-_.!~*'()");
  }
  std::string escaped = PercentEncoded(text, "-_.* ");
  std::replace(escaped.begin(), escaped.end(), ' ', '+');
  return escaped;
}

}  // namespace

std::string SecretUrl(absl::string_view source, absl::string_view key) {
  return absl::StrCat(kSecretScheme, source, "/", key);
}

std::optional<SecretName> ParseSecretUrl(absl::string_view url) {
  if (!absl::ConsumePrefix(&url, kSecretScheme)) {
    return std::nullopt;
  }
  const size_t slash = std::min(url.find('/'), url.size());
  return SecretName{std::string(url.substr(0, slash)),
                    std::string(url.substr(std::min(slash + 1, url.size())))};
}

void Redactor::Add(absl::string_view secret) {
  if (secret.empty()) {
    return;
  }
  const MutexLock lock(mutex_);
  for (std::string& form : std::vector<std::string>{
           std::string(secret), AsInJson(secret), AsInUrl(secret, false), AsInUrl(secret, true)}) {
    if (std::none_of(forms_.begin(), forms_.end(),
                     [&](const Form& known) { return known.text == form; })) {
      forms_.push_back({.text = std::move(form), .secret = std::string(secret)});
    }
  }
  std::stable_sort(forms_.begin(), forms_.end(),
                   [](const Form& a, const Form& b) { return a.text.size() > b.text.size(); });
  any_.store(true, std::memory_order_release);
}

void Redactor::Redact(std::string* text) const {
  if (empty()) {
    return;
  }
  const MutexLock lock(mutex_);
  std::vector<std::pair<absl::string_view, absl::string_view>> found;
  for (const Form& form : forms_) {
    if (text->find(form.text) != std::string::npos) {
      found.emplace_back(form.text, kInstead);
    }
  }
  if (!found.empty()) {
    *text = absl::StrReplaceAll(*text, found);
  }
}

std::vector<std::string> Redactor::FoundIn(absl::string_view text) const {
  std::vector<std::string> found;
  if (empty()) {
    return found;
  }
  const MutexLock lock(mutex_);
  for (const Form& form : forms_) {
    if (absl::StrContains(text, form.text) &&
        std::find(found.begin(), found.end(), form.secret) == found.end()) {
      found.push_back(form.secret);
    }
  }
  return found;
}

}  // namespace lockstep
