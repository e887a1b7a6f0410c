// The conditions of the path language (see path.h): what stands between the brackets of
// `#(age>45)`.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// The position behind the bracket or quote that closes the one at `position`; the size of `text` if
// none does.
size_t GroupEnd(absl::string_view text, size_t position);
// Behind what stands for itself at `position`: a group, or an escaped character. `position`, if it
// is neither.
size_t PastLiteral(absl::string_view text, size_t position);

// Whether `text` fits `pattern`, in which * stands for any characters, ? for one, and \ takes what
// follows literally.
bool MatchesWildcard(absl::string_view text, absl::string_view pattern);

struct JsonQuery {
  enum class Operator {
    kExists,
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kLike,
    kNotLike
  };
  absl::string_view path;  // of what is compared, within the element; "" for the element itself
  Operator op = Operator::kExists;
  std::string value;  // unquoted

  // Whether a value, as JSON text or absent, satisfies the condition.
  bool Matches(std::optional<absl::string_view> json) const;
};

// `inside` is what the brackets hold, and must outlive the query.
JsonQuery ParseJsonQuery(absl::string_view inside);

}  // namespace lockstep::agent
