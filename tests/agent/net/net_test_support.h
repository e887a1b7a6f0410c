// What tests of the network engine share: a loop, a pool, and a way to wait for one response.
// Certificates are made with OpenSSL when a test asks for them.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "agent/net/multi_loop.h"
#include "tests/support/http_server.h"
#include "tests/support/parsed_url.h"
#include "tests/support/turn_until.h"

namespace lockstep::agent {

using ::lockstep::testing::ParsedUrl;
using ::lockstep::testing::TurnUntil;

class NetTest : public ::testing::Test {
 protected:
  HttpResponse Exchange(MultiLoop& loop, ConnectionPool& pool, HttpRequest request) {
    std::optional<HttpResponse> response;
    loop.Submit(pool, request, [&response](HttpResponse& r) { response = std::move(r); });
    TurnUntil(loop, [&response] { return response.has_value(); });
    return response.value_or(HttpResponse());
  }

  // Submits a request that stays where it is until the test's end.
  ExchangeId Submit(MultiLoop& loop, ConnectionPool& pool, HttpRequest request,
                    HttpClient::Done done) {
    requests_.push_back(std::move(request));
    return loop.Submit(pool, requests_.back(), std::move(done));
  }

  static std::unique_ptr<Network> MakeNetwork(NetOptions options = {}) {
    absl::StatusOr<std::unique_ptr<Network>> network = Network::Make(std::move(options));
    EXPECT_TRUE(network.ok()) << network.status();
    return *std::move(network);
  }

  static std::unique_ptr<lockstep::testing::HttpServer> StartServer(
      const lockstep::testing::HttpServerOptions& options = {}) {
    absl::StatusOr<std::unique_ptr<lockstep::testing::HttpServer>> server =
        lockstep::testing::HttpServer::Start(options);
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }

 private:
  std::deque<HttpRequest> requests_;
};

// Each exchange has a network of its own, of the options that the test gives.
class AskingTest : public NetTest {
 protected:
  HttpResponse Ask(absl::string_view url, NetOptions options = {},
                   absl::Duration timeout = absl::Seconds(20)) {
    return Ask(ParsedUrl(url), std::move(options), timeout);
  }
  HttpResponse Ask(Url url, NetOptions options = {}, absl::Duration timeout = absl::Seconds(20)) {
    const std::unique_ptr<Network> network = MakeNetwork(std::move(options));
    MultiLoop loop(*network);
    const std::unique_ptr<ConnectionPool> pool = loop.MakePool(1);
    return Exchange(loop, *pool, {.url = std::move(url), .timeout = timeout});
  }

  std::unique_ptr<lockstep::testing::HttpServer> server_ = StartServer();
};

// A self-signed certificate for `name` and 127.0.0.1 in a new temporary folder, removed with the
// object. Without `alternatives`, `name` is its subject's common name only. One that has `expired`
// did so an hour ago.
class TestCertificate {
 public:
  explicit TestCertificate(const std::string& name, bool alternatives = true, bool expired = false);
  ~TestCertificate();
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  std::string certificate_file() const { return folder_ + "/cert.pem"; }
  std::string key_file() const { return folder_ + "/key.pem"; }
  std::string certificate() const;
  std::string key() const;

 private:
  std::string folder_;
};

}  // namespace lockstep::agent
