#include "agent/net/response_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(ResponseReader, KeepsTheLastResponseAndNoTrailers) {
  HttpResponse response;
  ResponseReader reader(response);
  reader.Start(true);
  for (const char* line :
       {"HTTP/1.1 100 Continue\r\n", "X-Early: 1\r\n", "\r\n", "HTTP/1.1 201 Created\r\n",
        "A: 1\r\n", "a:2 \r\n", "Content-Encoding: gzip\r\n", "transfer-encoding: chunked\r\n",
        "Trailer: X-Trailer\r\n", "\r\n"}) {
    reader.AddHeaderLine(line);
  }
  EXPECT_TRUE(reader.AddBody("body"));
  reader.AddHeaderLine("X-Trailer: t\r\n");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.status_text, "201 Created");
  EXPECT_EQ(response.proto, "HTTP/1.1");
  EXPECT_THAT(response.headers,
              ElementsAre(Pair("A", "1"), Pair("a", "2"), Pair("Content-Encoding", "gzip")));
  EXPECT_EQ(response.body, "body");
  EXPECT_EQ(reader.content_encoding(), "gzip");
}

TEST(ResponseReader, GivesHttp2TheStandardPhrase) {
  HttpResponse response;
  ResponseReader reader(response);
  reader.Start(false);
  reader.AddHeaderLine("HTTP/2 404 \r\n");
  EXPECT_EQ(response.proto, "HTTP/2.0");
  EXPECT_EQ(response.status_text, "404 Not Found");
  reader.AddHeaderLine("\r\n");
  EXPECT_TRUE(reader.AddBody("dropped"));
  EXPECT_EQ(response.body, "");
}

TEST(ProtocolOf, NamesThoseThatThereAre) {
  EXPECT_EQ(ProtocolOf("HTTP/1.0"), "HTTP/1.0");
  EXPECT_EQ(ProtocolOf("HTTP/1.1"), "HTTP/1.1");
  EXPECT_EQ(ProtocolOf("HTTP/1.9"), "HTTP/1.9");
  EXPECT_EQ(ProtocolOf("HTTP/2"), "HTTP/2.0");
  EXPECT_EQ(ProtocolOf("HTTP/3"), "HTTP/3");
  for (const char* unknown : {"", "HTTP/1", "HTTP/1.x", "HTTP/1.11", "ICY"}) {
    EXPECT_EQ(ProtocolOf(unknown), "") << unknown;
  }
}

TEST(ResponseReader, KnowsHttp3) {
  HttpResponse response;
  ResponseReader reader(response);
  reader.Start(false);
  reader.AddHeaderLine("HTTP/3 200 \r\n");
  EXPECT_EQ(response.proto, "HTTP/3");
  EXPECT_EQ(response.status_text, "200 OK");
}

TEST(ResponseReader, ReadsIntoWhatAnotherResponseHasLeft) {
  ResponseMemory memory;
  HttpResponse first;
  ResponseReader reader_of_first(first, &memory);
  reader_of_first.Start(true);
  for (const char* line : {"HTTP/1.1 200 OK", "A: one", "B: two", "C: three", ""}) {
    reader_of_first.AddHeaderLine(line);
  }
  EXPECT_TRUE(reader_of_first.AddBody("the first body"));
  memory.TakeBack(first);

  HttpResponse second;
  ResponseReader reader(second, &memory);
  reader.Start(true);
  for (const char* line : {"HTTP/1.1 404 Not Found", "D: four", " and more", ""}) {
    reader.AddHeaderLine(line);
  }
  EXPECT_EQ(second.body, "");
  EXPECT_TRUE(reader.AddBody("x"));
  EXPECT_THAT(second.headers, ElementsAre(Pair("D", "four")));
  EXPECT_EQ(second.body, "x");
}

TEST(ResponseReader, KeepsNoMemoryOfLargeBodies) {
  ResponseMemory memory;
  HttpResponse large, next;
  large.headers = {{"A", "one"}};
  large.body.assign(ResponseMemory::kMostBodyBytes + 1, 'x');
  memory.TakeBack(large);
  memory.Lend(next);
  EXPECT_EQ(next.headers.capacity(), 0u);
}

}  // namespace
}  // namespace lockstep::agent
