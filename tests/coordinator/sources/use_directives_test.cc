#include "coordinator/sources/use_directives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Lockstep stands for k6 2.2.0.
TEST(UseDirectives, ConstraintsAreThoseOfSemver) {
  for (const char* fits :
       {"", ">= 2.0", ">=2.2.0", "> 2.1", "<3", "<= 2.2", "=2.2.0", "2.x", "2.2.*", "~2.2", "~2",
        "^2.1", ">= 1.0, < 3", ">= 1.0 < 3.0", "1.0 || >= 2", "!= 1.9", "*", ">=v2"}) {
    const UseDirectives uses = ReadUseDirectives(absl::StrCat("'use k6 ", fits, "'"));
    EXPECT_THAT(uses.errors, IsEmpty()) << fits;
    EXPECT_THAT(uses.warnings, IsEmpty()) << fits;
  }
  for (const char* other : {">= 99.0.0", "> 2.2", "> 2", "<2.2", "=1.0", "1.x", "~2.1", "^1.9",
                            ">= 1.0, < 2", "!= 2.2.0", "<= 2.1"}) {
    EXPECT_THAT(ReadUseDirectives(absl::StrCat("\"use k6 ", other, "\"")).errors,
                ElementsAre(HasSubstr("Lockstep runs scripts of k6 2.2.0")))
        << other;
  }
}

TEST(UseDirectives, StandAtTheTopBehindComments) {
  constexpr const char* kAbove =
      "\xEF\xBB\xBF#!/usr/bin/env k6\n// one\n/* two\n */ 'use strict';\n";
  EXPECT_EQ(ReadUseDirectives(absl::StrCat(kAbove, "\"use k6 > 9\"\nimport 'k6'")).errors.size(),
            1u);
  EXPECT_THAT(ReadUseDirectives("import 'k6'\n\"use k6 > 9\"").errors, IsEmpty());
  EXPECT_THAT(ReadUseDirectives("'use k66 > 9'; 'use k6").errors, IsEmpty());
  EXPECT_THAT(ReadUseDirectives("/* never ends").errors, IsEmpty());
}

TEST(UseDirectives, ExtensionsAndWhatCannotBeReadAreWarnedOf) {
  EXPECT_THAT(
      ReadUseDirectives("'use k6 with k6/x/faker > 0.4'\n'use k6 >= two'").warnings,
      ElementsAre(
          HasSubstr("\"use k6 with k6/x/faker > 0.4\": of k6's extensions Lockstep has k6/x/dns, "),
          HasSubstr("\">= two\" is not a constraint of versions")));
  EXPECT_THAT(ReadUseDirectives("'use k6 with k6/x/dns'; 'use k6 with k6/x/redis >= 0.3'").warnings,
              IsEmpty());
}

}  // namespace
}  // namespace lockstep::coordinator
