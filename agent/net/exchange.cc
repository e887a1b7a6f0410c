#include "agent/net/exchange.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/http/compress.h"
#include "agent/http/error_code.h"
#include "agent/http/redirect.h"
#include "agent/net/curl_transport.h"
#include "agent/net/direct_transport.h"
#include "common/base/prefetch.h"

namespace lockstep::agent {
namespace {

HttpError Undecodable(absl::string_view why) {
  return {error_code::kDecompression,
          absl::StrCat("error decompressing response body (", why, ")")};
}

HttpError BodyTooLong(int64_t allowed) {
  return {error_code::kGeneric,
          absl::StrCat("the body is longer than ", allowed,
                       " bytes; discardResponseBodies, or responseType: 'none', drops it as it "
                       "comes")};
}

}  // namespace

Exchange::Exchange(Engine& engine, NetPool& pool)
    : engine_(engine), pool_(pool), reader_(response_, &engine.response_memory()) {}

Exchange::~Exchange() {
  engine_.RemoveEvents(this);
}

void Exchange::ForgetConnections() {
  if (curl_ != nullptr) {
    curl_->UseShare();
  }
}

void Exchange::Begin(ExchangeId id, const HttpRequest& request, HttpClient::Done done,
                     MonoTime now) {
  id_ = id;
  over_ = false;
  request_ = &request;
  streams_ = request.listener != nullptr;
  done_ = std::move(done);
  response_.Reset();
  response_.started = now;
  dialled_.reset();
  looking_up_ = absl::ZeroDuration();
  head_ = Head::kNone;
  decoder_.reset();
  pieces_.clear();
  undecodable_.clear();
  failure_.reset();
  held_ = false;
  reader_.Start(request_->keep_body && !streams(), request_->max_body_bytes);
}

void Exchange::PrefetchParts() const {
  Prefetch(*request_);
  if (direct_ != nullptr) {
    Prefetch(*direct_);
  }
}

const Target& Exchange::target(const Network& network) {
  const Url& url = request_->url;
  if (target_.scheme.empty() || url.scheme != target_.scheme || url.host != target_.host ||
      url.port != target_.port) {
    target_ = MakeTarget(network, url);
  }
  return target_;
}

MonoTime Exchange::deadline() const {
  const bool limited = request_->timeout > absl::ZeroDuration();
  return limited ? response_.started + request_->timeout : MonoTime::Infinite();
}

void Exchange::Start(std::optional<IpAddress> ip, MonoTime now) {
  dialled_ = ip;
  if (DirectTransport::Carries(engine_.network().options(), *request_, target_)) {
    if (direct_ == nullptr) {
      direct_ = std::make_unique<DirectTransport>(engine_, *this);
    }
    direct_->Start(now);
    return;
  }
  if (curl_ == nullptr) {
    curl_ = std::make_unique<CurlTransport>(engine_, *this);
  }
  curl_->Start(now);
}

void Exchange::Abandon() {
  id_ = ExchangeId::kNone;
  engine_.RemoveEvents(this);
  if (direct_ != nullptr) {
    direct_->Abandon();
  }
  if (curl_ != nullptr) {
    curl_->Abandon();
  }
}

void Exchange::Hold(bool held) {
  held_ = held;
  if (!held && curl_ != nullptr) {
    curl_->GoOn();
  }
}

HttpResponse Exchange::Cut() {
  if (!over_) {
    curl_->Stamp(engine_.clock().Mono());
  }
  return TakeResponse();
}

HttpResponse Exchange::TakeResponse() {
  if (failure_) {
    response_.Fail(*std::exchange(failure_, std::nullopt));
  }
  return std::move(response_);
}

void Exchange::DeliverEvents() {
  const ExchangeId id = id_;
  ResponseListener* const listener = request_->listener;
  if (head_ == Head::kCome) {
    head_ = Head::kTold;
    if (!over_) {
      curl_->Stamp(engine_.clock().Mono());
    }
    listener->OnHead(response_);
  }
  // Either callback may have ended this exchange, or have begun another with it.
  if (id_ == id && head_ == Head::kTold && !pieces_.empty()) {
    listener->OnBody(std::exchange(pieces_, {}));
  }
}

void Exchange::Stamp(const CurlTimes& times, MonoTime prerequest, MonoTime first_header,
                     MonoTime now) {
  response_.ended = engine_.clock().Wall();
  response_.timings =
      PhasesOf(times, {response_.started, prerequest, first_header, now, looking_up_});
}

void Exchange::OnHeadComplete() {
  if (head_ == Head::kNone) {  // else it is a trailer's end
    head_ = Head::kCome;
    engine_.AddEvents(this);
  }
}

Exchange::Taken Exchange::OnPiece(absl::string_view piece) {
  OnHeadComplete();
  if (held_) {
    return Taken::kNotNow;
  }
  if (!decoder_) {
    decoder_.emplace(reader_.content_encoding());
  }
  const absl::StatusOr<std::string> decoded = decoder_->Feed(piece);
  if (!decoded.ok()) {
    undecodable_ = std::string(decoded.status().message());
    return Taken::kUndecodable;
  }
  pieces_ += *decoded;
  engine_.AddEvents(this);
  return Taken::kYes;
}

HttpError Exchange::WhyRefused() const {
  if (!undecodable_.empty()) {
    return Undecodable(undecodable_);
  }
  return reader_.too_long() ? BodyTooLong(request_->max_body_bytes) : HttpError();
}

bool Exchange::LeadsOn() const {
  const HeaderList& headers = response_.headers;
  // Last what is in the caller's memory, which has not been touched since it was sent.
  return IsRedirectStatus(response_.status) && reader_.has_head() && request_->follows_redirects &&
         std::any_of(headers.begin(), headers.end(), [](const auto& header) {
           return absl::EqualsIgnoreCase(header.first, "Location");
         });
}

void Exchange::Finish(HttpError error, bool keep_body) {
  over_ = true;
  const bool leads_on = LeadsOn();
  if (leads_on && error.code != 0) {
    error = HttpError();
    response_.body.clear();
  }
  if (error.code == 0 && streams()) {
    OnHeadComplete();
    const absl::Status whole = decoder_ && !leads_on ? decoder_->Finish() : absl::OkStatus();
    if (!whole.ok()) {
      error = Undecodable(whole.message());
    }
  }
  if (error.code != 0 && streams()) {
    failure_ = std::move(error);
  } else if (error.code != 0) {
    response_.Fail(std::move(error), keep_body);
  } else if (!reader_.content_encoding().empty() && !response_.body.empty()) {
    DecodeBody();
  }
  engine_.OnExchangeOver(*this);
}

void Exchange::DecodeBody() {
  absl::StatusOr<std::string> decoded = DecodeContent(
      reader_.content_encoding(), std::move(response_.body), request_->max_body_bytes);
  if (decoded.ok()) {
    response_.body = *std::move(decoded);
  } else if (LeadsOn()) {
    response_.body.clear();
  } else {
    response_.Fail(Undecodable(decoded.status().message()));
  }
}

void Exchange::Fail(HttpError error, MonoTime now) {
  over_ = true;
  response_.error = std::move(error);
  response_.ended = engine_.clock().Wall();
  response_.timings.looking_up = looking_up_;
  response_.timings.blocked = now - response_.started;
  engine_.OnExchangeOver(*this);
}

}  // namespace lockstep::agent
