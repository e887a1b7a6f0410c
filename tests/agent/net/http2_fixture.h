// A loop that asks over HTTP/2, and a server whose every frame the test decides.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "tests/agent/net/http2_peer.h"
#include "tests/agent/net/net_test_support.h"

namespace lockstep::agent {

class Http2Test : public NetTest {
 protected:
  explicit Http2Test(NetOptions options = {.http2_prior_knowledge = true})
      : network_(MakeNetwork(std::move(options))) {}

  // Asks; the answer will be the next of `responses_`, which has one for each request.
  ExchangeId Ask(HttpRequest request = {}, absl::string_view host = "127.0.0.1") {
    request.url = ParsedUrl(absl::StrCat("http://", host, ":", listener_.port(), "/path?q=1"));
    const size_t index = responses_.size();
    responses_.emplace_back();
    return Submit(loop_, *pool_, std::move(request),
                  [this, index](HttpResponse& r) { responses_[index] = std::move(r); });
  }
  std::unique_ptr<Http2Peer> Accept(
      const std::vector<std::pair<uint16_t, uint32_t>>& settings = {}) {
    std::unique_ptr<RawPeer> peer;
    TurnUntil(loop_, [&] { return (peer = listener_.Accept()) != nullptr; });
    return std::make_unique<Http2Peer>(std::move(peer), settings);
  }
  void AwaitRequest(Http2Peer& peer, int32_t stream) {
    TurnUntil(loop_, [&] { return peer.Asked(stream); });
  }
  const HttpResponse& Await(size_t index = 0) {
    TurnUntil(loop_, [&] { return responses_[index].has_value(); });
    return *responses_[index];
  }
  // A connection that has carried one exchange.
  std::unique_ptr<Http2Peer> UsedPeer() {
    Ask();
    std::unique_ptr<Http2Peer> peer = Accept();
    AwaitRequest(*peer, 1);
    peer->Answer(1, "200", "first");
    EXPECT_EQ(Await().body, "first");
    return peer;
  }
  void ExpectWorks(Http2Peer& peer, int32_t stream) {
    Ask();
    AwaitRequest(peer, stream);
    peer.Answer(stream, "200", "works");
    EXPECT_EQ(Await(responses_.size() - 1).body, "works");
  }

  RawListener listener_;
  std::unique_ptr<Network> network_;
  MultiLoop loop_{*network_};
  std::unique_ptr<ConnectionPool> pool_ = loop_.MakePool(1);
  std::vector<std::optional<HttpResponse>> responses_;
};

}  // namespace lockstep::agent
