// One HTTP exchange on one easy handle, from the request to the stamped response. The engine
// decides when each step happens; an exchange that is over is used again for the pool's next one.
#pragma once

#include <optional>
#include <string>

#include <curl/curl.h>

#include "agent/http/client.h"
#include "agent/net/curl_driver.h"
#include "agent/net/easy_handle.h"
#include "agent/net/response_reader.h"
#include "agent/net/target.h"

namespace lockstep::agent {

class CurlPool;
class Engine;

class Exchange final : public CurlTransfer {
 public:
  Exchange(Engine& engine, CurlPool& pool);
  ~Exchange() override = default;

  void UseShare(CURLSH* share);

  // A new exchange, submitted at `now`.
  void Begin(ExchangeId id, HttpRequest request, HttpClient::Done done, MonoTime now);
  // The request's own clock starts; the time before that was due to the rps limit.
  void Launch(MonoTime now) { response_.started = now; }
  // Where the request goes, worked out anew only where the last one went elsewhere.
  const Target& target(const Network& network);
  // How long it took to find the address.
  void NoteLookup(absl::Duration took) { looking_up_ = took; }
  // Hands the request to curl, which dials `ip` if no connection is kept (empty with a proxy).
  void Start(std::optional<IpAddress> ip, MonoTime now);
  // Ends the exchange without curl.
  void Fail(HttpError error, MonoTime now);
  // Takes it out of curl's hands if it is there.
  void Abandon();

  void OnFinished(CURLcode code) override;

  ExchangeId id() const { return id_; }
  // The response is complete and waits for its delivery.
  bool over() const { return over_; }
  CurlPool& pool() const { return pool_; }
  const HttpRequest& request() const { return request_; }
  MonoTime started() const { return response_.started; }
  MonoTime deadline() const;
  HttpResponse TakeResponse() { return std::move(response_); }
  HttpClient::Done TakeDone() { return std::move(done_); }

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
  void DecodeBody();

  Engine& engine_;
  CurlPool& pool_;
  EasyHandle easy_;

  // The present exchange.
  ExchangeId id_ = ExchangeId::kNone;
  HttpRequest request_;
  HttpClient::Done done_;
  HttpResponse response_;
  ResponseReader reader_;
  bool in_curl_ = false;
  bool over_ = false;
  std::optional<IpAddress> dialled_;
  absl::Duration looking_up_;
  MonoTime prerequest_, first_header_;
  bool switched_ = false;    // a response 101 has come
  bool unanswered_ = false;  // a request has been handed to a connection, and no answer has begun

  // What the handle was told last.
  Target target_;
  enum class Verb { kUnset, kGet, kHead, kBody } verb_ = Verb::kUnset;
  std::string method_;
  bool has_auth_ = false;
};

}  // namespace lockstep::agent
