// The path language of `Response.json(selector)`: GJSON's, whose documented syntax this follows.
//
//   name.last               members, one after another
//   children.1              elements by index
//   fav\.movie              \ takes . * ? and others literally
//   child*.2                * and ? in names
//   friends.#               number of elements
//   friends.#.age           of each element that has it
//   friends.#(age>45)       the first element that fits
//   friends.#(age>45)#.first   of all that fit
//   {a,"n":b.c}  [a,b]      a new object or array
//   a|b                     a, then b on its result
//   ..#  ..1                the text as lines of JSON
//   !"text"                 a literal
//   @reverse @this @flatten @join @keys @values @tostr @fromstr @group @valid @pretty @ugly @dig
//                           modifiers
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// The JSON text of what `path` finds in `json`, which is valid JSON; nothing if it finds nothing.
std::optional<std::string> GetJsonPath(absl::string_view json, absl::string_view path);

}  // namespace lockstep::agent
