// HTTP exchanges over MultiLoop against the loopback server: what is sent, what comes back, how it
// is timed.

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"

#include "tests/agent/net/net_test_support.h"

namespace lockstep::agent {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

class ExchangeTest : public NetTest {
 protected:
  HttpResponse Get(const std::string& path) {
    return Exchange(loop_, *pool_, {.url = ParsedUrl(server_->Url(path))});
  }

  std::unique_ptr<lockstep::testing::HttpServer> server_ = StartServer();
  std::unique_ptr<Network> network_ = MakeNetwork();
  MultiLoop loop_{*network_};
  std::unique_ptr<ConnectionPool> pool_ = loop_.MakePool(1);
};

TEST_F(ExchangeTest, FillsTheResponse) {
  const HttpResponse response = Get("/status/201");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.status_text, "201 Created");
  EXPECT_EQ(response.proto, "HTTP/1.1");
  EXPECT_EQ(response.body, "status 201");
  EXPECT_EQ(response.error.code, 0);
  EXPECT_EQ(response.error.message, "");
  EXPECT_EQ(response.remote_ip, "127.0.0.1");
  EXPECT_EQ(response.remote_port, server_->port());
  EXPECT_EQ(response.tls_version(), "");
  EXPECT_THAT(response.headers, ElementsAre(Pair("Content-Type", "text/plain; charset=utf-8"),
                                            Pair("Content-Length", "10")));
}

TEST_F(ExchangeTest, SendsNothingThatWasNotAskedFor) {
  const HttpResponse response =
      Exchange(loop_, *pool_,
               {.url = ParsedUrl(server_->Url("/request?q=1")),
                .headers = {{"X-One", "1"}, {"Empty", ""}, {"x-two", "2"}}});
  EXPECT_EQ(response.body,
            absl::StrCat("GET /request?q=1 HTTP/1.1\r\nHost: 127.0.0.1:", server_->port(),
                         "\r\nX-One: 1\r\nEmpty:\r\nx-two: 2\r\n\r\n"));
  EXPECT_EQ(response.bytes_sent, static_cast<int64_t>(response.body.size()));
}

// As Go does. Directly, and as libcurl carries it; looked up in small letters either way.
TEST_F(ExchangeTest, TheHostIsSentAsTheUrlSpellsIt) {
  const std::unique_ptr<Network> network = MakeNetwork({.hosts = {{"example.test", "127.0.0.1"}}});
  const std::string host = absl::StrCat("ExAmple.Test:", server_->port());
  for (const HttpRequest::Auth auth : {HttpRequest::Auth::kNone, HttpRequest::Auth::kDigest}) {
    MultiLoop loop(*network);
    const std::unique_ptr<ConnectionPool> pool = loop.MakePool(1);
    const auto ask = [&](HeaderList headers) {
      return Exchange(loop, *pool,
                      {.url = ParsedUrl(absl::StrCat("http://", host, "/request")),
                       .headers = std::move(headers),
                       .auth = auth})
          .body;
    };
    EXPECT_THAT(ask({}), HasSubstr(absl::StrCat("\r\nHost: ", host, "\r\n")));
    EXPECT_THAT(ask({{"Host", "given"}}),
                AllOf(HasSubstr("\r\nHost: given\r\n"), Not(HasSubstr(host))));
  }
}

TEST_F(ExchangeTest, SendsEveryMethodWithItsBody) {
  const auto echo = [this](HttpRequest request) {
    request.url = ParsedUrl(server_->Url("/request"));
    return Exchange(loop_, *pool_, std::move(request)).body;
  };
  const std::string put = echo({.method = "PUT", .body = "text"});
  EXPECT_THAT(put, ::testing::StartsWith("PUT /request HTTP/1.1\r\n"));
  EXPECT_THAT(put, HasSubstr("Content-Length: 4\r\n"));
  EXPECT_THAT(put, ::testing::EndsWith("\r\n\r\ntext"));
  EXPECT_THAT(put, Not(HasSubstr("Content-Type")));
  EXPECT_THAT(echo({.method = "POST"}), HasSubstr("Content-Length: 0\r\n"));
  EXPECT_THAT(echo({.method = "DELETE"}), Not(HasSubstr("Content-Length")));
  EXPECT_THAT(echo({.method = "DELETE", .body = "b"}), HasSubstr("Content-Length: 1\r\n"));
  EXPECT_THAT(echo({.method = "OPTIONS"}), ::testing::StartsWith("OPTIONS /request "));
  EXPECT_THAT(echo({.method = "GET"}), ::testing::StartsWith("GET /request "));
  const std::string nul("a\0b", 3);
  EXPECT_THAT(echo({.method = "PATCH",
                    .headers = {{"content-type", "x/y"}, {"Content-Length", "99"}},
                    .body = nul}),
              ::testing::EndsWith("content-type: x/y\r\nContent-Length: 3\r\n\r\n" + nul));
}

TEST_F(ExchangeTest, HeadHasNoBodyAndTheNextGetHasOne) {
  const HttpResponse head =
      Exchange(loop_, *pool_, {.method = "HEAD", .url = ParsedUrl(server_->Url("/bytes/1000"))});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_THAT(head.headers, Contains(Pair("Content-Length", "1000")));
  EXPECT_EQ(Get("/bytes/1000").body.size(), 1000U);
}

TEST_F(ExchangeTest, KeepsConnectionsPerPoolUntilCleared) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Get("/").status, 200);
  }
  EXPECT_EQ(server_->connections(), 1);
  const std::unique_ptr<ConnectionPool> other = loop_.MakePool(2);
  EXPECT_EQ(Exchange(loop_, *other, {.url = ParsedUrl(server_->Url("/"))}).status, 200);
  EXPECT_EQ(server_->connections(), 2);
  pool_->Clear();
  EXPECT_EQ(Get("/").status, 200);
  EXPECT_EQ(Get("/").status, 200);
  EXPECT_EQ(server_->connections(), 3);
  EXPECT_EQ(server_->requests(), 6);
}

TEST_F(ExchangeTest, PhasesOfANewAndOfAKeptConnectionDiffer) {
  const HttpResponse fresh = Get("/");
  EXPECT_GT(fresh.timings.connecting, absl::ZeroDuration());
  EXPECT_GE(fresh.timings.blocked, fresh.timings.connecting);
  EXPECT_EQ(fresh.timings.tls_handshaking, absl::ZeroDuration());
  EXPECT_EQ(fresh.timings.looking_up, absl::ZeroDuration());
  const HttpResponse kept = Get("/");
  EXPECT_EQ(kept.timings.connecting, absl::ZeroDuration());
  EXPECT_GT(kept.timings.duration(), absl::ZeroDuration());
}

TEST_F(ExchangeTest, TheServersDelayIsWaiting) {
  const HttpResponse response = Get("/delay/60");
  EXPECT_GE(response.timings.waiting, absl::Milliseconds(59));
  EXPECT_GE(response.timings.duration(), absl::Milliseconds(60));
  EXPECT_GE(response.timings.sending, absl::ZeroDuration());
}

// How much of it is receiving, phases_test.cc knows: a busy machine may look at the head late.
TEST_F(ExchangeTest, ASlowBodyIsPartOfTheDuration) {
  const HttpResponse response = Get("/slow-body/60");
  EXPECT_EQ(response.body, "begin-end.");
  EXPECT_GE(response.timings.duration(), absl::Milliseconds(59));
}

TEST_F(ExchangeTest, CountsBytesInBothDirections) {
  for (const int64_t size : {3'000, 3'000'000}) {
    const HttpResponse response = Exchange(loop_, *pool_,
                                           {.method = "POST",
                                            .url = ParsedUrl(server_->Url("/bytes/5000")),
                                            .body = std::string(static_cast<size_t>(size), 'y')});
    EXPECT_GT(response.bytes_sent, size);
    EXPECT_LT(response.bytes_sent, size + 200);
    EXPECT_GT(response.bytes_received, 5000);
    EXPECT_LT(response.bytes_received, 5200);
  }
}

TEST_F(ExchangeTest, DropsTheBodyIfNotWanted) {
  const HttpResponse response =
      Exchange(loop_, *pool_, {.url = ParsedUrl(server_->Url("/bytes/5000")), .keep_body = false});
  EXPECT_EQ(response.body, "");
  EXPECT_GT(response.bytes_received, 5000);
}

TEST_F(ExchangeTest, ABodyThatIsTooLongFailsUnlessItIsDropped) {
  const HttpResponse refused = Exchange(
      loop_, *pool_,
      {.url = ParsedUrl(server_->Url("/bytes/5000")), .keep_body = true, .max_body_bytes = 4999});
  EXPECT_EQ(refused.status, 0);
  EXPECT_EQ(refused.error.code, 1000);
  EXPECT_EQ(refused.error.message,
            "the body is longer than 4999 bytes; discardResponseBodies, or responseType: 'none', "
            "drops it as it comes");
  EXPECT_EQ(refused.body, "");
  EXPECT_EQ(Exchange(loop_, *pool_,
                     {.url = ParsedUrl(server_->Url("/bytes/5000")), .max_body_bytes = 5000})
                .body.size(),
            5000U);
  EXPECT_EQ(
      Exchange(
          loop_, *pool_,
          {.url = ParsedUrl(server_->Url("/bytes/5000")), .keep_body = false, .max_body_bytes = 10})
          .status,
      200);
}

TEST_F(ExchangeTest, DecodesAndSaysWhenItCannot) {
  EXPECT_EQ(Get("/gzip").body, "unpacked");
  const HttpResponse bad = Get("/bad-gzip");
  EXPECT_EQ(bad.status, 0);
  EXPECT_EQ(bad.error.code, 1701);
  EXPECT_EQ(bad.error.message, "error decompressing response body (gzip: invalid header)");
}

TEST_F(ExchangeTest, ReadsChunksAndLeavesTrailersOut) {
  const HttpResponse response = Get("/chunked");
  EXPECT_EQ(response.body, "onetwothree");
  EXPECT_THAT(response.headers, Not(Contains(Pair("X-Sum", "11"))));
}

TEST_F(ExchangeTest, DoesNotFollowRedirects) {
  const HttpResponse response = Get("/redirect/2");
  EXPECT_EQ(response.status, 302);
  EXPECT_THAT(response.headers, Contains(Pair("Location", "/redirect/1")));
}

TEST_F(ExchangeTest, CompletionsComeBeforeTheReadyStageAndNewRequestsAfter) {
  std::vector<std::string> order;
  loop_.SetReadyStage([&order] { order.push_back("ready"); });
  bool done = false;
  Submit(loop_, *pool_, {.url = ParsedUrl(server_->Url("/"))}, [&](const HttpResponse&) {
    order.push_back("done");
    done = true;
  });
  EXPECT_TRUE(order.empty());  // never from within Submit
  TurnUntil(loop_, [&done] { return done; });
  EXPECT_EQ(order.back(), "ready");
  EXPECT_EQ(order[order.size() - 2], "done");
}

TEST_F(ExchangeTest, ADoneCallbackMaySubmitAgain) {
  int left = 5;
  std::function<void(HttpResponse)> again = [&](const HttpResponse& response) {
    EXPECT_EQ(response.status, 200);
    if (--left > 0) {
      Submit(loop_, *pool_, {.url = ParsedUrl(server_->Url("/"))}, again);
    }
  };
  Submit(loop_, *pool_, {.url = ParsedUrl(server_->Url("/"))}, again);
  TurnUntil(loop_, [&left] { return left == 0; });
  EXPECT_EQ(server_->requests(), 5);
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(ExchangeTest, CancelForgetsAQueuedARunningAndAFinishedExchange) {
  bool called = false;
  const auto done = [&called](const HttpResponse&) { called = true; };
  loop_.Cancel(Submit(loop_, *pool_, {.url = ParsedUrl(server_->Url("/"))}, done));
  const ExchangeId running =
      Submit(loop_, *pool_, {.url = ParsedUrl(server_->Url("/delay/10000"))}, done);
  TurnUntil(loop_, [this] { return server_->requests() == 1; });
  loop_.Cancel(running);
  loop_.Cancel(running);
  loop_.Cancel(ExchangeId::kNone);
  EXPECT_EQ(Get("/").status, 200);
  EXPECT_FALSE(called);
}

TEST_F(ExchangeTest, APoolTakesItsExchangesAlong) {
  bool called = false;
  auto pool = loop_.MakePool(3);
  Submit(loop_, *pool, {.url = ParsedUrl(server_->Url("/delay/10000"))},
         [&called](const HttpResponse&) { called = true; });
  TurnUntil(loop_, [this] { return server_->requests() == 1; });
  pool.reset();
  EXPECT_EQ(Get("/").status, 200);
  EXPECT_FALSE(called);
}

TEST_F(ExchangeTest, ManyPoolsAtOnceAllGetTheirAnswers) {
  constexpr int kPools = 100;
  std::vector<std::unique_ptr<ConnectionPool>> pools;
  int answers = 0;
  for (int i = 0; i < kPools; ++i) {
    pools.push_back(loop_.MakePool(i + 1));
    for (int k = 0; k < 2; ++k) {
      Submit(loop_, *pools.back(), {.url = ParsedUrl(server_->Url(absl::StrCat("/bytes/", i)))},
             [&answers, i](const HttpResponse& r) {
               EXPECT_EQ(r.body.size(), static_cast<size_t>(i));
               ++answers;
             });
    }
  }
  TurnUntil(loop_, [&answers] { return answers == 2 * kPools; });
  EXPECT_EQ(server_->requests(), 2 * kPools);
}

TEST_F(ExchangeTest, APeerThatClosesAKeptConnectionIsDialledAnew) {
  EXPECT_EQ(Exchange(loop_, *pool_,
                     {.url = ParsedUrl(server_->Url("/")), .headers = {{"Connection", "close"}}})
                .status,
            200);
  EXPECT_EQ(Get("/").status, 200);
  EXPECT_EQ(server_->connections(), 2);
}

// A kept connection that ends without an answer: what may be asked twice is, once more.
TEST_F(ExchangeTest, OnlySafeMethodsAreRepeated) {
  struct Row {
    const char* method;
    std::string body;
    bool repeated;
  };
  for (const Row& row : {Row{"GET", "", true}, Row{"HEAD", "", true}, Row{"OPTIONS", "", true},
                         Row{"TRACE", "", true}, Row{"POST", "order", false},
                         Row{"POST", "", false}, Row{"PUT", "", false}, Row{"PATCH", "", false},
                         Row{"DELETE", "", false}, Row{"PROPFIND", "", false}}) {
    SCOPED_TRACE(absl::StrCat(row.method, " ", row.body));
    EXPECT_EQ(Get("/").status, 200);
    const int64_t before = server_->requests();
    const HttpResponse response = Exchange(
        loop_, *pool_,
        {.method = row.method, .url = ParsedUrl(server_->Url("/drop-kept")), .body = row.body});
    EXPECT_EQ(server_->requests() - before, row.repeated ? 2 : 1);
    EXPECT_EQ(response.status, row.repeated ? 200 : 0);
    EXPECT_EQ(response.error.code, row.repeated ? 0 : 1000);
    EXPECT_EQ(response.error.message, row.repeated ? "" : "EOF");
  }
  // On a new connection nothing is repeated.
  pool_->Clear();
  const int64_t before = server_->requests();
  EXPECT_EQ(Get("/close").error.message, "EOF");
  EXPECT_EQ(server_->requests() - before, 1);
}

// However often it happens to the connections of one VU; curl itself gives up at the sixth time.
TEST_F(ExchangeTest, RepeatingDoesNotWearOut) {
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(Get("/").status, 200);
    const HttpResponse response = Get("/drop-kept");
    EXPECT_EQ(response.body, "fine") << i << ": " << response.error.in_full();
  }
  EXPECT_EQ(server_->requests(), 8 + 2 * 8);
}

TEST_F(ExchangeTest, AnEmptyBodyIsNotTheSameAsNone) {
  const auto head = [this](const char* method, bool has_body) {
    return Exchange(
               loop_, *pool_,
               {.method = method, .url = ParsedUrl(server_->Url("/request")), .has_body = has_body})
        .body;
  };
  EXPECT_THAT(head("POST", true), HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(head("POST", true), ::testing::EndsWith("\r\n\r\n0\r\n\r\n"));
  EXPECT_THAT(head("POST", false), HasSubstr("Content-Length: 0\r\n\r\n"));
  for (const char* method : {"GET", "DELETE", "OPTIONS"}) {
    EXPECT_THAT(head(method, true), Not(HasSubstr("Content-Length"))) << method;
    EXPECT_THAT(head(method, true), Not(HasSubstr("chunked"))) << method;
  }
}

TEST_F(ExchangeTest, AnEmptyQueryKeepsItsQuestionMark) {
  EXPECT_THAT(Get("/request?").body, ::testing::StartsWith("GET /request? HTTP/1.1\r\n"));
  EXPECT_THAT(Get("/request").body, ::testing::StartsWith("GET /request HTTP/1.1\r\n"));
  EXPECT_THAT(Get("/request?a={|}").body, ::testing::StartsWith("GET /request?a={|} HTTP/1.1\r\n"));
}

TEST_F(ExchangeTest, NoConnectionReuseDialsEachTime) {
  const std::unique_ptr<Network> network = MakeNetwork({.no_connection_reuse = true});
  MultiLoop loop(*network);
  const std::unique_ptr<ConnectionPool> pool = loop.MakePool(1);
  const HttpRequest request{.url = ParsedUrl(server_->Url("/request"))};
  Exchange(loop, *pool, request);
  EXPECT_THAT(Exchange(loop, *pool, request).body, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_EQ(server_->connections(), 2);
}

// Once: what some send would otherwise be answered while other scripts of the turn still run, and be
// stamped late.
TEST_F(ExchangeTest, VusHaveTheirTurnsOnceAllAnswersOfTheTurnAreTold) {
  constexpr int kRequests = 40;
  const std::unique_ptr<Network> network = MakeNetwork({.blacklist_ips = {"127.0.0.0/8"}});
  MultiLoop loop(*network);
  const std::unique_ptr<ConnectionPool> pool = loop.MakePool(1);
  std::vector<HttpRequest> requests(kRequests, {.url = ParsedUrl(server_->Url("/"))});
  std::vector<int> heard;
  int answers = 0;
  loop.SetReadyStage([&] { heard.push_back(answers); });
  for (HttpRequest& request : requests) {
    loop.Submit(*pool, request, [&](HttpResponse& response) {
      EXPECT_EQ(response.error.message, "ip is blacklisted");
      ++answers;
    });
  }
  loop.Turn(/*wait=*/false);  // submits all, which fail at once
  loop.Turn(/*wait=*/false);
  EXPECT_THAT(heard, ElementsAre(0, kRequests));
}

}  // namespace
}  // namespace lockstep::agent
