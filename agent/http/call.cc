#include "agent/http/call.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "agent/data/crypto/text_codec.h"
#include "agent/http/error_code.h"
#include "agent/http/headers.h"
#include "common/base/random_bytes.h"

namespace lockstep::agent {

std::string ShownUrl(HttpRequest::Auth auth, absl::string_view text) {
  return auth == HttpRequest::Auth::kDigest ? WithoutCredentials(text) : MaskCredentials(text);
}

HttpCall::HttpCall(HttpCallEnv& env, HttpCallSpec&& spec)
    : env_(env),
      spec_(std::move(spec)),
      keep_body_(request_.keep_body),
      deadline_(spec_.timeout > absl::ZeroDuration() ? env.loop.clock().Mono() + spec_.timeout
                                                     : MonoTime::Infinite()) {
  request_.listener = spec_.listener == nullptr ? nullptr : this;
}

HttpCall::~HttpCall() {
  env_.client.Cancel(running_);
  env_.client.Reuse(result_.response);
}

void HttpCall::Start(Done done) {
  done_ = std::move(done);
  SubmitHop();
}

std::string HttpCall::Authorization() const {
  const Url& url = request_.url;
  const bool basic = url.has_credentials && spec_.auth == HttpRequest::Auth::kNone &&
                     !FindHeader(request_.headers, "Authorization");
  return basic
             ? absl::StrCat("Basic ", absl::Base64Escape(absl::StrCat(url.user, ":", url.password)))
             : digest_;
}

void HttpCall::AddHopHeaders() {
  bare_.reset();
  if (std::string authorization = Authorization(); !authorization.empty()) {
    bare_ = request_.headers;
    // The answer to a challenge takes the place of what the script has set.
    std::erase_if(request_.headers, [](const auto& h) { return h.first == "Authorization"; });
    request_.headers.emplace_back("Authorization", std::move(authorization));
  }
  AddCookies();
}

void HttpCall::AddCookies() {
  sent_cookies_ = spec_.cookies;
  if (spec_.jar != nullptr && spec_.jar->size() > 0) {
    for (Cookie& cookie : spec_.jar->For(request_.url, env_.loop.clock().Wall())) {
      const bool replaced = std::any_of(
          spec_.cookies.begin(), spec_.cookies.end(),
          [&](const RequestCookie& given) { return given.replace && given.name == cookie.name; });
      if (!replaced) {
        sent_cookies_.push_back({std::move(cookie.name), std::move(cookie.value), false});
      }
    }
  }
  if (sent_cookies_.empty()) {
    return;
  }
  HeaderList& headers = request_.headers;
  if (!bare_) {
    bare_ = headers;
  }
  auto header = std::find_if(headers.begin(), headers.end(),
                             [](const auto& h) { return h.first == "Cookie"; });
  if (header == headers.end()) {
    header = headers.emplace(headers.end(), "Cookie", "");
  }
  for (const RequestCookie& sent : sent_cookies_) {
    AppendCookie(sent.name, sent.value, &header->second);
  }
}

void HttpCall::SubmitHop() {
  debug_id_.clear();
  AddHopHeaders();
  if (spec_.hopeless) {
    FailHop(*spec_.hopeless);
    return;
  }
  for (const auto& [name, value] : request_.headers) {
    if (value.size() > kMaxHeaderValueBytes) {
      FailHop({error_code::kGeneric,
               absl::StrCat("the value of the header ", name,
                            " is too large: ", kMaxHeaderValueBytes >> 10, " KiB at most")});
      return;
    }
  }
  if (request_.url.scheme != "http" && request_.url.scheme != "https") {
    FailHop({error_code::kGeneric,
             absl::StrCat("unsupported protocol scheme \"", request_.url.scheme, "\"")});
    return;
  }
  request_.timeout = deadline_.infinite()
                         ? absl::InfiniteDuration()
                         : std::max(deadline_ - env_.loop.clock().Mono(), absl::Nanoseconds(1));
  request_.follows_redirects = redirects_ < spec_.redirects;
  const bool ntlm = spec_.auth == HttpRequest::Auth::kNtlm && request_.url.has_credentials;
  request_.auth = ntlm ? HttpRequest::Auth::kNtlm : HttpRequest::Auth::kNone;
  if (env_.debug != nullptr) {
    debug_id_ = env_.debug->Request(request_);
    request_.keep_body = keep_body_ || env_.debug->bodies();
  }
  running_ = env_.client.Submit(env_.pool, request_,
                                [this](HttpResponse& response) { OnResponse(response); });
}

void HttpCall::FailHop(HttpError error) {
  posted_.After(absl::ZeroDuration(), [this, error = std::move(error)]() mutable {
    HttpResponse response;
    response.error = std::move(error);
    response.ended = env_.loop.clock().Wall();
    OnResponse(response);
  });
}

void HttpCall::OnHead(const HttpResponse& response) {
  KeepCookies(response);
  leads_on_ = LeadsOn(response);
  if (!leads_on_) {
    spec_.listener->OnHead(ResultOf(response));
  }
}

void HttpCall::KeepCookies(const HttpResponse& response) {
  if (spec_.jar != nullptr) {
    spec_.jar->SetAll(request_.url, response.headers, response.ended);
  }
}

void HttpCall::OnBody(std::string piece) {
  if (!leads_on_) {
    spec_.listener->OnBody(std::move(piece));
  }
}

void HttpCall::Stop() {
  if (std::optional<HttpResponse> response = env_.client.Cut(running_)) {
    Account(*response);
  }
  env_.client.Cancel(std::exchange(running_, ExchangeId::kNone));
}

std::optional<DigestChallenge> HttpCall::ChallengeOf(const HttpResponse& response) const {
  const bool asked =
      spec_.auth == HttpRequest::Auth::kDigest && digest_.empty() && response.status == 401;
  return asked ? FindDigestChallenge(response.headers) : std::nullopt;
}

bool HttpCall::LeadsOn(const HttpResponse& response) const {
  if (ChallengeOf(response)) {
    return true;
  }
  if (!IsRedirectStatus(response.status) || redirects_ >= spec_.redirects) {
    return false;
  }
  const auto target = FindRedirectTarget(request_.url, response);
  return !target.ok() || target->has_value();
}

void HttpCall::OnResponse(HttpResponse& response) {
  running_ = ExchangeId::kNone;
  const std::optional<DigestChallenge> answerable = Account(response);
  if (!keep_body_) {
    response.body.clear();  // which only httpDebug wanted
  }
  if (bare_) {
    std::swap(*bare_, request_.headers);
  }
  if (answerable) {
    AnswerChallenge(*answerable);
    SubmitHop();
    return;
  }
  if (Redirect(response)) {
    SubmitHop();
    return;
  }
  Finish(response);
}

std::optional<DigestChallenge> HttpCall::Account(HttpResponse& response) {
  if (env_.debug != nullptr && !debug_id_.empty()) {
    env_.debug->Response(debug_id_, response);
  }
  env_.count_bytes(response.bytes_sent, response.bytes_received);
  if (spec_.listener == nullptr) {
    KeepCookies(response);
  }
  // A redirect that leads nowhere is a failure, to the script and to the metrics.
  absl::StatusOr<std::optional<RedirectTarget>> target = FindRedirectTarget(request_.url, response);
  if (!target.ok()) {
    response.Fail({error_code::kGeneric, std::string(target.status().message())});
  }
  target_ = target.ok() && target->has_value()
                ? std::make_unique<RedirectTarget>(**std::move(target))
                : nullptr;
  const bool challenge =
      spec_.auth == HttpRequest::Auth::kDigest && digest_.empty() && response.status == 401;
  std::optional<bool> expected;
  if (spec_.expected) {
    expected = challenge || spec_.expected->Contains(response.status);
  }
  std::optional<DigestChallenge> answerable = ChallengeOf(response);
  if (spec_.sampled) {
    Sample(response, expected, answerable.has_value());
  }
  return answerable;
}

void HttpCall::Sample(const HttpResponse& response, std::optional<bool> expected, bool challenge) {
  HttpHop hop;
  hop.base = spec_.tags;
  hop.method = request_.method;
  hop.url = spec_.url_text;
  hop.challenge = challenge;
  if (spec_.name) {
    hop.name = *spec_.name;
  }
  hop.expected = expected;
  hop.lateness = env_.take_lateness();
  env_.sampler.Record(hop, response);
}

bool HttpCall::Redirect(const HttpResponse& response) {
  if (response.error.code != 0 || target_ == nullptr) {
    return false;
  }
  if (redirects_ == 0) {
    origin_ = OriginOf(request_);
  }
  if (redirects_ >= spec_.redirects) {
    if (!spec_.redirects_given) {
      env_.logger.Warn(absl::StrCat(
          "Stopped after ", redirects_,
          " redirects and returned the last one; set `redirects` in the request's parameters "
          "or the option maxRedirects to silence this"));
    }
    return false;
  }
  KeepFirst();
  ++redirects_;
  digest_.clear();
  spec_.url_text = ShownUrl(spec_.auth, target_->shown);
  spec_.hopeless = std::move(target_->hopeless);
  request_ = FollowRedirect(origin_, request_, response, std::move(target_->url));
  return true;
}

void HttpCall::AnswerChallenge(const DigestChallenge& challenge) {
  const Url& url = request_.url;
  KeepFirst();
  request_.follow_up = true;
  digest_ = DigestAuthorization(challenge, {url.user, url.password}, request_.method, url.target(),
                                EncodeHex(RandomBytes(8)), 1);
}

void HttpCall::KeepFirst() {
  if (first_ != nullptr) {
    return;
  }
  first_ = std::make_unique<SentRequest>(SentRequest{
      request_.method, spec_.url_text, sent_headers(),
      spec_.plain_body ? *std::move(spec_.plain_body) : request_.body, std::move(sent_cookies_)});
}

HttpCallResult HttpCall::ResultOf(const HttpResponse& response) const {
  HttpCallResult result;
  result.response = response;
  result.redirected = redirects_ > 0;
  result.url = spec_.url_text;
  // The hop is under way, and the headers are as they were sent.
  result.request =
      first_ != nullptr
          ? *first_
          : SentRequest{request_.method, "", request_.headers,
                        spec_.plain_body ? *spec_.plain_body : request_.body, sent_cookies_};
  return result;
}

void HttpCall::Finish(HttpResponse& response) {
  result_.response = std::move(response);
  result_.redirected = redirects_ > 0;
  result_.url = std::move(spec_.url_text);
  if (first_ != nullptr) {
    result_.request = std::move(*first_);
  } else {
    result_.request.method = std::move(request_.method);
    result_.request.headers = std::move(bare_ ? *bare_ : request_.headers);
    result_.request.body = std::move(spec_.plain_body ? *spec_.plain_body : request_.body);
    result_.request.cookies = std::move(sent_cookies_);
  }
  Done done = std::move(done_);
  done(result_);
}

}  // namespace lockstep::agent
