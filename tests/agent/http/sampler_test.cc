#include "agent/http/sampler.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/list_sink.h"

namespace lockstep::agent {
namespace {

using ::lockstep::testing::ListSink;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::Pair;

HttpResponse Answer(int status) {
  HttpResponse response;
  response.status = status;
  response.proto = "HTTP/1.1";
  response.timings.blocked = absl::Milliseconds(1);
  response.timings.connecting = absl::Milliseconds(2);
  response.timings.sending = absl::Milliseconds(4);
  response.timings.waiting = absl::Milliseconds(8);
  response.timings.receiving = absl::Milliseconds(16);
  return response;
}

HttpHop Hop(std::optional<bool> expected) {
  HttpHop hop;
  hop.method = "GET";
  hop.url = "http://h/p";
  hop.expected = expected;
  return hop;
}

class HttpSamplerTest : public ::testing::Test {
 protected:
  TagList TagsOf(const std::string& metric) {
    return sink_.tags().Get(sink_.samples[metric].back().tags);
  }

  ListSink sink_;
  HttpSampler sampler_{sink_, SystemTags(), HttpErrorsRule{}};
};

TEST_F(HttpSamplerTest, WhatFailedIsInTheTableOfErrorsWithItsCause) {
  sampler_.Record(Hop(true), Answer(500));  // as the script expects it
  sampler_.Record(Hop(std::nullopt), Answer(200));
  EXPECT_THAT(sink_.errors, ::testing::IsEmpty());
  HttpHop named = Hop(false);
  named.name = "the name";
  sampler_.Record(named, Answer(503));
  HttpResponse refused = Answer(0);
  refused.error = {1212, "dial: connection refused"};
  sampler_.Record(Hop(false), refused);
  EXPECT_THAT(sink_.errors,
              ElementsAre("503 GET the name", "dial: connection refused GET http://h/p"));
  sink_.errors.clear();
  sampler_.Record(Hop(std::nullopt), Answer(500));  // nobody says what is expected
  EXPECT_THAT(sink_.errors, ElementsAre("500 GET http://h/p"));
}

TEST_F(HttpSamplerTest, TheIntendedDurationHasTheLatenessOnTop) {
  HttpHop hop = Hop(true);
  hop.lateness = absl::Milliseconds(5);
  sampler_.Record(hop, Answer(200));
  // Sending, waiting and receiving: 4 + 8 + 16 ms.
  EXPECT_DOUBLE_EQ(sink_.samples.at("http_req_duration").at(0).value, 28);
  EXPECT_DOUBLE_EQ(sink_.samples.at("http_req_duration_intended").at(0).value, 33);
  sampler_.Record(Hop(true), Answer(200));
  EXPECT_EQ(sink_.samples.at("http_req_duration").size(), 2u);
  EXPECT_EQ(sink_.samples.at("http_req_duration_intended").size(), 1u);
}

TEST_F(HttpSamplerTest, AnExchangeIsOneSampleOfEachMetric) {
  sampler_.Record(Hop(true), Answer(200));
  const std::pair<const char*, double> rows[] = {
      {"http_reqs", 1},           {"http_req_duration", 28},       {"http_req_blocked", 1},
      {"http_req_connecting", 2}, {"http_req_tls_handshaking", 0}, {"http_req_sending", 4},
      {"http_req_waiting", 8},    {"http_req_receiving", 16},      {"http_req_failed", 0}};
  for (const auto& [metric, value] : rows) {
    SCOPED_TRACE(metric);
    ASSERT_EQ(1u, sink_.samples[metric].size());
    EXPECT_DOUBLE_EQ(value, sink_.samples[metric][0].value);
  }
  EXPECT_EQ(0u, sink_.samples.count("http_reqs_errors"));
}

TEST_F(HttpSamplerTest, TagsSayWhatWasAskedAndAnswered) {
  sampler_.Record(Hop(true), Answer(200));
  EXPECT_THAT(
      TagsOf("http_reqs"),
      ElementsAre(Pair("expected_response", "true"), Pair("method", "GET"),
                  Pair("name", "http://h/p"), Pair("proto", "HTTP/1.1"), Pair("status", "200"),
                  Pair("status_class", "2xx"), Pair("url", "http://h/p")));
}

TEST_F(HttpSamplerTest, TheStatusHasAClass) {
  for (const auto& [status, name] :
       {std::pair(0, "error"), std::pair(101, "1xx"), std::pair(204, "2xx"), std::pair(302, "3xx"),
        std::pair(499, "4xx"), std::pair(599, "5xx"), std::pair(600, "error")}) {
    sampler_.Record(Hop(true), Answer(status));
    EXPECT_THAT(TagsOf("http_reqs"), Contains(Pair("status_class", name)));
  }
}

TEST_F(HttpSamplerTest, ANameOfTheScriptIsTheUrlTagToo) {
  HttpHop hop = Hop(true);
  hop.base = sink_.tags().With(kEmptyTagSet, "name", "special");
  hop.name = "special";
  sampler_.Record(hop, Answer(200));
  EXPECT_THAT(TagsOf("http_reqs"), Contains(Pair("url", "special")));
  EXPECT_THAT(TagsOf("http_reqs"), Contains(Pair("name", "special")));
}

TEST_F(HttpSamplerTest, ErrorsFollowTheOptionAndFailuresTheScript) {
  HttpErrorsRule rule;
  rule.given = true;
  rule.exclude = {404};
  HttpSampler sampler(sink_, SystemTags(), rule);
  sampler.Record(Hop(true), Answer(404));
  EXPECT_EQ(0u, sink_.samples.count("http_reqs_errors"));
  EXPECT_EQ(0, sink_.samples["http_req_failed"].back().value);
  sampler.Record(Hop(false), Answer(503));
  EXPECT_EQ(1u, sink_.samples["http_reqs_errors"].size());
  EXPECT_DOUBLE_EQ(28, sink_.samples["http_req_duration_errors"].back().value);
  EXPECT_EQ(1, sink_.samples["http_req_failed"].back().value);
  EXPECT_THAT(TagsOf("http_reqs"), Contains(Pair("error_code", "1503")));
  sampler.Record(Hop(true), Answer(0));
  EXPECT_EQ(2u, sink_.samples["http_reqs_errors"].size());
}

TEST_F(HttpSamplerTest, WithoutTheOptionErrorsAreWhatWentAgainstExpectation) {
  sampler_.Record(Hop(true), Answer(0));  // as the script expects it
  sampler_.Record(Hop(true), Answer(404));
  EXPECT_EQ(0u, sink_.samples.count("http_reqs_errors"));
  sampler_.Record(Hop(false), Answer(200));
  EXPECT_EQ(1u, sink_.samples["http_reqs_errors"].size());
  // The script has no expectation.
  sampler_.Record(Hop(std::nullopt), Answer(200));
  EXPECT_EQ(1u, sink_.samples["http_reqs_errors"].size());
  sampler_.Record(Hop(std::nullopt), Answer(404));
  sampler_.Record(Hop(std::nullopt), Answer(0));
  EXPECT_EQ(3u, sink_.samples["http_reqs_errors"].size());
}

TEST_F(HttpSamplerTest, AChallengeThatIsAnsweredIsNoError) {
  HttpHop challenge = Hop(true);
  challenge.challenge = true;
  sampler_.Record(challenge, Answer(401));
  EXPECT_EQ(0u, sink_.samples.count("http_reqs_errors"));
  EXPECT_EQ(1u, sink_.samples["http_reqs"].size());
  sampler_.Record(Hop(false), Answer(401));
  EXPECT_EQ(1u, sink_.samples["http_reqs_errors"].size());
}

TEST_F(HttpSamplerTest, ATransportFailureIsAnErrorWithItsCode) {
  HttpResponse response = Answer(0);
  response.proto = "";
  response.error = {1212, "dial: connection refused"};
  sampler_.Record(Hop(false), response);
  EXPECT_THAT(TagsOf("http_reqs"), Contains(Pair("error", "dial: connection refused")));
  EXPECT_THAT(TagsOf("http_reqs"), Contains(Pair("error_code", "1212")));
  EXPECT_THAT(TagsOf("http_reqs"), Contains(Pair("status", "0")));
  EXPECT_EQ(1u, sink_.samples["http_reqs_errors"].size());
}

TEST_F(HttpSamplerTest, WithoutACallbackThereIsNoFailedMetric) {
  sampler_.Record(Hop(std::nullopt), Answer(500));
  EXPECT_EQ(0u, sink_.samples.count("http_req_failed"));
  EXPECT_THAT(TagsOf("http_reqs"), Not(Contains(Pair("expected_response", ::testing::_))));
}

TEST_F(HttpSamplerTest, OnlyTheSystemTagsAskedForAreSet) {
  HttpSampler sampler(sink_, SystemTags(std::vector<std::string>{"status", "ip", "nonsense"}),
                      HttpErrorsRule{});
  HttpResponse response = Answer(200);
  response.remote_ip = "127.0.0.1";
  sampler.Record(Hop(true), response);
  EXPECT_THAT(TagsOf("http_reqs"), ElementsAre(Pair("ip", "127.0.0.1"), Pair("status", "200"),
                                               Pair("status_class", "2xx")));
}

TEST_F(HttpSamplerTest, TheSameExchangeHasTheSameTagSet) {
  const TagSet first = sampler_.TagsOf(Hop(true), Answer(200));
  EXPECT_EQ(first, sampler_.TagsOf(Hop(true), Answer(200)));
  EXPECT_NE(first, sampler_.TagsOf(Hop(true), Answer(201)));
  EXPECT_NE(first, sampler_.TagsOf(Hop(false), Answer(200)));
}

}  // namespace
}  // namespace lockstep::agent
