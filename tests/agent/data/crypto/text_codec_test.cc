#include "agent/data/crypto/text_codec.h"

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

// RFC 4648, section 10.
TEST(TextCodec, KnowsTheVectorsOfTheRfc) {
  const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : rows) {
    SCOPED_TRACE(plain);
    EXPECT_EQ(encoded, EncodeBase64(plain, Base64Alphabet::kStd));
    EXPECT_EQ(plain, DecodeBase64(encoded, Base64Alphabet::kStd).value());
  }
}

TEST(TextCodec, AlphabetsDifferInTwoDigitsAndInPadding) {
  const std::string bytes = "\xfb\xff\xfe\xff";
  const std::pair<Base64Alphabet, const char*> rows[] = {{Base64Alphabet::kStd, "+//+/w=="},
                                                         {Base64Alphabet::kRawStd, "+//+/w"},
                                                         {Base64Alphabet::kUrl, "-__-_w=="},
                                                         {Base64Alphabet::kRawUrl, "-__-_w"}};
  for (const auto& [alphabet, text] : rows) {
    SCOPED_TRACE(text);
    EXPECT_EQ(text, EncodeBase64(bytes, alphabet));
    EXPECT_EQ(bytes, DecodeBase64(text, alphabet).value());
  }
}

TEST(TextCodec, LineBreaksAreSkipped) {
  EXPECT_EQ("foobar", DecodeBase64("Zm9v\r\nYmFy\n", Base64Alphabet::kStd).value());
}

TEST(TextCodec, ErrorsNameTheByte) {
  const std::pair<const char*, const char*> rows[] = {
      {"Zm9v!", "illegal base64 data at input byte 4"},
      {"Zg=", "illegal base64 data at input byte 3"},
      {"Zg", "illegal base64 data at input byte 0"},
      {"Zm9vZ", "illegal base64 data at input byte 4"},
      {"Zg==x", "illegal base64 data at input byte 4"},
      {"Zm-v", "illegal base64 data at input byte 2"}};
  for (const auto& [text, message] : rows) {
    EXPECT_EQ(message, DecodeBase64(text, Base64Alphabet::kStd).status().message()) << text;
  }
  EXPECT_FALSE(DecodeBase64("Zg==", Base64Alphabet::kRawStd).ok());
}

TEST(TextCodec, HexIsLowerCase) {
  EXPECT_EQ("00ff10", EncodeHex(std::string("\0\xff\x10", 3)));
}

}  // namespace
}  // namespace lockstep::agent
