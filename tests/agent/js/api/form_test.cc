#include "agent/js/api/form.h"

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

TEST(Form, IsSortedByNameAndKeepsTheOrderOfValues) {
  EXPECT_EQ("a=1&b+c=x%26y&list=q&list=p",
            EncodeForm({{"list", "q"}, {"b c", "x&y"}, {"list", "p"}, {"a", "1"}}));
  EXPECT_EQ("", EncodeForm({}));
}

TEST(Form, EscapesAllButUnreservedCharacters) {
  EXPECT_EQ("aZ09-_.~", EscapeQuery("aZ09-_.~"));
  EXPECT_EQ("%C5%BC+%2B%2F%3F%25", EscapeQuery("\xc5\xbc +/?%"));
}

}  // namespace
}  // namespace lockstep::agent
