// Calls, against a server that the test plays.
#include "agent/http/call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/http/headers.h"
#include "tests/support/collecting_logger.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/list_sink.h"
#include "tests/support/parsed_url.h"
#include "tests/support/sim_loop.h"

namespace lockstep::agent {
namespace {

using ::lockstep::testing::FakeHttpClient;
using ::lockstep::testing::ParsedUrl;

class NoConnections final : public ConnectionPool {
 public:
  void Clear() override {}
};

class HttpCallTest : public ::testing::Test {
 protected:
  HttpCallSpec SpecOf(absl::string_view url) {
    HttpCallSpec spec;
    spec.request.url = ParsedUrl(url);
    spec.url_text = std::string(url);
    return spec;
  }
  // Answers the exchange that waits.
  void Answer(int status, HeaderList headers) {
    FakeHttpClient::Exchange exchange = std::move(client_.exchanges.front());
    client_.exchanges.pop_front();
    HttpResponse response;
    response.status = status;
    response.headers = std::move(headers);
    exchange.done(response);
  }

  // Of the exchange that waits.
  std::optional<std::string> Sent(absl::string_view header) {
    return FindHeader(client_.exchanges.front().request.headers, header);
  }
  // That each hop's samples have.
  std::vector<std::string> Tags(absl::string_view key) {
    std::vector<std::string> tags;
    for (const auto& sample : sink_.samples["http_reqs"]) {
      tags.emplace_back(sink_.tags().Find(sample.tags, key).value_or("-"));
    }
    return tags;
  }

  lockstep::testing::SimLoop loop_;
  lockstep::testing::CollectingLogger log_;
  lockstep::testing::ListSink sink_;
  FakeHttpClient client_;
  NoConnections pool_;
  HttpSampler sampler_{sink_, SystemTags(), HttpErrorsRule()};
  HttpCallEnv env_{
      client_, pool_, sampler_, log_, loop_, [](int64_t, int64_t) {}, [] { return std::nullopt; }};
};

TEST_F(HttpCallTest, OnlyTheFirstOfAChainWaitsForTheRateLimit) {
  HttpCallSpec spec = SpecOf("http://u:p@h/a");
  spec.auth = HttpRequest::Auth::kDigest;
  HttpCall call(env_, std::move(spec));
  int status = 0;
  call.Start([&status](HttpCallResult& result) { status = result.response.status; });
  EXPECT_FALSE(client_.exchanges.front().request.follow_up);
  Answer(401, {{"WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\", qop=\"auth\""}});
  ASSERT_EQ(client_.exchanges.size(), 1u);
  EXPECT_TRUE(client_.exchanges.front().request.follow_up);
  Answer(302, {{"Location", "/b"}});
  EXPECT_TRUE(client_.exchanges.front().request.follow_up);
  Answer(200, {});
  EXPECT_EQ(status, 200);
}

TEST_F(HttpCallTest, CredentialsAreThoseOfEachHopsUrl) {
  HttpCall call(env_, SpecOf("http://u:p@h/a"));
  std::string url;
  call.Start([&url](HttpCallResult& result) { url = result.url; });
  EXPECT_EQ(Sent("Authorization"), "Basic dTpw");
  Answer(302, {{"Location", "/b"}});  // keeps those of its base
  EXPECT_EQ(Sent("Authorization"), "Basic dTpw");
  Answer(302, {{"Location", "http://h/c"}});
  EXPECT_EQ(Sent("Authorization"), std::nullopt);
  Answer(302, {{"Location", "http://x:y@other/d"}});
  EXPECT_EQ(Sent("Authorization"), "Basic eDp5");
  Answer(200, {});
  EXPECT_EQ(url, "http://****:****@other/d");
  EXPECT_EQ(Tags("url"), (std::vector<std::string>{"http://u:p@h/a", "http://****:****@h/b",
                                                   "http://h/c", "http://****:****@other/d"}));
}

TEST_F(HttpCallTest, AnAuthorizationOfTheScriptStays) {
  HttpCallSpec spec = SpecOf("http://u:p@h/a");
  spec.request.headers = {{"Authorization", "Bearer z"}};
  HttpCall call(env_, std::move(spec));
  call.Start([](HttpCallResult&) {});
  Answer(302, {{"Location", "http://x:y@h/b"}});
  EXPECT_EQ(Sent("Authorization"), "Bearer z");
}

TEST_F(HttpCallTest, EachHopAnswersItsOwnChallenge) {
  HttpCallSpec spec = SpecOf("http://u:p@h/a");
  spec.auth = HttpRequest::Auth::kDigest;
  HttpCall call(env_, std::move(spec));
  int status = 0;
  call.Start([&status](HttpCallResult& result) { status = result.response.status; });
  const HeaderList challenge = {
      {"WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\", qop=\"auth\""}};
  Answer(401, challenge);
  EXPECT_THAT(Sent("Authorization").value_or(""), ::testing::HasSubstr("uri=\"/a\""));
  Answer(302, {{"Location", "/b"}});
  EXPECT_EQ(Sent("Authorization"), std::nullopt);
  Answer(401, challenge);
  EXPECT_THAT(Sent("Authorization").value_or(""), ::testing::HasSubstr("uri=\"/b\""));
  Answer(401, challenge);
  EXPECT_EQ(status, 401);
  EXPECT_EQ(Tags("expected_response"), (std::vector<std::string>{"true", "true", "true", "false"}));
  EXPECT_EQ(Tags("url")[3], "http://h/b");
}

TEST_F(HttpCallTest, TheAnswerToAChallengeTakesThePlaceOfTheScriptsAuthorization) {
  HttpCallSpec spec = SpecOf("http://u:p@h/a");
  spec.auth = HttpRequest::Auth::kDigest;
  spec.request.headers = {{"Authorization", "Bearer z"}};
  HttpCall call(env_, std::move(spec));
  call.Start([](HttpCallResult&) {});
  EXPECT_EQ(Sent("Authorization"), "Bearer z");
  Answer(401, {{"WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\", qop=\"auth\""}});
  EXPECT_THAT(
      client_.exchanges.front().request.headers,
      ::testing::ElementsAre(::testing::Pair("Authorization", ::testing::StartsWith("Digest "))));
}

TEST_F(HttpCallTest, NtlmHasTheCredentialsOfEachHopsUrl) {
  HttpCallSpec spec = SpecOf("http://u:p@h/a");
  spec.auth = HttpRequest::Auth::kNtlm;
  HttpCall call(env_, std::move(spec));
  call.Start([](HttpCallResult&) {});
  const auto sent = [&] { return client_.exchanges.front().request; };
  EXPECT_EQ(sent().auth, HttpRequest::Auth::kNtlm);
  EXPECT_EQ(sent().url.user, "u");
  Answer(302, {{"Location", "/b"}});
  EXPECT_EQ(sent().auth, HttpRequest::Auth::kNtlm);
  Answer(302, {{"Location", "http://other/c"}});
  EXPECT_EQ(sent().auth, HttpRequest::Auth::kNone);
  EXPECT_EQ(sent().url.user, "");
  Answer(302, {{"Location", "http://x:y@other/d"}});
  EXPECT_EQ(sent().auth, HttpRequest::Auth::kNtlm);
  EXPECT_EQ(sent().url.user, "x");
}

TEST_F(HttpCallTest, ARedirectToWhatCannotBeAskedIsAFailedRequestOfItsOwn) {
  HttpCall call(env_, SpecOf("http://h/a"));
  HttpCallResult seen;
  call.Start([&seen](HttpCallResult& result) { seen = std::move(result); });
  Answer(302, {{"Location", "javascript:1"}});
  EXPECT_TRUE(client_.exchanges.empty());
  loop_.RunAll();
  EXPECT_EQ(seen.response.error.message, "unsupported protocol scheme \"javascript\"");
  EXPECT_EQ(seen.url, "javascript:1");
  EXPECT_EQ(Tags("url"), (std::vector<std::string>{"http://h/a", "javascript:1"}));
  EXPECT_EQ(Tags("expected_response"), (std::vector<std::string>{"true", "false"}));
}

TEST_F(HttpCallTest, TheLimitOnTheBodyIsThatOfEachHop) {
  HttpCallSpec spec = SpecOf("http://h/a");
  spec.request.max_body_bytes = 3;
  HttpCall call(env_, std::move(spec));
  call.Start([](HttpCallResult&) {});
  EXPECT_EQ(client_.exchanges.front().request.max_body_bytes, 3);
  Answer(302, {{"Location", "/b"}});
  EXPECT_EQ(client_.exchanges.front().request.max_body_bytes, 3);
}

}  // namespace
}  // namespace lockstep::agent
