// Calls, against a server that the test plays.
#include "agent/http/call.h"

#include <gtest/gtest.h>

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
    spec.url = ParsedUrl(url);
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

TEST_F(HttpCallTest, TheLimitOnTheBodyIsThatOfEachHop) {
  HttpCallSpec spec = SpecOf("http://h/a");
  spec.max_body_bytes = 3;
  HttpCall call(env_, std::move(spec));
  call.Start([](HttpCallResult&) {});
  EXPECT_EQ(client_.exchanges.front().request.max_body_bytes, 3);
  Answer(302, {{"Location", "/b"}});
  EXPECT_EQ(client_.exchanges.front().request.max_body_bytes, 3);
}

}  // namespace
}  // namespace lockstep::agent
