#include "agent/data/shared_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

std::string Read(OpenFile& file, size_t size) {
  std::string into(size, '?');
  const std::optional<int64_t> count = file.Read(absl::MakeSpan(into));
  return count.has_value() ? into.substr(0, static_cast<size_t>(*count)) : "(end)";
}

TEST(OpenFile, ReadsOnUntilTheEnd) {
  SharedFile shared("hello world");
  OpenFile file(shared, "/data/hello.txt");
  EXPECT_EQ("hello.txt", file.name());
  EXPECT_EQ(11, file.size());
  EXPECT_EQ("hello ", Read(file, 6));
  EXPECT_EQ("", Read(file, 0));
  EXPECT_EQ("world", Read(file, 6));
  EXPECT_EQ("(end)", Read(file, 6));
  EXPECT_EQ("(end)", Read(file, 0));
}

TEST(OpenFile, EachHasAPositionOfItsOwn) {
  SharedFile shared("abc");
  OpenFile one(shared, "/f"), other(shared, "/f");
  EXPECT_EQ("ab", Read(one, 2));
  EXPECT_EQ("a", Read(other, 1));
  EXPECT_EQ("c", Read(one, 2));
}

TEST(OpenFile, Seeks) {
  SharedFile shared("0123456789");
  OpenFile file(shared, "/f");
  EXPECT_EQ(4, *file.Seek(4, SeekMode::kStart));
  EXPECT_EQ("45", Read(file, 2));
  EXPECT_EQ(3, *file.Seek(-3, SeekMode::kCurrent));
  EXPECT_EQ("3", Read(file, 1));
  EXPECT_EQ(8, *file.Seek(-2, SeekMode::kEnd));
  EXPECT_EQ("89", Read(file, 9));
  EXPECT_EQ(10, *file.Seek(0, SeekMode::kEnd));
  EXPECT_EQ("(end)", Read(file, 1));
}

TEST(OpenFile, StaysWhereItIsIfASeekLeadsOut) {
  SharedFile shared("0123456789");
  OpenFile file(shared, "/f");
  ASSERT_EQ(5, *file.Seek(5, SeekMode::kStart));
  const struct {
    int64_t offset;
    SeekMode whence;
    const char* allowed;
  } cases[] = {{-1, SeekMode::kStart, "0 to 10"},       {11, SeekMode::kStart, "0 to 10"},
               {-6, SeekMode::kCurrent, "-5 to 5"},     {6, SeekMode::kCurrent, "-5 to 5"},
               {1, SeekMode::kEnd, "-10 to 0"},         {-11, SeekMode::kEnd, "-10 to 0"},
               {INT64_MIN, SeekMode::kEnd, "-10 to 0"}, {INT64_MAX, SeekMode::kEnd, "-10 to 0"}};
  for (const auto& row : cases) {
    const absl::StatusOr<int64_t> at = file.Seek(row.offset, row.whence);
    EXPECT_EQ(absl::StatusCode::kInvalidArgument, at.status().code());
    EXPECT_THAT(at.status().message(), HasSubstr(row.allowed));
  }
  EXPECT_EQ("5", Read(file, 1));
}

TEST(OpenFile, AnEmptyFileEndsAtOnce) {
  SharedFile shared("");
  OpenFile file(shared, "/f");
  EXPECT_EQ("(end)", Read(file, 1));
  EXPECT_EQ(0, *file.Seek(0, SeekMode::kEnd));
}

}  // namespace
}  // namespace lockstep::agent
