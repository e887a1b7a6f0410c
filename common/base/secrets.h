// Secrets of a test: what an agent calls one when it asks the coordinator for it, and how their
// values are kept out of what people read.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "common/base/sync.h"

namespace lockstep {

// The key of a secret, in bytes, and the name of a source.
inline constexpr size_t kMostSecretKeyBytes = 1000;

// "secret:source/key": asked for like a file, and no part of any bundle. `source` has no "/"; "":
// the default one.
std::string SecretUrl(absl::string_view source, absl::string_view key);
struct SecretName {
  std::string source;
  std::string key;
};
// Nothing if `url` is of another kind.
std::optional<SecretName> ParseSecretUrl(absl::string_view url);

// Takes secrets out of texts: as they are, and as they stand in JSON and in URLs. Thread-safe.
class Redactor {
 public:
  static constexpr absl::string_view kInstead = "***SECRET_REDACTED***";

  bool empty() const { return !any_.load(std::memory_order_acquire); }
  // From now on. An empty one is none.
  void Add(absl::string_view secret);
  // A text without any is not copied.
  void Redact(std::string* text) const;
  // The same for a text that is given away.
  std::string Redacted(std::string text) const {
    Redact(&text);
    return text;
  }
  // Those that stand in a text, in any of their forms: whoever gets the text is to know them, too.
  std::vector<std::string> FoundIn(absl::string_view text) const;

 private:
  std::atomic<bool> any_ = false;
  mutable Mutex mutex_;
  struct Form {
    std::string text;
    std::string secret;  // that it is a form of
  };
  // Longer ones first, so that one within another does not leave a rest of it.
  std::vector<Form> forms_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace lockstep
