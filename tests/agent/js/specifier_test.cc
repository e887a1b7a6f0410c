#include "agent/js/specifier.h"

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

TEST(ResolveSpecifier, FollowsPathsFromTheImportingFile) {
  const struct {
    const char* specifier;
    const char* base;
    const char* url;
  } kRows[] = {
      {"./b.js", "file:///d/a.js", "file:///d/b.js"},
      {"../b.js", "file:///d/e/a.js", "file:///d/b.js"},
      {"../../../b.js", "file:///d/a.js", "file:///b.js"},
      {"/x/./b.js", "file:///d/a.js", "file:///x/b.js"},
      {"file:///x/../b.js", "file:///d/a.js", "file:///b.js"},
      {"https://h/x.js", "file:///d/a.js", "https://h/x.js"},
      {"./y.js", "https://h/l/x.js", "https://h/l/y.js"},
      {"/y.js", "https://h/l/x.js", "https://h/y.js"},
      {"./y.js?v=/../1", "https://me:p%40ss@h:8/l//x.js?v=2",
       "https://me:p%40ss@h:8/l//y.js?v=/../1"},
      {"file:///a b/%41.js", "https://h/x.js", "file:///a b/%41.js"},
  };
  for (const auto& row : kRows) {
    const absl::StatusOr<std::string> url = ResolveSpecifier(row.specifier, row.base);
    ASSERT_TRUE(url.ok()) << url.status();
    EXPECT_EQ(*url, row.url);
  }
}

TEST(ResolvePath, NeedsNoLeadingDot) {
  EXPECT_EQ(*ResolvePath("b.js", "file:///d/a.js"), "file:///d/b.js");
}

TEST(ResolveSpecifier, LooksUpNoPackages) {
  EXPECT_EQ(ResolveSpecifier("lodash", "file:///a.js").status().message(),
            "The moduleSpecifier \"lodash\" couldn't be recognised as something k6 supports.");
}

TEST(ResolveSpecifier, RefusesOtherSchemes) {
  EXPECT_EQ(ResolveSpecifier("http://h/x.js", "file:///a.js").status().message(),
            "only supported schemes for imports are file and https, http://h/x.js has another one");
}

}  // namespace
}  // namespace lockstep::agent
