// One HTTP exchange on one easy handle, from the request to the stamped response. The engine
// decides when each step happens; an exchange that is over is used again for the pool's next one.
#pragma once

#include <optional>
#include <string>

#include <curl/curl.h>

#include "agent/http/client.h"
#include "agent/http/stream_decoder.h"
#include "agent/net/curl_driver.h"
#include "agent/net/easy_handle.h"
#include "agent/net/engine.h"
#include "agent/net/response_reader.h"
#include "agent/net/target.h"

namespace lockstep::agent {

class CurlPool;

class Exchange final : public CurlTransfer, public EventSource {
 public:
  Exchange(Engine& engine, CurlPool& pool);
  ~Exchange() override;

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
  // Takes it out of curl's hands if it is there, and tells nothing any more.
  void Abandon();

  bool streams() const { return request_.listener != nullptr; }
  // Of one that streams, that is, with a listener. Whether the server is to wait.
  void Hold(bool held);
  // The listener has got the head.
  bool head_told() const { return head_ == Head::kTold; }
  // What it would be if its body ended here.
  HttpResponse Cut();
  // Tells the listener what has come since the last time.
  void DeliverEvents() override;

  void OnFinished(CURLcode code) override;

  ExchangeId id() const { return id_; }
  // The response is complete and waits for its delivery.
  bool over() const { return over_; }
  CurlPool& pool() const { return pool_; }
  const HttpRequest& request() const { return request_; }
  MonoTime started() const { return response_.started; }
  MonoTime deadline() const;
  HttpResponse TakeResponse();
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
  // Phases, peer and bytes, up to `now`.
  void FillFacts(MonoTime now);
  void OnHeadComplete();
  size_t OnPiece(absl::string_view piece);

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

  // Of an exchange that streams.
  enum class Head { kNone, kCome, kTold } head_ = Head::kNone;
  std::optional<StreamDecoder> decoder_;  // made with the first piece
  std::string pieces_;                    // decoded, not told yet
  std::string undecodable_;               // why the rest of the body cannot be read
  std::optional<HttpError> failure_;      // how it ended, once all that came before is told
  bool held_ = false;
  bool paused_ = false;  // curl waits until the listener wants more

  // What the handle was told last.
  Target target_;
  enum class Verb { kUnset, kGet, kHead, kBody } verb_ = Verb::kUnset;
  std::string method_;
  bool has_auth_ = false;
};

}  // namespace lockstep::agent
