// One HTTP exchange, from the request to the stamped response. The engine decides when each step
// happens; what carries it over the network is a transport: curl, or for plain HTTP/1.1 a
// connection of our own. An exchange that is over is used again for the pool's next one.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/http/client.h"
#include "agent/http/stream_decoder.h"
#include "agent/net/engine.h"
#include "agent/net/phases.h"
#include "agent/net/response_reader.h"
#include "agent/net/target.h"

namespace lockstep::agent {

class CurlTransport;
class DirectTransport;
class NetPool;

class Exchange final : public EventSource {
 public:
  Exchange(Engine& engine, NetPool& pool);
  ~Exchange() override;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // The pool's connections are others from now on. Between exchanges.
  void ForgetConnections();

  // A new exchange, submitted at `now`. `request` stays where it is until the exchange is over or
  // abandoned.
  void Begin(ExchangeId id, const HttpRequest& request, HttpClient::Done done, MonoTime now);
  // The request's own clock starts; the time before that was due to the rps limit.
  void Launch(MonoTime now) { response_.started = now; }
  // Asks for the memory that Start is going to use beside the exchange itself.
  void PrefetchParts() const;
  // Where the request goes, worked out anew only where the last one went elsewhere.
  const Target& target(const Network& network);
  // How long it took to find the address.
  void NoteLookup(absl::Duration took) { looking_up_ = took; }
  // Hands the request to a transport, which dials `ip` if no connection is kept (empty with a
  // proxy).
  void Start(std::optional<IpAddress> ip, MonoTime now);
  // Ends the exchange before a transport had it.
  void Fail(HttpError error, MonoTime now);
  // Takes it out of its transport's hands if it is there, and tells nothing any more.
  void Abandon();

  bool streams() const { return streams_; }
  // Of one that streams, that is, with a listener. Whether the server is to wait.
  void Hold(bool held);
  // The listener has got the head.
  bool head_told() const { return head_ == Head::kTold; }
  // What it would be if its body ended here.
  HttpResponse Cut();
  // Tells the listener what has come since the last time.
  void DeliverEvents() override;

  ExchangeId id() const { return id_; }
  // The response is complete and waits for its delivery.
  bool over() const { return over_; }
  NetPool& pool() const { return pool_; }
  const HttpRequest& request() const { return *request_; }
  MonoTime started() const { return response_.started; }
  MonoTime deadline() const;
  HttpResponse TakeResponse();
  HttpClient::Done TakeDone() { return std::move(done_); }

  // ---- for transports ----
  const Target& target() const { return target_; }
  const std::optional<IpAddress>& dialled() const { return dialled_; }
  HttpResponse& response() { return response_; }
  ResponseReader& reader() { return reader_; }
  // The phases up to `now`; stamps that did not come are MonoTime().
  void Stamp(const CurlTimes& times, MonoTime prerequest, MonoTime first_header, MonoTime now);
  // Of one that streams: the head is complete; a piece of the body has come.
  void OnHeadComplete();
  enum class Taken { kYes, kNotNow, kUndecodable };
  Taken OnPiece(absl::string_view piece);
  // Ends the exchange, whose response has phases, peer and bytes; `error` says why it failed (code
  // 0: it did not). With `keep_body`, a failed one shows what has come of the body.
  void Finish(HttpError error, bool keep_body = false);
  // Why it failed where the transport only knows that the body was not taken; code 0: it was.
  HttpError WhyRefused() const;

 private:
  // Whether the caller goes on from this answer, a redirect whose body may then end as it likes, as
  // with Go's client.
  bool LeadsOn() const;
  void DecodeBody();

  Engine& engine_;
  NetPool& pool_;
  std::unique_ptr<CurlTransport> curl_;      // made when first needed
  std::unique_ptr<DirectTransport> direct_;  // likewise

  // The present exchange.
  ExchangeId id_ = ExchangeId::kNone;
  const HttpRequest* request_ = nullptr;  // the caller's
  bool streams_ = false;                  // its request has a listener
  HttpClient::Done done_;
  HttpResponse response_;
  ResponseReader reader_;
  bool over_ = false;
  std::optional<IpAddress> dialled_;
  absl::Duration looking_up_;

  // Of an exchange that streams.
  enum class Head { kNone, kCome, kTold } head_ = Head::kNone;
  std::optional<StreamDecoder> decoder_;  // made with the first piece
  std::string pieces_;                    // decoded, not told yet
  std::string undecodable_;               // why the rest of the body cannot be read
  std::optional<HttpError> failure_;      // how it ended, once all that came before is told
  bool held_ = false;

  Target target_;  // of the last request
};

}  // namespace lockstep::agent
