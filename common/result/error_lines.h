// The table of errors as lines for people. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/metrics/error_table.h"

namespace lockstep {

struct ErrorLinesLook {
  size_t rows = 10;  // at most so many; a last line counts the others
  bool color = false;
  // Of the terminal; 0: lines may have any width. In a narrow one where not all fit, method and
  // name stand on a line of their own below the cause.
  size_t columns = 0;
};
// "216 x 500   GET  /status/500  on agent-1, agent-2": columns aligned; names without what they
// have in common, agents only where not all that had errors had this one. `folded`: errors without
// a row.
std::vector<std::string> ErrorLines(const std::vector<ErrorRow>& errors, uint64_t folded,
                                    const ErrorLinesLook& look);

}  // namespace lockstep
