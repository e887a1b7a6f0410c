// Carries exchanges of plain HTTP/1.1 over connections of our own: one send and one recv on a kept
// connection, and nothing of curl's, which would take two thirds of such a request's time. What
// anything else asks for (TLS, HTTP/2, a proxy, authentication that belongs to a connection,
// "Expect", a listener) is curl's to carry.
#pragma once

#include <memory>
#include <string>

#include "agent/net/connection.h"
#include "agent/net/exchange.h"
#include "agent/net/http1.h"

namespace lockstep::agent {

class Engine;

class DirectTransport final : private Connection::User {
 public:
  DirectTransport(Engine& engine, Exchange& exchange);
  ~DirectTransport() override;
  DirectTransport(const DirectTransport&) = delete;
  DirectTransport& operator=(const DirectTransport&) = delete;

  static bool Carries(const HttpRequest& request, const Target& target, const Network& network);

  // Carries the exchange's present request.
  void Start(MonoTime now);
  void Abandon();

 private:
  // Connection::User
  void OnEvents(Connection& connection, uint32_t events) override;

  void Connect(MonoTime now);
  void Dial(MonoTime now);
  void OnDialled();
  void BeginSending(MonoTime now);
  void SendMore();
  void OnSendFailed(int os_errno);
  void ReceiveMore();
  void OnBytes(absl::string_view bytes);
  void OnReceiveFailed(int os_errno);
  // The connection has ended while it was used. Starts anew if it was a kept one that had not begun
  // to answer, and the request may be repeated.
  bool TryAgain();
  void FailAsCurl(int curl_code, int os_errno);
  void End(HttpError error, bool keep_body = false);
  // Makes sure that OnTimer is called at `due` at the latest.
  void ArmTimer(MonoTime due);
  void OnTimer();

  Engine& engine_;
  Exchange& exchange_;

  // The present exchange. Without a connection, there is none.
  std::unique_ptr<Connection> connection_;
  bool dialling_ = false;
  int64_t generation_ = 0;  // of the pool
  bool kept_ = false;       // the connection has carried exchanges before
  bool sending_ = false;
  Http1Reader answer_;
  std::string head_;  // kept for its memory
  size_t sent_ = 0;
  int64_t received_ = 0;
  MonoTime dial_began_, dial_ended_, prerequest_, all_sent_, first_byte_;

  TimerId timer_ = TimerId::kNone;
  MonoTime timer_due_ = MonoTime::Infinite();
};

}  // namespace lockstep::agent
