// The line of a script that a message speaks of, with a mark below the place.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

struct CodePlace {
  std::string url;  // "file:///dir/script.js"
  int line = 0;     // both from 1; columns count UTF-16 units, as V8 does
  int column = 0;
};

// The first place that a message names: "file:///dir/script.js:3:9" of a stack, or
// "file:///dir/script.js: Line 3:9" of a syntax error.
std::optional<CodePlace> PlaceIn(absl::string_view message);

// "\n   3 | let = = 3;\n     |       ^"; "" if the text has no such line. Of a long line, what is
// around the place, with an ellipsis where there is more.
std::string CodeFrame(absl::string_view source, const CodePlace& place);

}  // namespace lockstep::coordinator
