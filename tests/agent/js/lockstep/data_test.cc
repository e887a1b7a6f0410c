#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/js/k6/js_harness.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RowsTest : public ::testing::Test {
 protected:
  RowsTest() {
    js_.files["users.csv"] = "name,age\nann,30\nbob,40\n";
    js_.files["list.json"] = R"([{"a": 1}, [2], "x"])";
    js_.vu().init = true;
  }
  // Runs `init` in the init code, then `iteration`, which sees what it has put into `globalThis`.
  std::string Run(absl::string_view init, absl::string_view iteration) {
    js_.vu().init = true;
    const std::string made = js_.Run(init);
    js_.vu().init = false;
    return made == "undefined" ? js_.Run(iteration) : made;
  }
  JsHarness js_;
};

TEST_F(RowsTest, RowsOfCsvAreObjectsUntilTheyAreUsedUp) {
  EXPECT_EQ(Run("globalThis.r = new rows.Rows({ file: 'users.csv' })",
                "return [r.length, r.columns, r.next(), r.next()]"),
            R"([2,["name","age"],{"name":"ann","age":"30"},{"name":"bob","age":"40"}])");
  EXPECT_EQ(js_.Run("r.next()"),
            "Error: Rows: users.csv: there is no row left for this VU; it has 2 rows");
}

TEST_F(RowsTest, RowsOfJsonAreItsValues) {
  EXPECT_EQ(Run("globalThis.r = new rows.Rows({ file: 'list.json', atEnd: 'null' })",
                "return [r.next(), r.next(), r.next(), r.next()]"),
            R"([{"a":1},[2],"x",null])");
}

TEST_F(RowsTest, WithoutAHeaderRowsAreArrays) {
  EXPECT_EQ(
      Run("globalThis.r = new rows.Rows({ file: 'users.csv', header: false })", "return r.next()"),
      R"(["name","age"])");
}

TEST_F(RowsTest, AVuHasItsOwnRow) {
  js_.vu().vu_facts.id_in_test = 2;
  EXPECT_EQ(Run("globalThis.r = new rows.Rows({ file: 'users.csv', order: 'vu' })",
                "return [r.next().name, r.next().name]"),
            R"(["bob","bob"])");
}

TEST_F(RowsTest, AQueueIsFilledByTheCoordinator) {
  js_.vu().next_block = {.first = 1, .count = 1};
  EXPECT_EQ(Run(R"js(
    globalThis.r = new rows.Rows({ file: 'users.csv', order: 'queue', name: 'q', atEnd: 'null' })
  )js",
                "return [r.next().name, r.next(), r.next()]"),
            R"(["bob",null,null])");
  EXPECT_THAT(js_.vu().leases, ElementsAre("q 2", "q 2"));
}

TEST_F(RowsTest, WhereWorkMovesUniqueRowsComeFromTheCoordinator) {
  js_.vu().moves = true;
  js_.vu().next_block = {.first = 1, .count = 1};
  EXPECT_EQ(Run("globalThis.r = new rows.Rows({ file: 'users.csv', name: 'u', atEnd: 'null' })",
                "return [r.next().name, r.next()]"),
            R"(["bob",null])");
  EXPECT_THAT(js_.vu().leases, ElementsAre("u 2", "u 2"));
}

TEST_F(RowsTest, TwoRowsOfOneFileAreDealtTogether) {
  EXPECT_EQ(Run(R"js(
    globalThis.a = new rows.Rows({ file: 'users.csv' });
    globalThis.b = new rows.Rows({ file: 'users.csv' })
  )js",
                "return [a.next().name, b.next().name]"),
            R"(["ann","bob"])");
}

TEST_F(RowsTest, MistakesNameOptionValueAndWhatIsAllowed) {
  const std::pair<const char*, const char*> rows[] = {
      {"new rows.Rows()", "TypeError: Rows: options are expected"},
      {"new rows.Rows({})", "TypeError: Rows: file: missing"},
      {"new rows.Rows({ file: 'x.txt' })",
       R"("x.txt" ends in none of .csv, .json, .jsonl, .ndjson)"},
      {"new rows.Rows({ file: 'none.csv' })", "Error: Rows: none.csv: no such file"},
      {"new rows.Rows({ file: 'users.csv', order: 'best' })",
       R"(order: invalid value "best": expected unique, queue, vu or random)"},
      {"new rows.Rows({ file: 'users.csv', atEnd: 'x' })",
       R"(atEnd: invalid value "x": expected throw, null or wrap)"},
      {"new rows.Rows({ file: 'users.csv', seed: -1 })",
       R"(seed: invalid value "-1": expected a whole number from 0 on)"},
      {"new rows.Rows({ file: 'users.csv', delimiter: 'ab' })", R"(delimiter: invalid value "ab")"},
      {"new rows.Rows({ file: 'users.csv', odrer: 'vu' })", R"(unknown option "odrer"; there are)"},
      {"new rows.Rows({ file: 'users.csv', format: 'json' })",
       "Rows: users.csv: line 1, character 2"},
      {R"js(
        new rows.Rows({ file: 'users.csv', name: 'n' });
        new rows.Rows({ file: 'users.csv', name: 'n', order: 'vu' })
      )js",
       R"(name: "n" is dealt with other options already)"},
      {"rows.Rows({ file: 'users.csv' })", "TypeError: Rows are made with `new`"},
      {"new rows.Rows({ file: 'users.csv' }).next()",
       "Error: taking rows in the init context is not supported"},
      {"new rows.Rows({ file: 'users.csv', name: 'x'.repeat(8193) })",
       "name: invalid value of 8193 bytes: expected a text of 1 to 8192 bytes"},
      {"const r = new rows.Rows({ file: 'users.csv' }); new r.next()",
       "TypeError: r.next is not a constructor"}};
  for (const auto& [script, message] : rows) {
    EXPECT_THAT(js_.Run(script), HasSubstr(message)) << script;
  }
  js_.vu().init = false;
  EXPECT_EQ(js_.Run("new rows.Rows({ file: 'users.csv' })"),
            "Error: new Rows must be called in the init context");
}

}  // namespace
}  // namespace lockstep::agent
