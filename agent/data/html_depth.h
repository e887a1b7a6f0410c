// How deep the elements of an HTML text nest, found without a tree: a parser's time grows with the
// square of it.
#pragma once

#include <cstddef>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// Whether more than `most` elements are open at once somewhere in `html`. An estimate: elements
// whose end tags may be left out (li, p, td ...) do not count. Takes time in proportion to the
// text.
bool NestsDeeperThan(absl::string_view html, size_t most);

}  // namespace lockstep::agent
