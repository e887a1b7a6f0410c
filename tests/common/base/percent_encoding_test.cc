#include "common/base/percent_encoding.h"

#include <string>

#include "gtest/gtest.h"

namespace lockstep {
namespace {

TEST(PercentEncoding, LeavesWhatRfc3986CallsUnreserved) {
  const std::string unreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  EXPECT_EQ(PercentEncoded(unreserved), unreserved);
}

TEST(PercentEncoding, EncodesEachOtherByteInUpperCase) {
  EXPECT_EQ(PercentEncoded("a b/c?d=e&f%"), "a%20b%2Fc%3Fd%3De%26f%25");
  EXPECT_EQ(PercentEncoded("\xC3\xA9"), "%C3%A9");  // é in UTF-8
  EXPECT_EQ(PercentEncoded(std::string(1, '\0')), "%00");
  EXPECT_EQ(PercentEncoded("\xFF"), "%FF");
}

TEST(PercentEncoding, LeavesTheCharactersThatItIsTold) {
  EXPECT_EQ(PercentEncoded("/a~b", "/"), "/a%7Eb");
}

TEST(PercentEncoding, IsUndoneInEitherCase) {
  EXPECT_EQ(PercentDecoded("a%20b%2Fc%3d%25"), "a b/c=%");
  EXPECT_EQ(PercentDecoded("%C3%a9+"), "\xC3\xA9+");
  EXPECT_EQ(PercentDecoded("%00"), std::string(1, '\0'));
  EXPECT_EQ(PercentDecoded(""), "");
}

TEST(PercentEncoding, IsUndoneOnlyWhereItIsWellFormed) {
  EXPECT_EQ(PercentDecoded("%zz%4%41%"), "%zz%4A%");
  EXPECT_EQ(PercentDecoded("%%41"), "%A");
  EXPECT_TRUE(StartsWithPercentEscape("%4aX"));
  for (const char* text : {"", "%", "%4", "%4g", "a%41"}) {
    EXPECT_FALSE(StartsWithPercentEscape(text)) << text;
  }
}

}  // namespace
}  // namespace lockstep
