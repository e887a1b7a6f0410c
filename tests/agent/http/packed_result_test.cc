#include "agent/http/packed_result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

HttpCallResult ResultWith(std::string body, std::string request_body) {
  HttpCallResult result;
  HttpResponse& response = result.response;
  response.status = 404;
  response.status_text = "404 Not Found";
  response.proto = "HTTP/1.1";
  response.headers = {{"Date", "Sun, 29 Nov 2026 10:00:00 GMT"}, {"X-Empty", ""}};
  response.body = std::move(body);
  response.timings.waiting = absl::Milliseconds(7);
  response.remote_ip = "127.0.0.1";
  response.remote_port = 8080;
  result.url = "http://127.0.0.1:8080/a?b=c";
  result.request.method = "POST";
  result.request.headers = {{"Content-Type", "text/plain"}};
  result.request.body = std::move(request_body);
  result.request.cookies = {{"name", "value", true}};
  return result;
}

TEST(PackedResult, GivesBackWhatItWasMadeOf) {
  HttpCallResult result = ResultWith("the body", "what was sent");
  const PackedResult packed(result);
  EXPECT_EQ(packed.status(), 404);
  EXPECT_EQ(packed.error_code(), 1404);
  EXPECT_EQ(packed.body(), "the body");
  EXPECT_EQ(packed.timings().waiting, absl::Milliseconds(7));
  EXPECT_TRUE(packed.sent());
  const HttpCallResult unpacked = packed.Unpack();
  EXPECT_EQ(unpacked.url, "http://127.0.0.1:8080/a?b=c");
  EXPECT_EQ(unpacked.response.status_text, "404 Not Found");
  EXPECT_EQ(unpacked.response.proto, "HTTP/1.1");
  EXPECT_THAT(unpacked.response.headers,
              ElementsAre(Pair("Date", "Sun, 29 Nov 2026 10:00:00 GMT"), Pair("X-Empty", "")));
  EXPECT_EQ(unpacked.response.remote_ip, "127.0.0.1");
  EXPECT_EQ(unpacked.response.remote_port, 8080);
  EXPECT_EQ(unpacked.request.method, "POST");
  EXPECT_EQ(unpacked.request.url, "");
  EXPECT_THAT(unpacked.request.headers, ElementsAre(Pair("Content-Type", "text/plain")));
  EXPECT_EQ(unpacked.request.body, "what was sent");
  ASSERT_EQ(unpacked.request.cookies.size(), 1u);
  EXPECT_EQ(unpacked.request.cookies[0].value, "value");
  EXPECT_TRUE(unpacked.request.cookies[0].replace);
  EXPECT_EQ(unpacked.response.ocsp_status(), "");
}

TEST(PackedResult, TakesLargeBodiesAndLeavesTheMemoryOfSmallOnes) {
  const std::string large(5000, 'x');
  HttpCallResult result = ResultWith(large, large + "y");
  const PackedResult packed(result);
  EXPECT_EQ(packed.body(), large);
  EXPECT_EQ(packed.Unpack().request.body, large + "y");
  EXPECT_EQ(packed.Unpack().url, "http://127.0.0.1:8080/a?b=c");

  HttpCallResult small = ResultWith(std::string(3000, 'x'), "");
  const PackedResult copied(small);
  EXPECT_EQ(small.response.body.size(), 3000u);
  EXPECT_EQ(copied.body(), std::string(3000, 'x'));
}

TEST(PackedResult, KeepsWhyThereIsNoResponse) {
  HttpCallResult result;
  result.sent = false;
  result.response.error = {1020, "invalid URL", "not kept"};
  result.response.tls = std::make_shared<TlsFacts>(TlsFacts{.ocsp = {.status = "good"}});
  const PackedResult packed(result);
  EXPECT_FALSE(packed.sent());
  EXPECT_EQ(packed.status(), 0);
  EXPECT_EQ(packed.error_code(), 1020);
  EXPECT_EQ(packed.body(), "");
  EXPECT_EQ(packed.Unpack().response.error.message, "invalid URL");
  EXPECT_EQ(packed.Unpack().response.ocsp_status(), "good");
}

}  // namespace
}  // namespace lockstep::agent
