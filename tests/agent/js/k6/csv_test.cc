#include "tests/agent/js/k6/module_test.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

class CsvModule : public ModuleTest {
 protected:
  CsvModule() {
    js_.files["people.csv"] = "name,age\nAnn,30\n\"Bo, \"\"B\"\"\",31\n\nCy,32\r\nDi,33\n";
    js_.files["empty.csv"] = "";
    js_.files["ragged.csv"] = "a,b\n1\n";
  }
  // What parse() makes of the file.
  std::string Parse(const std::string& path, const std::string& options) {
    return Init("return fs.open('" + path + "').then((file) => csv.parse(file, " + options + "))");
  }
  // All that a Parser has.
  std::string Iterate(const std::string& path, const std::string& options) {
    return Init("return fs.open('" + path +
                "').then(async (file) => { const parser = new csv.Parser(file, " + options + R"js();
      const rows = [];
      for (;;) {
        const { done, value } = await parser.next();
        if (done) return [rows, value === undefined, (await parser.next()).done];
        rows.push(value);
      }
    }))js");
  }
};

TEST_F(CsvModule, ParsesAWholeFile) {
  EXPECT_EQ(R"([["name","age"],["Ann","30"],["Bo, \"B\"","31"],["Cy","32"],["Di","33"]])",
            Parse("people.csv", "undefined"));
  EXPECT_EQ(R"([["Ann","30"],["Bo, \"B\"","31"],["Cy","32"],["Di","33"]])",
            Parse("people.csv", "{ skipFirstLine: true }"));
  EXPECT_EQ(R"([{"name":"Ann","age":"30"},{"name":"Bo, \"B\"","age":"31"}])",
            Parse("people.csv", "{ asObjects: true, toLine: 2 }"));
  EXPECT_EQ("[]", Parse("empty.csv", "{}"));
}

TEST_F(CsvModule, LinesAreCountedFromNullAndInclusive) {
  EXPECT_EQ(R"([["Bo, \"B\"","31"],["Cy","32"]])",
            Parse("people.csv", "{ fromLine: 2, toLine: 3 }"));
  EXPECT_EQ(R"([["Bo, \"B\"","31"]])",
            Parse("people.csv", "{ skipFirstLine: true, fromLine: 2, toLine: 2 }"));
  EXPECT_EQ(R"([["name","age"]])", Parse("people.csv", "{ toLine: 0 }"));
  EXPECT_EQ("[]", Parse("people.csv", "{ toLine: 0, skipFirstLine: true }"));
  EXPECT_EQ("[]", Parse("people.csv", "{ toLine: 0, asObjects: true }"));
  EXPECT_EQ("[]", Parse("people.csv", "{ fromLine: 99 }"));
}

TEST_F(CsvModule, DelimiterDecidesWhatFieldsAre) {
  js_.files["semicolons.csv"] = "a;b,c\n1;2\n";
  EXPECT_EQ(R"([["a","b,c"],["1","2"]])", Parse("semicolons.csv", "{ delimiter: ';' }"));
  EXPECT_EQ(R"([[["a","b,c"],["1","2"]],true,true])",
            Iterate("semicolons.csv", "{ delimiter: ';' }"));
}

TEST_F(CsvModule, ParsedRowsAreASharedArray) {
  EXPECT_EQ(R"([5,true,"Ann",true,5])", Init(R"js(
    return fs.open('people.csv').then(async (file) => {
      const rows = globalThis.rows_ = await csv.parse(file);
      let count = 0;
      for (const row of rows) count += row.length === 2;
      return [rows.length, Array.isArray(rows), rows[1][0], rows[9] === undefined, count];
    })
  )js"));
  EXPECT_EQ(R"("31")", Run("return rows_[2][1]"));
  EXPECT_THAT(Run("rows_[0] = 1"), HasSubstr("immutable"));
  EXPECT_THAT(Run("rows_[0][0] = 1"), HasSubstr("TypeError"));
}

TEST_F(CsvModule, ParserGoesRowByRow) {
  EXPECT_EQ(R"([[["Ann","30"],["Bo, \"B\"","31"]],true,true])",
            Iterate("people.csv", "{ skipFirstLine: true, toLine: 2 }"));
  EXPECT_EQ(R"([[{"name":"Ann","age":"30"}],true,true])",
            Iterate("people.csv", "{ asObjects: true, toLine: 1 }"));
  EXPECT_EQ("[[],true,true]", Iterate("empty.csv", "{}"));
  Init("return fs.open('people.csv').then((file) => { globalThis.parser = new csv.Parser(file) })");
  EXPECT_EQ(R"({"done":false,"value":["name","age"]})", Run("return parser.next()"));
  EXPECT_EQ(R"({"done":false,"value":["Ann","30"]})", Run("return parser.next()"));
}

TEST_F(CsvModule, NextNeedsNoParserBeforeItAndMayBeOverridden) {
  EXPECT_EQ(R"([["name","age"],["ANN","30"],true])", Init(R"js(
    class Loud extends csv.Parser {
      async next() {
        const { done, value } = await super.next();
        return { done, value: value.map((cell) => cell.toUpperCase()) };
      }
    }
    return fs.open('people.csv').then(async (file) => {
      const { next } = new csv.Parser(file), loud = new Loud(file, { fromLine: 1 });
      return [(await next()).value, (await loud.next()).value, loud instanceof csv.Parser];
    })
  )js"));
}

TEST_F(CsvModule, UserMistakes) {
  EXPECT_THAT(Init("return csv.parse('people.csv')"),
              HasSubstr("TypeError: csv.parse(): file: expected a File"));
  EXPECT_THAT(Init("new csv.Parser({})"),
              HasSubstr("TypeError: csv.Parser: file: expected a File"));
  EXPECT_THAT(Init("csv.Parser({})"), HasSubstr("`new`"));
  const struct {
    const char* options;
    const char* message;
  } cases[] = {
      {"5", "options: an object is expected"},
      {"{ delimiter: '' }", R"(delimiter: invalid value "": expected one character)"},
      {"{ delimiter: ';;' }", R"(delimiter: invalid value ";;": expected one character)"},
      {"{ delimiter: '\"' }", R"(delimiter: invalid value "\"": expected one character)"},
      {"{ delimiter: 1 }", "delimiter: invalid value 1: expected one character"},
      {"{ fromLine: -1 }", "fromLine: invalid value -1: expected a whole number from 0 on"},
      {"{ toLine: 1.5 }", "toLine: invalid value 1.5: expected a whole number from 0 on"},
      {"{ fromLine: 3, toLine: 2 }",
       "toLine: invalid value 2: expected at least fromLine, which is 3"},
      {"{ skipFirstLine: 'yes' }", R"(skipFirstLine: invalid value "yes": expected true or false)"},
      {"{ asObjects: true, skipFirstLine: true }", "cannot be together with skipFirstLine"},
      {"{ asObjects: true, fromLine: 1 }", "cannot be together with fromLine"},
  };
  for (const auto& row : cases) {
    EXPECT_THAT(Parse("people.csv", row.options), HasSubstr(row.message));
    EXPECT_THAT(Iterate("people.csv", row.options), HasSubstr(row.message));
  }
  EXPECT_THAT(Parse("empty.csv", "{ asObjects: true }"),
              HasSubstr("/empty.csv: asObjects: there is no line that names the columns"));
  EXPECT_THAT(Parse("ragged.csv", "{}"), HasSubstr("Error: csv.parse(): /ragged.csv: line 2: "));
  Init("return fs.open('people.csv').then((file) => { globalThis.file = file })");
  EXPECT_THAT(Run("return csv.parse(file)"), HasSubstr("must be called in the init context"));
  EXPECT_THAT(Run("new csv.Parser(file)"), HasSubstr("must be made in the init context"));
}

TEST_F(CsvModule, UnknownOptionsAreWarnedOf) {
  EXPECT_EQ("[]", Parse("empty.csv", "{ header: true }"));
  ASSERT_EQ(1u, js_.vu().log.records.size());
  EXPECT_THAT(js_.vu().log.records[0].message, HasSubstr(R"(unknown option "header")"));
}

}  // namespace
}  // namespace lockstep::agent
