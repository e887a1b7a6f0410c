// The option httpDebug: what the log says of each exchange.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "agent/http/debug_log.h"
#include "tests/agent/js/k6/http_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

class HttpDebugTest : public HttpFixture {
 protected:
  HttpDebugTest() {
    js_.vu().vu_facts.id_in_test = 7;
    js_.vu().vu_facts.iteration_in_instance = 3;
  }

  std::string Run(absl::string_view debug, absl::string_view body) {
    js_.vu().settings.http_debug = std::string(debug);
    return js_.Run(body);
  }
  const std::vector<LogRecord>& log() { return js_.vu().log.records; }
};

TEST_F(HttpDebugTest, NothingIsLoggedWithoutIt) {
  Run("", "http.get(`${T}/`)");
  EXPECT_THAT(log(), IsEmpty());
}

TEST_F(HttpDebugTest, HeadsOfRequestAndResponseWithWhereTheyBelong) {
  js_.vu().scenario_facts.emplace().name = "shop";
  js_.vu().SetGroup("::pay");
  Run("headers", "http.post(`${T}/echo?a=1`, 'the body', {headers: {'x-one': '1'}})");
  ASSERT_THAT(log(), SizeIs(2));
  EXPECT_EQ(absl::StrCat("Request:\nPOST /echo?a=1 HTTP/1.1\nHost: 127.0.0.1:", server_->port(),
                         "\nX-One: 1\nUser-Agent: probe/1\nContent-Length: 8\n"),
            log()[0].message);
  EXPECT_THAT(log()[1].message, StartsWith("Response:\nHTTP/1.1 200 OK\n"));
  EXPECT_THAT(log()[1].message, HasSubstr("Content-Length: 8\n"));
  EXPECT_THAT(log()[1].message, Not(HasSubstr("the body")));
  for (const LogRecord& record : log()) {
    EXPECT_EQ(LogLevel::kInfo, record.level);
    EXPECT_THAT(record.fields, ElementsAre(Pair("group", "::pay"), Pair("iter", "3"),
                                           Pair("request_id", "7-1"), Pair("scenario", "shop"),
                                           Pair("source", "http-debug"), Pair("vu", "7")));
  }
}

TEST_F(HttpDebugTest, FullShowsBodiesToo) {
  Run("full", "http.post(`${T}/echo`, 'the body')");
  ASSERT_THAT(log(), SizeIs(2));
  EXPECT_THAT(log()[0].message, HasSubstr("Content-Length: 8\n\nthe body\n"));
  EXPECT_THAT(log()[1].message, HasSubstr("\n\nthe body\n"));
}

TEST_F(HttpDebugTest, CompressedBodiesAreShownAsTheirText) {
  Run("full", "http.get(`${T}/gzip`); http.post(`${T}/echo`, 'squeezed', {compression: 'gzip'})");
  ASSERT_THAT(log(), SizeIs(4));
  EXPECT_THAT(log()[1].message, HasSubstr("Content-Encoding: gzip\n"));
  EXPECT_THAT(log()[1].message, HasSubstr("\n\nunpacked\n"));
  EXPECT_THAT(log()[2].message, HasSubstr("\n\nsqueezed\n"));
}

TEST_F(HttpDebugTest, ABodyThatIsNoTextIsCounted) {
  Run("full", "http.post(`${T}/echo`, new Uint8Array([0, 255, 1]).buffer)");
  ASSERT_THAT(log(), SizeIs(2));
  EXPECT_THAT(log()[0].message, HasSubstr("\n\n(3 bytes that are not text)\n"));
}

TEST_F(HttpDebugTest, DroppedBodiesAreShownAndStillDropped) {
  EXPECT_EQ(
      "[true,1]",
      Run("full",
          R"js(const r = http.get(`${T}/`, {responseType: 'none'}); return [r.body === null, 1])js"));
  ASSERT_THAT(log(), SizeIs(2));
  EXPECT_THAT(log()[1].message, HasSubstr("\n\nhello\n"));
}

TEST_F(HttpDebugTest, EachHopAndEachFailureHasItsPair) {
  Run("headers", "http.get(`${T}/redirect/1`); http.get(`${T}/close`)");
  ASSERT_THAT(log(), SizeIs(7));  // three exchanges, and the warning of the failed one
  EXPECT_THAT(log()[1].message, StartsWith("Response:\nHTTP/1.1 302 Found\n"));
  EXPECT_THAT(log()[2].message, StartsWith("Request:\nGET / HTTP/1.1\n"));
  EXPECT_THAT(log()[3].message, StartsWith("Response:\nHTTP/1.1 200 OK\n"));
  EXPECT_THAT(log()[5].message, StartsWith("Response:\n(error "));
  EXPECT_EQ("7-3", log()[5].fields[2].second);
}

TEST(BodyForLog, LongTextIsCutBetweenCharacters) {
  // One byte, then characters of two bytes: the limit falls into the middle of one.
  std::string text = "x";
  for (size_t i = 0; i < HttpDebug::kMaxBodyShown / 2; ++i) {
    text += "\xc3\xa4";
  }
  EXPECT_EQ(absl::StrCat(text.substr(0, HttpDebug::kMaxBodyShown - 1), "\n(2 bytes more)"),
            BodyForLog("", text));
}

TEST(BodyForLog, WhatIsNoUtf8IsNoText) {
  for (const char* bytes : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
    EXPECT_EQ(absl::StrCat("(", std::string(bytes).size(), " bytes that are not text)"),
              BodyForLog("", bytes));
  }
  EXPECT_EQ("\xe2\x82\xac", BodyForLog("", "\xe2\x82\xac"));
}

TEST(BodyForLog, ABodyThatLiesAboutItsCodingIsShownAsItIs) {
  EXPECT_EQ("plain", BodyForLog("gzip", "plain"));
}

}  // namespace
}  // namespace lockstep::agent
