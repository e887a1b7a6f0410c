#include "common/metrics/hide_secrets.h"

#include <algorithm>
#include <string>

namespace lockstep {
namespace {

// Of a text that its agent has cut off, the word at the end may be the beginning of a secret.
void DropCutWord(std::string* text) {
  constexpr size_t kLongestCharacter = 4;
  if (text->size() + kLongestCharacter > ErrorTable::kMostTextBytes) {
    const size_t last = text->find_last_of("/?&=:, ");
    text->resize(last == std::string::npos ? 0 : last + 1);
  }
}

// A secret may be shorter than what stands in its place.
void Hide(const Redactor& redactor, size_t most, std::string* text) {
  redactor.Redact(text);
  if (text->size() > most) {
    *text = std::string(Redactor::kInstead);
  }
}

}  // namespace

void HideSecrets(const Redactor& redactor, Batch* batch) {
  if (redactor.empty()) {
    return;
  }
  for (TagList& tags : batch->tag_sets) {
    for (auto& [key, value] : tags) {
      Hide(redactor, std::max(value.size(), TagSetTable::kMaxSetBytes / TagSetTable::kMaxTags),
           &value);
    }
  }
  for (ErrorCount& error : batch->errors) {
    for (std::string* text : {&error.cause, &error.method, &error.name}) {
      DropCutWord(text);
      Hide(redactor, ErrorTable::kMostTextBytes, text);
    }
  }
}

}  // namespace lockstep
