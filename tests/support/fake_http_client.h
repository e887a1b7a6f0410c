// An HttpClient without a network: a test sees what is sent and answers as it likes.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/http/client.h"

namespace lockstep::testing {

class FakeHttpClient final : public agent::HttpClient {
 public:
  struct Exchange {
    agent::ExchangeId id;
    agent::HttpRequest request;
    Done done;
  };

  class Socket final : public agent::WebSocket {
   public:
    Socket(FakeHttpClient& client, agent::WebSocketRequest request,
           agent::WebSocketListener& listener)
        : request_(std::move(request)), client_(client), listener_(listener) {
      client_.socket_ = this;
    }
    ~Socket() override { client_.socket_ = nullptr; }

    bool SendText(absl::string_view message) override { return Send(message); }
    bool SendBinary(absl::string_view message) override {
      return Send("bytes:" + std::string(message));
    }
    bool SendPing(absl::string_view) override { return true; }
    bool SendPong(absl::string_view) override { return true; }
    void Close(int code, absl::string_view) override { Send("close " + std::to_string(code)); }
    void CloseAtOnce(int code) override { Close(code, ""); }
    void SetReading(bool) override {}
    int64_t messages_sent() const override { return 0; }
    bool close_sent() const override { return false; }
    int64_t buffered_bytes() const override { return client_.unsent_bytes; }
    const std::string& subprotocol() const override { return none_; }
    int64_t bytes_sent() const override { return 0; }
    int64_t bytes_received() const override { return 0; }

    const agent::WebSocketRequest& request() const { return request_; }
    agent::WebSocketListener& listener() { return listener_; }
    // What was sent since the last time.
    std::vector<std::string> Sent() { return std::exchange(sent_, {}); }

   private:
    bool Send(absl::string_view message) {
      sent_.emplace_back(message);
      if (client_.on_sent) {
        client_.on_sent(sent_.back());
      }
      return true;
    }

    const agent::WebSocketRequest request_;
    FakeHttpClient& client_;
    agent::WebSocketListener& listener_;
    std::vector<std::string> sent_;
    const std::string none_;
  };

  bool held = false;         // what Hold was told last
  int64_t unsent_bytes = 0;  // of every WebSocket

  std::unique_ptr<agent::ConnectionPool> MakePool(int64_t) override { return nullptr; }
  agent::ExchangeId Submit(agent::ConnectionPool&, agent::HttpRequest& request,
                           Done done) override {
    const agent::ExchangeId id{++last_};
    exchanges.push_back({id, request, std::move(done)});
    return id;
  }
  void Cancel(agent::ExchangeId id) override {
    for (size_t i = 0; i < exchanges.size(); ++i) {
      if (exchanges[i].id == id) {
        exchanges.erase(exchanges.begin() + static_cast<std::ptrdiff_t>(i));
        return;
      }
    }
  }
  void Hold(agent::ExchangeId, bool on) override { held = on; }
  std::optional<agent::HttpResponse> Cut(agent::ExchangeId) override { return std::nullopt; }
  std::unique_ptr<agent::WebSocket> OpenWebSocket(agent::ConnectionPool&,
                                                  agent::WebSocketRequest request,
                                                  agent::WebSocketListener& listener) override {
    auto socket = std::make_unique<Socket>(*this, std::move(request), listener);
    if (on_socket) {
      on_socket(*socket);
    }
    return socket;
  }

  // Answers the first exchange with this method that waits. False: there is none.
  bool Answer(absl::string_view method, int status, std::string body) {
    for (size_t i = 0; i < exchanges.size(); ++i) {
      if (exchanges[i].request.method == method) {
        Exchange exchange = std::move(exchanges[i]);
        exchanges.erase(exchanges.begin() + static_cast<std::ptrdiff_t>(i));
        agent::HttpResponse response;
        response.status = status;
        response.status_text = std::to_string(status);
        response.body = std::move(body);
        if (status == 0) {
          response.error = {1, "refused"};
        }
        exchange.done(response);
        return true;
      }
    }
    return false;
  }

  std::deque<Exchange> exchanges;  // that wait for an answer
  absl::AnyInvocable<void(Socket&)> on_socket;
  absl::AnyInvocable<void(const std::string&)> on_sent;
  // The one that is there; null if there is none.
  Socket* socket() { return socket_; }

 private:
  uint64_t last_ = 0;
  Socket* socket_ = nullptr;
};

}  // namespace lockstep::testing
