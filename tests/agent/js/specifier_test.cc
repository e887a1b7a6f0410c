#include "agent/js/specifier.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

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
      {"file:///a b/%41.js", "file:///d/a.js", "file:///a b/%41.js"},
      {"./y.js", "http://127.0.0.1:8/l/x.js", "http://127.0.0.1:8/l/y.js"},
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

TEST(ResolveSpecifier, LooksUpNoPackagesAndSaysWhatWorks) {
  constexpr absl::string_view kNpm =
      "Packages of npm are not looked up: bundle it into the script, or import its file by a relative path, as in ";
  for (const auto& [specifier, advice] :
       {std::pair("lodash", absl::StrCat(kNpm, "\"./lodash.js\", or by an https URL.")),
        std::pair("@scope/name", absl::StrCat(kNpm, "\"./@scope/name.js\", or by an https URL.")),
        std::pair("lib/helper.js", absl::StrCat(kNpm, "\"./lib/helper.js\", or by an https URL.")),
        std::pair("lib/rows.json", absl::StrCat(kNpm, "\"./lib/rows.json\", or by an https URL.")),
        std::pair("node:fs",
                  std::string("It is a module of Node.js, which scripts do not run in.")),
        std::pair("fs/promises",
                  std::string("It is a module of Node.js, which scripts do not run in.")),
        std::pair(
            "", std::string("Import a relative path, a URL, or a module such as \"k6/http\"."))}) {
    EXPECT_EQ(ResolveSpecifier(specifier, "file:///a.js").status().message(),
              absl::StrCat("The moduleSpecifier \"", specifier,
                           "\" couldn't be recognised as something k6 supports. ", advice));
  }
}

TEST(ResolveSpecifier, SaysWhatToImportInsteadOfNamesThatWereUrlsOnce) {
  const struct {
    const char* specifier;
    const char* url;
  } kRows[] = {
      {"github.com/o/r/lib/x.js", "https://raw.githubusercontent.com/o/r/HEAD/lib/x.js"},
      {"cdnjs.com/libraries/moment",
       "https://cdnjs.cloudflare.com/ajax/libs/moment/VERSION/moment.min.js"},
      {"cdnjs.com/libraries/moment/2.18.1/locale/de.js",
       "https://cdnjs.cloudflare.com/ajax/libs/moment/2.18.1/locale/de.js"},
      {"jslib.k6.io/k6-utils/1.4.0/index.js", "https://jslib.k6.io/k6-utils/1.4.0/index.js"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(ResolveSpecifier(row.specifier, "file:///a.js").status().message(),
              absl::StrCat("The moduleSpecifier \"", row.specifier,
                           "\" couldn't be recognised as something k6 supports. Import \"", row.url,
                           "\" instead."));
  }
}

TEST(ResolveSpecifier, KeepsModulesFromServersOffLocalFiles) {
  for (const auto& resolve : {&ResolveSpecifier, &ResolvePath}) {
    EXPECT_EQ(resolve("file:///etc/passwd", "https://h/x.js").status().message(),
              "https://h/x.js comes from a server: it can't use the local file /etc/passwd");
  }
  EXPECT_EQ(*ResolvePath("/etc/passwd", "https://h/x.js"), "https://h/etc/passwd");
}

TEST(ResolveSpecifier, RefusesOtherSchemes) {
  EXPECT_EQ(ResolveSpecifier("ftp://h/x.js", "file:///a.js").status().message(),
            "only supported schemes for imports are file and https, ftp://h/x.js has another one");
}

}  // namespace
}  // namespace lockstep::agent
