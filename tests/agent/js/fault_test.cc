#include "agent/js/fault.h"

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

TEST(KindOfFault, IsTheFirstLineAndTheInnermostPlace) {
  const struct {
    const char* text;
    const char* what;
    const char* where;
  } cases[] = {
      {"Error: oops\n\tat run (file:///dir/script.js:3:9)\n\tat file:///dir/b.js:1:1",
       "Error: oops", "script.js:3:9"},
      {"Error: oops\n\tat file:///dir/script.js:3:9", "Error: oops", "script.js:3:9"},
      {"TypeError: a\nb\n\tat f (script.js:1:2)\n", "TypeError: a", "script.js:1:2"},
      {"SyntaxError: x\n\tat JSON.parse (<anonymous>)\n\tat f (file:///d/o.js:2:8)",
       "SyntaxError: x", "o.js:2:8"},
      {"Error: x\n\tat new Promise (<anonymous>)", "Error: x", ""},
      {"just text", "just text", ""},
      {"", "", ""},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(KindOfFault(each.text).what, each.what) << each.text;
    EXPECT_EQ(KindOfFault(each.text).where, each.where) << each.text;
  }
}

}  // namespace
}  // namespace lockstep::agent
