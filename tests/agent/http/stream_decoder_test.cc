#include "agent/http/stream_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/http/compress.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

std::string Text() {
  std::string text;
  for (int i = 0; i < 5000; ++i) {
    text += std::to_string(i * 7919);
  }
  return text;
}

TEST(StreamDecoder, UndoesEveryCodingPieceByPiece) {
  const std::string text = Text();
  for (const Coding coding : {Coding::kGzip, Coding::kDeflate, Coding::kBrotli, Coding::kZstd}) {
    SCOPED_TRACE(CodingName(coding));
    const std::string packed = Compress(coding, text);
    for (const size_t step : {size_t{1}, size_t{1000}, packed.size()}) {
      StreamDecoder decoder(CodingName(coding));
      std::string unpacked;
      for (size_t at = 0; at < packed.size(); at += step) {
        const auto piece = decoder.Feed(absl::string_view(packed).substr(at, step));
        ASSERT_TRUE(piece.ok()) << piece.status();
        EXPECT_EQ(at + step >= packed.size(), decoder.Finish().ok());
        unpacked += *piece;
      }
      EXPECT_EQ(text, unpacked);
    }
  }
}

TEST(StreamDecoder, UndoesSeveralCodingsLastFirst) {
  const std::string packed = Compress(Coding::kBrotli, Compress(Coding::kGzip, "text"));
  EXPECT_EQ("text", *StreamDecoder("gzip, br").Feed(packed));
}

TEST(StreamDecoder, TellsWhatHasBeenFlushedBeforeMoreComes) {
  // printf 'data: 1\n\n' through zlib with a sync flush after it, as servers of events do.
  const std::string flushed("\x78\x9c\x4a\x49\x2c\x49\xb4\x52\x30\xe4\xe2\x02\x00\x00\x00\xff\xff",
                            17);
  EXPECT_EQ("data: 1\n\n", *StreamDecoder("deflate").Feed(flushed));
}

TEST(StreamDecoder, LeavesUnknownCodingsAndPlainTextAlone) {
  EXPECT_EQ("text", *StreamDecoder("").Feed("text"));
  EXPECT_EQ("text", *StreamDecoder("identity").Feed("text"));
  EXPECT_EQ("text", *StreamDecoder("gzip, lzma").Feed("text"));
  EXPECT_TRUE(StreamDecoder("gzip").Finish().ok());  // a body of no bytes
}

TEST(StreamDecoder, RefusesWhatIsOfAnotherCoding) {
  for (const char* coding : {"gzip", "deflate", "br", "zstd"}) {
    EXPECT_THAT(std::string(StreamDecoder(coding).Feed("this is plain text").status().message()),
                HasSubstr("invalid data"))
        << coding;
  }
}

TEST(StreamDecoder, TakesAGzipOfSeveralMembersAndDeflateWithoutAHeader) {
  const std::string two = Compress(Coding::kGzip, "one ") + Compress(Coding::kGzip, "two");
  EXPECT_EQ("one two", *StreamDecoder("x-gzip").Feed(two));
  const std::string wrapped = Compress(Coding::kDeflate, "bare");
  StreamDecoder bare("deflate");
  EXPECT_EQ("bare", *bare.Feed(wrapped.substr(2, wrapped.size() - 6)));
  EXPECT_TRUE(bare.Finish().ok());
}

}  // namespace
}  // namespace lockstep::agent
