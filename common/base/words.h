// The words of a text, as programs have them: letters, digits and "_" of ASCII. Pure.
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace lockstep {

// Each, in their order, as often as it stands there.
void ForEachWord(absl::string_view text, absl::FunctionRef<void(absl::string_view word)> visit);
// Whether `text` is one that does not begin with a digit, as names of variables are.
bool IsIdentifier(absl::string_view text);
// Whether `word`, which is one, stands there as a whole.
bool HasWord(absl::string_view text, absl::string_view word);

}  // namespace lockstep
