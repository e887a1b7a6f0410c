#include "agent/net/exchange.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/http/compress.h"
#include "agent/net/curl_pool.h"
#include "agent/net/engine.h"
#include "agent/net/net_error.h"
#include "agent/net/transfer_facts.h"

namespace lockstep::agent {
namespace {

// Go sends "Content-Length: 0" for these when there is no body, and nothing for others.
bool AnnouncesEmptyBody(absl::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

// An empty body, which is not the same as none, is sent by Go as one of no chunks, but for these,
// where it looks first whether there is anything to send.
bool UsuallyHasNoBody(absl::string_view method) {
  return method == "GET" || method == "HEAD" || method == "DELETE" || method == "OPTIONS" ||
         method == "PROPFIND" || method == "SEARCH";
}

// Whether a request may be sent again, although the first one may have been worked on.
bool MayBeRepeated(absl::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
}

// curl counts over the life of a handle how often it has tried again, and stops at the sixth time
// with an error; after which it counts anew. Any other failure to send over a kept connection makes
// it try again.
bool RefusedToRepeat(CURL* easy, CURLcode code) {
  long new_connections = 0;
  return code == CURLE_SEND_ERROR &&
         curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &new_connections) == CURLE_OK &&
         new_connections == 0;
}

}  // namespace

Exchange::Exchange(Engine& engine, CurlPool& pool)
    : engine_(engine),
      pool_(pool),
      easy_(engine.driver(), engine.network(), pool.local_ip()),
      reader_(response_) {
  CURL* const easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &Exchange::OnPrerequest);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Exchange::OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Exchange::OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
}

Exchange::~Exchange() {
  engine_.RemoveEvents(this);
}

void Exchange::UseShare(CURLSH* share) {
  curl_easy_setopt(easy_.get(), CURLOPT_SHARE, share);
}

void Exchange::Begin(ExchangeId id, HttpRequest request, HttpClient::Done done, MonoTime now) {
  id_ = id;
  over_ = false;
  request_ = std::move(request);
  done_ = std::move(done);
  response_ = HttpResponse();
  response_.started = now;
  prerequest_ = first_header_ = MonoTime();
  switched_ = false;
  unanswered_ = false;
  dialled_.reset();
  looking_up_ = absl::ZeroDuration();
  head_ = Head::kNone;
  decoder_.reset();
  pieces_.clear();
  undecodable_.clear();
  failure_.reset();
  held_ = paused_ = false;
  reader_.Start(request_.keep_body && !streams(), request_.max_body_bytes);
}

const Target& Exchange::target(const Network& network) {
  const Url& url = request_.url;
  if (target_.scheme.empty() || url.scheme != target_.scheme || url.host != target_.host ||
      url.port != target_.port) {
    target_ = MakeTarget(network, url);
  }
  return target_;
}

MonoTime Exchange::deadline() const {
  const bool limited = request_.timeout > absl::ZeroDuration();
  return limited ? response_.started + request_.timeout : MonoTime::Infinite();
}

void Exchange::Start(std::optional<IpAddress> ip, MonoTime now) {
  dialled_ = ip;
  easy_.ClearErrorText();
  easy_.Point(request_.url, target_, ip);
  SetMethod();
  SetAuth();
  HandOver(now);
}

void Exchange::HandOver(MonoTime now) {
  easy_.SetTimeout(request_.timeout > absl::ZeroDuration()
                       ? std::max(deadline() - now, absl::Nanoseconds(1))
                       : absl::ZeroDuration());
  in_curl_ = true;
  engine_.driver().Start(easy_.get(), this);
}

void Exchange::SetMethod() {
  CURL* const easy = easy_.get();
  const bool no_chunks =
      request_.has_body && request_.body.empty() && !UsuallyHasNoBody(request_.method);
  const bool has_body = no_chunks || !request_.body.empty() || AnnouncesEmptyBody(request_.method);
  const Verb verb = request_.method == "HEAD" ? Verb::kHead : has_body ? Verb::kBody : Verb::kGet;
  if (verb != verb_) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, verb == Verb::kHead ? 1L : 0L);
    if (verb == Verb::kGet) {
      curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    } else if (verb == Verb::kBody) {
      curl_easy_setopt(easy, CURLOPT_POST, 1L);
    }
  }
  if (verb == Verb::kBody) {
    // The text stays in request_ until the exchange is over.
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.data());
  }
  if (verb != verb_ || method_ != request_.method) {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    method_ = request_.method;
  }
  verb_ = verb;
  easy_.SetHeaders(request_.headers, verb != Verb::kBody ? EasyHandle::Follows::kNothing
                                     : no_chunks         ? EasyHandle::Follows::kChunks
                                                         : EasyHandle::Follows::kBody);
}

void Exchange::SetAuth() {
  CURL* const easy = easy_.get();
  if (request_.auth == HttpRequest::Auth::kNone) {
    if (has_auth_) {
      curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_NONE);
      curl_easy_setopt(easy, CURLOPT_USERNAME, nullptr);
      curl_easy_setopt(easy, CURLOPT_PASSWORD, nullptr);
      has_auth_ = false;
    }
    return;
  }
  has_auth_ = true;
  curl_easy_setopt(easy, CURLOPT_HTTPAUTH,
                   request_.auth == HttpRequest::Auth::kNtlm ? CURLAUTH_NTLM : CURLAUTH_DIGEST);
  curl_easy_setopt(easy, CURLOPT_USERNAME, request_.user.c_str());
  curl_easy_setopt(easy, CURLOPT_PASSWORD, request_.password.c_str());
}

void Exchange::Hold(bool held) {
  held_ = held;
  if (!held && std::exchange(paused_, false) && in_curl_) {
    curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
    engine_.loop().WakeSoon();
  }
}

HttpResponse Exchange::Cut() {
  if (!over_) {
    FillFacts(engine_.clock().Mono());
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
  ResponseListener* const listener = request_.listener;
  if (head_ == Head::kCome) {
    head_ = Head::kTold;
    if (!over_) {
      FillFacts(engine_.clock().Mono());
    }
    listener->OnHead(response_);
  }
  // Either callback may have ended this exchange, or have begun another with it.
  if (id_ == id && head_ == Head::kTold && !pieces_.empty()) {
    listener->OnBody(std::exchange(pieces_, {}));
  }
}

void Exchange::Abandon() {
  id_ = ExchangeId::kNone;
  engine_.RemoveEvents(this);
  if (in_curl_) {
    in_curl_ = false;
    engine_.driver().Abandon(easy_.get());
  }
}

int Exchange::OnPrerequest(void* self, char* /*remote*/, char* /*local*/, int /*remote_port*/,
                           int /*local_port*/) {
  auto* const exchange = static_cast<Exchange*>(self);
  // curl sends a request again, over another connection, if a kept one ends without an answer.
  if (exchange->LostForGood()) {
    return CURL_PREREQFUNC_ABORT;
  }
  exchange->unanswered_ = true;
  exchange->prerequest_ = exchange->engine_.clock().Mono();
  if (exchange->target_.secure()) {
    FillTls(exchange->easy_, exchange->response_);
  }
  return CURL_PREREQFUNC_OK;
}

size_t Exchange::OnHeader(char* data, size_t size, size_t count, void* self) {
  auto* const exchange = static_cast<Exchange*>(self);
  if (exchange->first_header_ == MonoTime()) {
    exchange->first_header_ = exchange->engine_.clock().Mono();
  }
  exchange->unanswered_ = false;
  const absl::string_view line(data, size * count);
  exchange->reader_.AddHeaderLine(line);
  // Nobody asked for another protocol; curl would wait for a response after this one.
  const bool complete = absl::StripAsciiWhitespace(line).empty();
  exchange->switched_ = exchange->response_.status == 101 && complete;
  // curl answers a challenge by itself: then only a body shows that this is the answer.
  if (complete && exchange->streams() && exchange->response_.status >= 200 &&
      exchange->request_.auth == HttpRequest::Auth::kNone) {
    exchange->OnHeadComplete();
  }
  return exchange->switched_ ? 0 : size * count;
}

void Exchange::OnHeadComplete() {
  if (head_ == Head::kNone) {  // else it is a trailer's end
    head_ = Head::kCome;
    engine_.AddEvents(this);
  }
}

size_t Exchange::OnPiece(absl::string_view piece) {
  OnHeadComplete();
  if (held_) {
    paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  if (!decoder_) {
    decoder_.emplace(reader_.content_encoding());
  }
  const absl::StatusOr<std::string> decoded = decoder_->Feed(piece);
  if (!decoded.ok()) {
    undecodable_ = std::string(decoded.status().message());
    return CURL_WRITEFUNC_ERROR;
  }
  pieces_ += *decoded;
  engine_.AddEvents(this);
  return piece.size();
}

size_t Exchange::OnBody(char* data, size_t size, size_t count, void* self) {
  auto* const exchange = static_cast<Exchange*>(self);
  const absl::string_view piece(data, size * count);
  if (exchange->streams()) {
    return exchange->OnPiece(piece);
  }
  return exchange->reader_.AddBody(piece) ? piece.size() : CURL_WRITEFUNC_ERROR;
}

void Exchange::OnFinished(CURLcode code) {
  in_curl_ = false;
  const MonoTime ended = engine_.clock().Mono();
  if (unanswered_ && !LostForGood() && RefusedToRepeat(easy_.get(), code)) {
    HandOver(ended);
    return;
  }
  over_ = true;
  FillFacts(ended);
  if (code == CURLE_OK && streams()) {
    OnHeadComplete();
    if (const absl::Status whole = decoder_ ? decoder_->Finish() : absl::OkStatus(); !whole.ok()) {
      undecodable_ = std::string(whole.message());
      code = CURLE_WRITE_ERROR;
    }
  }
  if (code != CURLE_OK) {
    ReportShortage(easy_.get(), engine_.network());
    HttpError why = WhyFailed(code, ended < deadline());
    if (streams()) {
      failure_ = std::move(why);
    } else {
      response_.Fail(std::move(why), /*keep_body=*/code == CURLE_PARTIAL_FILE);  // as k6 shows it
    }
  } else if (!reader_.content_encoding().empty() && !response_.body.empty()) {
    DecodeBody();
  }
  engine_.OnExchangeOver(*this);
}

void Exchange::FillFacts(MonoTime now) {
  response_.ended = engine_.clock().Wall();
  response_.timings = PhasesOf(TimesOf(easy_.get()),
                               {response_.started, prerequest_, first_header_, now, looking_up_});
  FillPeerAndBytes(easy_.get(), response_);
}

bool Exchange::LostForGood() const {
  return unanswered_ && !MayBeRepeated(request_.method);
}

HttpError Exchange::WhyFailed(CURLcode code, bool before_deadline) {
  // The second connection is curl's way to try again: either we have stopped it, or there was none.
  if (LostForGood() && (code == CURLE_ABORTED_BY_CALLBACK || code == CURLE_COULDNT_CONNECT ||
                        RefusedToRepeat(easy_.get(), code))) {
    return LostWithoutAnswer(easy_.error_text());
  }
  if (switched_) {
    return {error_code::kGeneric, "unsupported response status: 101 Switching Protocols"};
  }
  if (!undecodable_.empty()) {
    return {error_code::kDecompression,
            absl::StrCat("error decompressing response body (", undecodable_, ")")};
  }
  if (reader_.too_long()) {
    return {error_code::kGeneric,
            absl::StrCat("the body is longer than ", request_.max_body_bytes,
                         " bytes; discardResponseBodies, or responseType: 'none', drops it as it "
                         "comes")};
  }
  return FailureOf(easy_.get(), code, easy_.error_text(), target_, dialled_, before_deadline);
}

void Exchange::DecodeBody() {
  absl::StatusOr<std::string> decoded =
      DecodeContent(reader_.content_encoding(), std::move(response_.body), request_.max_body_bytes);
  if (decoded.ok()) {
    response_.body = *std::move(decoded);
    return;
  }
  response_.Fail({error_code::kDecompression, absl::StrCat("error decompressing response body (",
                                                           decoded.status().message(), ")")});
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
