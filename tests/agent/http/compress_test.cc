#include "agent/http/compress.h"

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

TEST(Compress, EveryCodingComesBack) {
  const std::string text = std::string(100'000, 'a') + "the end";
  for (const Coding coding : {Coding::kGzip, Coding::kDeflate, Coding::kBrotli, Coding::kZstd}) {
    SCOPED_TRACE(CodingName(coding));
    const std::string packed = Compress(coding, text);
    EXPECT_LT(packed.size(), 5'000U);
    EXPECT_EQ(Decompress(coding, packed, 1 << 20).value_or("failed"), text);
    EXPECT_EQ(Decompress(coding, Compress(coding, ""), 1 << 20).value_or("failed"), "");
    EXPECT_EQ(Decompress(coding, packed, 50'000).status().code(),
              absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(Decompress(coding, absl::string_view(packed).substr(0, packed.size() / 2), 1 << 20)
                  .status()
                  .code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Decompress(coding, "this is not what it says", 1 << 20).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(Compress, CodingsAreUndoneInReverse) {
  std::string twice = Compress(Coding::kBrotli, Compress(Coding::kGzip, "x"));
  EXPECT_EQ(DecodeContent("gzip, br", twice, 100).value_or("failed"), "x");
  EXPECT_FALSE(DecodeContent("br, gzip", twice, 100).ok());
  EXPECT_EQ(DecodeContent("x-unknown", "opaque", 100).value_or("failed"), "opaque");
  EXPECT_EQ(DecodeContent("identity", "same", 100).value_or("failed"), "same");
}

TEST(Compress, DeflateWithoutItsHeaderIsTakenToo) {
  std::string raw = Compress(Coding::kDeflate, "raw text");
  raw = raw.substr(2, raw.size() - 6);  // zlib's header and checksum
  EXPECT_EQ(Decompress(Coding::kDeflate, raw, 100).value_or("failed"), "raw text");
}

TEST(Compress, SaysWhatIsWrongWithABody) {
  const std::string packed = Compress(Coding::kGzip, "some text");
  std::string damaged = packed;
  damaged[damaged.size() - 8] ^= 1;  // the checksum's first byte
  const auto why = [](Coding coding, absl::string_view data) {
    return std::string(Decompress(coding, data, 100).status().message());
  };
  EXPECT_EQ(why(Coding::kGzip, "plain text, long enough"), "gzip: invalid header");
  EXPECT_EQ(why(Coding::kGzip, "short"), "unexpected EOF");
  EXPECT_EQ(why(Coding::kGzip, packed.substr(0, packed.size() - 1)), "unexpected EOF");
  EXPECT_EQ(why(Coding::kGzip, damaged), "gzip: invalid checksum");
  EXPECT_EQ(why(Coding::kDeflate, "plain text"), "deflate: invalid header");
  const std::string brotli = Compress(Coding::kBrotli, "some text");
  EXPECT_EQ(why(Coding::kBrotli, brotli.substr(0, brotli.size() - 1)), "unexpected EOF");
  const std::string zstd = Compress(Coding::kZstd, "some text");
  EXPECT_EQ(why(Coding::kZstd, zstd.substr(0, zstd.size() - 1)), "unexpected EOF");
}

TEST(Compress, ListsNameWhatIsUnknown) {
  EXPECT_EQ(ParseCodings("gzip, br")->size(), 2U);
  EXPECT_EQ(ParseCodings("gzip,lzma").status().message(),
            "unknown compression algorithm lzma, supported algorithms are [gzip deflate zstd br]");
}

}  // namespace
}  // namespace lockstep::agent
