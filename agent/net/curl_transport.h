// Carries exchanges over curl: whatever is not plain HTTP/1.1 without a proxy. One easy handle,
// which is told only what differs from the exchange before.
#pragma once

#include <string>

#include <curl/curl.h>

#include "agent/net/curl_driver.h"
#include "agent/net/easy_handle.h"
#include "agent/net/exchange.h"

namespace lockstep::agent {

class Engine;

class CurlTransport final : public CurlTransfer {
 public:
  CurlTransport(Engine& engine, Exchange& exchange);
  ~CurlTransport() override = default;

  // Takes the pool's present share. Between exchanges.
  void UseShare();
  // Carries the exchange's present request.
  void Start(MonoTime now);
  // Of an exchange that streams: its listener wants more.
  void GoOn();
  // Fills in phases, peer and bytes, as they are at `now`.
  void Stamp(MonoTime now);
  void Abandon();

  void OnFinished(CURLcode code) override;

 private:
  static int OnPrerequest(void* self, char* remote, char* local, int remote_port, int local_port);
  static size_t OnHeader(char* data, size_t size, size_t count, void* self);
  static size_t OnBody(char* data, size_t size, size_t count, void* self);

  // Starts the transfer, with the time that is left.
  void HandOver(MonoTime now);
  void SetMethod();
  void SetAuth();
  // True if a connection took the request and died, so that to send it again might do its work
  // twice.
  bool LostForGood() const;
  HttpError WhyFailed(CURLcode code, bool before_deadline);

  Engine& engine_;
  Exchange& exchange_;
  EasyHandle easy_;

  // The present exchange.
  bool in_curl_ = false;
  bool paused_ = false;  // until GoOn
  MonoTime prerequest_, first_header_;
  bool switched_ = false;    // a response 101 has come
  bool malformed_ = false;   // what has come is not a response
  bool unanswered_ = false;  // a request has been handed to a connection, and no answer has begun

  // What the handle was told last.
  enum class Verb { kUnset, kGet, kHead, kBody } verb_ = Verb::kUnset;
  std::string method_;
  bool has_auth_ = false;
};

}  // namespace lockstep::agent
