// Walks over JSON text without building values: a value is the piece of text that spells it. For
// the path language of `Response.json(selector)`, which mostly skips. Pure functions; the text must
// be valid JSON (validate.h).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

// The first place from `position` on that holds no white space.
size_t SkipJsonSpace(absl::string_view text, size_t position);

// `text` without the white space around it.
absl::string_view TrimJson(absl::string_view text);

// The end of the value that starts at `position`, where there is no white space.
size_t SkipJsonValue(absl::string_view text, size_t position);

// Calls `visit` for each member of an object until it returns false. `key` is as written, with
// quotes.
void ForEachMember(absl::string_view object,
                   absl::FunctionRef<bool(absl::string_view key, absl::string_view value)> visit);

// Calls `visit` for each element of an array until it returns false.
void ForEachElement(absl::string_view array, absl::FunctionRef<bool(absl::string_view)> visit);

// The elements of an array, in order.
std::vector<absl::string_view> JsonElements(absl::string_view array);

// The text that a string literal (with its quotes) stands for, as UTF-8; a lone surrogate becomes
// U+FFFD.
std::string UnquoteJson(absl::string_view literal);

// A string literal, with quotes, that stands for `text`.
std::string QuoteJson(absl::string_view text);

}  // namespace lockstep::agent
