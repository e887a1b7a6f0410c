// A number and what is counted, as English has it.
#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace lockstep {

// "1 agent", "2 agents": of nouns whose plural takes an s.
template <class Number>
std::string Counted(Number count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

}  // namespace lockstep
