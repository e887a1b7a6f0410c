// Carries exchanges over connections of our own, and nothing of curl's, which would take two thirds
// of such a request's time: with HTTP/1.1, in the clear or under TLS, one send and one recv on a
// kept connection; with HTTP/2 where the server chooses it, or where the run says that servers know
// it, a stream of a session. What anything else asks for (a proxy, authentication that belongs to a
// connection, a listener) is curl's to carry. The body of a request with "Expect: 100-continue"
// follows at once, as with Go's client: an interim answer changes nothing, and a final one is the
// answer.
#pragma once

#include <memory>

#include "agent/net/exchange.h"
#include "agent/net/http1_carrier.h"
#include "agent/net/http2_session.h"
#include "agent/net/opening.h"
#include "agent/net/ways.h"

namespace lockstep::agent {

class Engine;

class DirectTransport final : private Opening::User,
                              private Ways::Waiter,
                              private Http1Carrier::User,
                              private Http2Session::User {
 public:
  DirectTransport(Engine& engine, Exchange& exchange);
  ~DirectTransport() override;
  DirectTransport(const DirectTransport&) = delete;
  DirectTransport& operator=(const DirectTransport&) = delete;

  // Not what is curl's: proxies, HTTP/3, authentication over several requests, bodies as they
  // arrive, and whoever waits for a 100.
  static bool Carries(const NetOptions& options, const HttpRequest& request, const Target& target);

  // Carries the exchange's present request.
  void Start(MonoTime now);
  void Abandon();

 private:
  // What the exchange waits for.
  enum class Stage {
    kNone,     // there is none
    kWay,      // another exchange's connection
    kOpening,  // a connection of its own
    kHttp1,
    kHttp2,
    kPause,  // the time to try again
  };

  // Opening::User
  void OnOpened(std::unique_ptr<Connection> connection) override;
  void OnOpenFailed(HttpError error) override;
  // Ways::Waiter
  void OnWayOver(bool failed) override;
  // Http1Carrier::User
  void OnHttp1End(Http1Carrier::End end, int os_errno) override;
  // Http2Session::User
  void OnHttp2End(Http2Session::End end) override;

  // Takes the connection or session that there is, or waits for one, or opens one.
  void Connect(MonoTime now);
  void Open(MonoTime now);
  // The way that others may wait for has come to its end, if there was one.
  void EndWay(Ways::End end);
  void BeginCarrying(const Connection& connection, MonoTime now);
  void BeginHttp1(std::unique_ptr<Connection> connection, MonoTime now);
  void BeginHttp2(Http2Session& session, MonoTime now);
  // Of an exchange whose connection was lost. Starts anew if it was a kept one that had not begun
  // to answer, and the request may be repeated.
  bool TryAgain(bool begun);
  // The server has not worked on it. False if that has happened too often.
  bool TryAgainLater(MonoTime now);
  HttpError WhyHttp1Failed(Http1Carrier::End end, int os_errno) const;
  void LeaveStage();
  void End(HttpError error, bool keep_body = false);
  // When OnTimer is to look again, at the latest.
  MonoTime Due() const;
  // Makes sure that OnTimer is called at `due` at the latest.
  void ArmTimer(MonoTime due);
  void OnTimer();

  Engine& engine_;
  Exchange& exchange_;
  const bool reuse_;  // of connections

  // The present exchange.
  Stage stage_ = Stage::kNone;
  std::unique_ptr<Opening> opening_;
  bool on_way_ = false;  // others may wait for this opening
  bool patient_ = true;  // it may wait for others'
  Http1Carrier http1_;
  Http2Session* session_ = nullptr;
  int32_t stream_ = 0;
  int64_t generation_ = 0;  // of the pool
  bool kept_ = false;       // the connection has carried exchanges before
  int refusals_ = 0;
  MonoTime pause_ends_;
  Opening::Stamps opened_;
  Progress progress_;

  TimerId timer_ = TimerId::kNone;
  MonoTime timer_due_ = MonoTime::Infinite();
};

}  // namespace lockstep::agent
