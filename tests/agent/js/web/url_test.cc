// The global classes URL and URLSearchParams against the data that browsers are tested with
// (data/LICENSE).
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "tests/agent/vu/host_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;

class WebUrl : public HostTest {
 protected:
  WebUrl() : HostTest(1) {}

  void DataFile(const std::string& name) {
    std::ifstream file("tests/agent/js/web/data/" + name);
    ASSERT_TRUE(file.good()) << name;
    std::stringstream text;
    text << file.rdbuf();
    File(name, text.str());
  }
  // What `expression` is.
  std::string Value(const std::string& expression) {
    const std::vector<std::string> lines = LinesOf(absl::StrCat(
        "export default function () { console.log(JSON.stringify(", expression, ")); }"));
    Reset();
    return lines.empty() ? "(nothing)" : lines.back();
  }
};

TEST_F(WebUrl, ParsesAsThePublishedDataSay) {
  DataFile("urltestdata.json");
  EXPECT_THAT(LinesOf(R"js(
    const rows = JSON.parse(open('./urltestdata.json')).filter((row) => typeof row === 'object');
    const parts = ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port',
                   'pathname', 'search', 'hash'];
    function parse({ input, base }) {
      try {
        return new URL(input, base ?? undefined);
      } catch (e) {
        return { failure: e instanceof TypeError };
      }
    }
    export default function () {
      for (const row of rows) {
        const url = parse(row);
        for (const part of row.failure ? ['failure'] : parts.filter((part) => part in row)) {
          if (url[part] !== row[part]) {
            console.log(row.input, row.base, part, url[part], row[part]);
          }
        }
      }
      console.log(rows.length);
    })js"),
              ElementsAre("info: 820"));
}

TEST_F(WebUrl, SetsPartsAsThePublishedDataSay) {
  DataFile("setters_tests.json");
  EXPECT_THAT(LinesOf(R"js(
    const { comment, ...parts } = JSON.parse(open('./setters_tests.json'));
    export default function () {
      let count = 0;
      for (const [part, rows] of Object.entries(parts)) {
        for (const row of rows) {
          const url = new URL(row.href);
          url[part] = row.new_value;
          const wrong = Object.keys(row.expected).find((key) => url[key] !== row.expected[key]);
          if (wrong === undefined) {
            ++count;
          } else {
            console.log(part, row.href, row.new_value, wrong, url[wrong], row.expected[wrong]);
          }
        }
      }
      console.log(count);
    })js"),
              ElementsAre("info: 248"));
}

TEST_F(WebUrl, KeepsItsQueryAndItsParametersTheSame) {
  EXPECT_EQ(Value(R"js((() => {
    const url = new URL('http://h/?b=2&a=1');
    const params = url.searchParams;
    params.append('c d', 'ü&');
    const appended = url.search;
    url.search = '?x=y';
    params.delete('x');
    return [appended, params.size, url.href];
  })())js"),
            R"(info: ["?b=2&a=1&c+d=%C3%BC%26",0,"http://h/"])");
}

TEST_F(WebUrl, ReadsParametersThatAreNoUtf8) {
  EXPECT_EQ(Value("[...new URLSearchParams('?a=%ff%zz&%E2%82%AC=b+c&&=')]"),
            "info: [[\"a\",\"\xef\xbf\xbd%zz\"],[\"\xe2\x82\xac\",\"b c\"],[\"\",\"\"]]");
  EXPECT_EQ(Value("new URLSearchParams({ a: '\\ud800', '*-._~': \"'\" }).toString()"),
            "info: \"a=%EF%BF%BD&*-._%7E=%27\"");
}

}  // namespace
}  // namespace lockstep::agent
