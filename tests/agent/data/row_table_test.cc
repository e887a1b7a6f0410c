#include "agent/data/row_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string MessageOf(absl::string_view text, const RowSyntax& syntax) {
  return std::string(RowTable::Parse(std::string(text), syntax).status().message());
}

TEST(RowTable, ReadsCsvWithQuotesLineBreaksAndEmptyLines) {
  const auto table = RowTable::Parse(
      "\xef\xbb\xbfname,\"a \"\"note\"\"\"\r\n"
      "ann,\"one\ntwo\"\r\n\r\n"
      "\"b, c\",\n"
      "dan,x",
      {});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->columns(), ElementsAre("name", R"(a "note")"));
  ASSERT_EQ(table->size(), 3);
  EXPECT_THAT(table->Fields(0), ElementsAre("ann", "one\ntwo"));
  EXPECT_THAT(table->Fields(1), ElementsAre("b, c", ""));
  EXPECT_THAT(table->Fields(2), ElementsAre("dan", "x"));
}

TEST(RowTable, CsvWithoutHeaderAndWithAnotherDelimiter) {
  EXPECT_EQ(RowTable::Parse("\na,b,a\n1,2,3\n", {}).status().message(),
            R"(line 2: two columns are named "a")");
  const auto table = RowTable::Parse("1;2\n3;4\n", {.delimiter = ';', .header = false});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->columns(), ::testing::IsEmpty());
  ASSERT_EQ(table->size(), 2);
  EXPECT_THAT(table->Fields(0), ElementsAre("1", "2"));
}

TEST(RowTable, NamesTheLineOfAFault) {
  EXPECT_EQ(MessageOf("a,b\n\"x\ny\",2\n3\n", {}),
            "line 4: a row of 1 fields, where the first one has 2");
  EXPECT_EQ(MessageOf("a\n\"x\ny", {}), "line 2: a quote is opened and not closed");
  EXPECT_THAT(MessageOf("{\"a\":1}\n\n{\"a\":}\n", {.format = RowFormat::kJsonLines}),
              HasSubstr("line 3 is not a JSON value: line 1, character 6"));
  EXPECT_THAT(MessageOf("[1,", {.format = RowFormat::kJson}), HasSubstr("line 1, character 4"));
  EXPECT_EQ(MessageOf("{}", {.format = RowFormat::kJson}), "an array of rows is expected");
}

TEST(RowTable, KeepsJsonAsItIsWritten) {
  const auto array =
      RowTable::Parse(" [ {\"a\": [1, 2]} , \"x\",3 ]\n", {.format = RowFormat::kJson});
  ASSERT_TRUE(array.ok()) << array.status();
  ASSERT_EQ(array->size(), 3);
  EXPECT_EQ(array->Text(0), R"({"a": [1, 2]})");
  EXPECT_EQ(array->Text(2), "3");
  const auto lines = RowTable::Parse("{\"a\":1}\r\n\n 2 ", {.format = RowFormat::kJsonLines});
  ASSERT_TRUE(lines.ok()) << lines.status();
  ASSERT_EQ(lines->size(), 2);
  EXPECT_EQ(lines->Text(0), R"({"a":1})");
  EXPECT_EQ(lines->Text(1), "2");
}

TEST(RowTable, AFileWithoutRowsHasNone) {
  EXPECT_EQ(RowTable::Parse("", {})->size(), 0);
  EXPECT_EQ(RowTable::Parse("a,b\n", {})->size(), 0);
  EXPECT_EQ(RowTable::Parse("[]", {.format = RowFormat::kJson})->size(), 0);
}

}  // namespace
}  // namespace lockstep::agent
