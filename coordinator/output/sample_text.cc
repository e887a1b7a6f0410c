#include "coordinator/output/sample_text.h"

#include "absl/strings/str_cat.h"

#include "common/base/utf8.h"

namespace lockstep::coordinator {

std::string ValidUtf8(absl::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const size_t length = Utf8SequenceLength(text);
    absl::StrAppend(&valid,
                    length == 0 ? absl::string_view("\xEF\xBF\xBD") : text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return valid;
}

}  // namespace lockstep::coordinator
