#include "agent/net/curl_transport.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

#include "agent/net/engine.h"
#include "agent/net/net_error.h"
#include "agent/net/pool.h"
#include "agent/net/request_form.h"
#include "agent/net/transfer_facts.h"

namespace lockstep::agent {
namespace {

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

CurlTransport::CurlTransport(Engine& engine, Exchange& exchange)
    : engine_(engine),
      exchange_(exchange),
      easy_(engine.driver(), engine.network(), exchange.pool().local_ip()) {
  CURL* const easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &CurlTransport::OnPrerequest);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &CurlTransport::OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &CurlTransport::OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  UseShare();
}

void CurlTransport::UseShare() {
  curl_easy_setopt(easy_.get(), CURLOPT_SHARE, exchange_.pool().share());
}

void CurlTransport::Start(MonoTime now) {
  prerequest_ = first_header_ = MonoTime();
  switched_ = false;
  malformed_ = false;
  unanswered_ = false;
  paused_ = false;
  easy_.ClearErrorText();
  easy_.Point(exchange_.request().url, exchange_.target(), exchange_.dialled());
  SetMethod();
  SetAuth();
  HandOver(now);
}

void CurlTransport::HandOver(MonoTime now) {
  easy_.SetTimeout(exchange_.request().timeout > absl::ZeroDuration()
                       ? std::max(exchange_.deadline() - now, absl::Nanoseconds(1))
                       : absl::ZeroDuration());
  in_curl_ = true;
  engine_.driver().Start(easy_.get(), this);
}

void CurlTransport::SetMethod() {
  CURL* const easy = easy_.get();
  const HttpRequest& request = exchange_.request();
  const BodyForm form = BodyFormOf(request);
  const Verb verb = request.method == "HEAD"     ? Verb::kHead
                    : form == BodyForm::kNothing ? Verb::kGet
                                                 : Verb::kBody;
  if (verb != verb_) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, verb == Verb::kHead ? 1L : 0L);
    if (verb == Verb::kGet) {
      curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    } else if (verb == Verb::kBody) {
      curl_easy_setopt(easy, CURLOPT_POST, 1L);
    }
  }
  if (verb == Verb::kBody) {
    // The text stays in the exchange until it is over.
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
  }
  if (verb != verb_ || method_ != request.method) {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    method_ = request.method;
  }
  verb_ = verb;
  easy_.SetHeaders(request.url, request.headers,
                   form == BodyForm::kNothing  ? EasyHandle::Follows::kNothing
                   : form == BodyForm::kChunks ? EasyHandle::Follows::kChunks
                                               : EasyHandle::Follows::kBody);
}

void CurlTransport::SetAuth() {
  CURL* const easy = easy_.get();
  const HttpRequest& request = exchange_.request();
  if (request.auth == HttpRequest::Auth::kNone) {
    if (has_auth_) {
      curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_NONE);
      curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 0L);
      curl_easy_setopt(easy, CURLOPT_USERNAME, nullptr);
      curl_easy_setopt(easy, CURLOPT_PASSWORD, nullptr);
      has_auth_ = false;
    }
    return;
  }
  has_auth_ = true;
  constexpr long kMostRounds = 5;  // what answers a challenge counts as well
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, kMostRounds);
  curl_easy_setopt(easy, CURLOPT_HTTPAUTH,
                   request.auth == HttpRequest::Auth::kNtlm ? CURLAUTH_NTLM : CURLAUTH_DIGEST);
  curl_easy_setopt(easy, CURLOPT_USERNAME, request.url.user.c_str());
  curl_easy_setopt(easy, CURLOPT_PASSWORD, request.url.password.c_str());
}

void CurlTransport::GoOn() {
  if (std::exchange(paused_, false) && in_curl_) {
    curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
    engine_.loop().WakeSoon();
  }
}

void CurlTransport::Stamp(MonoTime now) {
  exchange_.Stamp(TimesOf(easy_.get()), prerequest_, first_header_, now);
  FillPeerAndBytes(easy_.get(), exchange_.response());
}

void CurlTransport::Abandon() {
  if (in_curl_) {
    in_curl_ = false;
    engine_.driver().Abandon(easy_.get());
  }
}

int CurlTransport::OnPrerequest(void* self, char* /*remote*/, char* /*local*/, int /*remote_port*/,
                                int /*local_port*/) {
  auto* const transport = static_cast<CurlTransport*>(self);
  // curl sends a request again, over another connection, if a kept one ends without an answer.
  if (transport->LostForGood()) {
    return CURL_PREREQFUNC_ABORT;
  }
  transport->unanswered_ = true;
  transport->prerequest_ = transport->engine_.clock().Mono();
  transport->first_header_ = MonoTime();  // what came before was a challenge
  if (transport->exchange_.target().secure()) {
    FillTls(transport->easy_, transport->exchange_.response());
  }
  return CURL_PREREQFUNC_OK;
}

size_t CurlTransport::OnHeader(char* data, size_t size, size_t count, void* self) {
  auto* const transport = static_cast<CurlTransport*>(self);
  if (transport->first_header_ == MonoTime()) {
    transport->first_header_ = transport->engine_.clock().Mono();
  }
  transport->unanswered_ = false;
  absl::string_view line(data, size * count);
  transport->exchange_.reader().AddHeaderLine(line);
  // Nobody asked for another protocol; curl would wait for a response after this one.
  const bool complete = absl::StripAsciiWhitespace(line).empty();
  const int status = transport->exchange_.response().status;
  absl::ConsumeSuffix(&line, "\n");
  absl::ConsumeSuffix(&line, "\r");
  transport->malformed_ = status < 100 || HasForbiddenCharacter(line);
  transport->switched_ = status == 101 && complete;
  // curl answers a challenge by itself: then only a body shows that this is the answer.
  if (complete && status >= 200 && transport->exchange_.streams() &&
      transport->exchange_.request().auth == HttpRequest::Auth::kNone) {
    transport->exchange_.OnHeadComplete();
  }
  return transport->switched_ || transport->malformed_ ? 0 : size * count;
}

size_t CurlTransport::OnBody(char* data, size_t size, size_t count, void* self) {
  auto* const transport = static_cast<CurlTransport*>(self);
  const absl::string_view piece(data, size * count);
  Exchange& exchange = transport->exchange_;
  if (!exchange.streams()) {
    return exchange.reader().AddBody(piece) ? piece.size() : CURL_WRITEFUNC_ERROR;
  }
  switch (exchange.OnPiece(piece)) {
    case Exchange::Taken::kYes:
      return piece.size();
    case Exchange::Taken::kNotNow:
      transport->paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    case Exchange::Taken::kUndecodable:
      break;
  }
  return CURL_WRITEFUNC_ERROR;
}

void CurlTransport::OnFinished(CURLcode code) {
  in_curl_ = false;
  const MonoTime ended = engine_.clock().Mono();
  if (unanswered_ && !LostForGood() && RefusedToRepeat(easy_.get(), code)) {
    HandOver(ended);
    return;
  }
  Stamp(ended);
  HttpError why;
  if (code != CURLE_OK) {
    ReportShortage(OsErrorOf(easy_.get()), engine_.network());
    why = WhyFailed(code, ended < exchange_.deadline());
  }
  exchange_.Finish(std::move(why), /*keep_body=*/code == CURLE_PARTIAL_FILE);  // as k6 shows it
}

bool CurlTransport::LostForGood() const {
  return unanswered_ && !MayBeRepeated(exchange_.request().method);
}

HttpError CurlTransport::WhyFailed(CURLcode code, bool before_deadline) {
  // The second connection is curl's way to try again: either we have stopped it, or there was none.
  if (LostForGood() && (code == CURLE_ABORTED_BY_CALLBACK || code == CURLE_COULDNT_CONNECT ||
                        RefusedToRepeat(easy_.get(), code))) {
    return LostWithoutAnswer(easy_.error_text());
  }
  if (switched_) {
    return SwitchedProtocols();
  }
  if (malformed_) {
    return MalformedResponse();
  }
  if (HttpError refused = exchange_.WhyRefused(); refused.code != 0) {
    return refused;
  }
  return FailureOf(easy_.get(), code, easy_.error_text(), exchange_.target(), exchange_.dialled(),
                   before_deadline);
}

}  // namespace lockstep::agent
