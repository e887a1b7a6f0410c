// Remembers what URLs a VU has parsed: a script asks for few of them, again and again.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "absl/hash/hash.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "agent/http/url.h"

namespace lockstep::agent {

class UrlCache {
 public:
  // As ParseUrl. Valid until the next call.
  const absl::StatusOr<Url>& Parse(absl::string_view text) {
    std::unique_ptr<Entry>& entry = entries_[absl::Hash<absl::string_view>()(text) % kEntries];
    if (entry == nullptr) {
      entry = std::make_unique<Entry>(Entry{std::string(text), ParseUrl(text)});
    } else if (entry->text != text) {
      entry->text = std::string(text);
      entry->url = ParseUrl(text);
    }
    return entry->url;
  }

 private:
  static constexpr size_t kEntries = 8;  // of which one takes half a kilobyte when it is needed
  struct Entry {
    std::string text;
    absl::StatusOr<Url> url;
  };
  std::array<std::unique_ptr<Entry>, kEntries> entries_;
};

}  // namespace lockstep::agent
