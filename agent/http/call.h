// One request of a script, from the first exchange to the answer that the script sees: follows
// redirects hop by hop, answers a digest challenge, keeps the cookie jar, and writes samples for
// each exchange. Knows no V8.
//
// Everything happens on the VU's worker.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

#include "agent/http/client.h"
#include "agent/http/cookie_jar.h"
#include "agent/http/debug_log.h"
#include "agent/http/digest_auth.h"
#include "agent/http/expected_statuses.h"
#include "agent/http/redirect.h"
#include "agent/http/sampler.h"
#include "agent/http/url.h"
#include "common/base/event_loop.h"
#include "common/base/log.h"
#include "common/base/timer.h"

namespace lockstep::agent {

// A cookie of the request's `cookies` parameter; with `replace` the jar's cookie of that name is
// not sent.
struct RequestCookie {
  std::string name, value;
  bool replace = false;
};

// Followed where the script does not say how many.
inline constexpr int64_t kUsualRedirects = 10;

class HttpCallListener;

struct HttpCallSpec {
  // Why nothing can be sent: the call fails at once, as a request that is counted.
  std::optional<HttpError> hopeless;
  // Its first exchange, with canonical names of headers; what is said below is not said here.
  HttpRequest request;
  // As the script wrote it; of a redirect, where it leads: Response.url, and the tag.
  std::string url_text;
  std::optional<std::string> name;  // the tag `name`, where the script set it; `tags` holds it, too
  // What the script gave, where the request's body is that compressed.
  std::optional<std::string> plain_body;
  std::vector<RequestCookie> cookies;
  // May be null. Shared with the script's object, which may be collected before the call ends.
  std::shared_ptr<CookieJar> jar;
  TagSet tags = kEmptyTagSet;
  HttpRequest::Auth auth = HttpRequest::Auth::kNone;
  absl::Duration timeout = absl::Seconds(60);  // of the whole call; infinite: none
  int64_t redirects = kUsualRedirects;
  bool redirects_given = false;  // by the script: then stopping there needs no warning
  std::optional<ExpectedStatuses> expected = ExpectedStatuses::Default();
  bool sampled = true;  // false: no http_* samples, as somebody else measures the call
  // Not owned, null for none: is told the answer while it comes; no body is kept then.
  HttpCallListener* listener = nullptr;
};

// What responses and tags call a URL: as in k6, credentials for a digest are taken out, and others
// hidden.
std::string ShownUrl(HttpRequest::Auth auth, absl::string_view text);

// A request as the script is shown it: the first one of a chain of redirects, as in k6.
struct SentRequest {
  std::string method;
  std::string url;  // "": HttpCallResult::url
  HeaderList headers;
  std::string body;  // as the script gave it, before any compression
  std::vector<RequestCookie> cookies;
};

struct HttpCallResult {
  HttpResponse response;
  std::string url;          // of the last hop
  SentRequest request;      // the first hop
  bool sent = true;         // false: the request could not even be made up, and is not shown
  bool redirected = false;  // at least one redirect was followed
};

// Hears of a call's answer while it comes: of the one that the script is to see, not of redirects
// that are followed. Either may destroy the call.
class HttpCallListener {
 public:
  virtual ~HttpCallListener() = default;
  // The head has come; a call that fails before says so to `done` alone.
  virtual void OnHead(HttpCallResult head) = 0;
  // The next piece of the body, decoded.
  virtual void OnBody(std::string piece) = 0;
};

// What a call works with; one per VU, outlives the VU's calls.
struct HttpCallEnv {
  HttpClient& client;
  ConnectionPool& pool;
  HttpSampler& sampler;
  Logger& logger;
  EventLoop& loop;
  absl::AnyInvocable<void(int64_t sent, int64_t received)> count_bytes;
  absl::AnyInvocable<std::optional<absl::Duration>()> take_lateness;  // see ApiVu
  HttpDebug* debug = nullptr;  // null: the option httpDebug is off
};

class HttpCall : private ResponseListener {
 public:
  // Takes the result, or what it wants of it: it is the call's, and goes with it.
  using Done = absl::AnyInvocable<void(HttpCallResult&)>;

  HttpCall(HttpCallEnv& env, HttpCallSpec&& spec);
  // Abandons what still runs; `done` is then not called.
  ~HttpCall() override;
  HttpCall(const HttpCall&) = delete;
  HttpCall& operator=(const HttpCall&) = delete;

  // Submits the first exchange. `done` is called once, on the loop, in a later turn; it may destroy
  // the call.
  void Start(Done done);

  // Of a call with a listener. Whether the server is to wait, as the listener has enough for now.
  void Hold(bool held) { env_.client.Hold(running_, held); }
  // Ends the call here: if its head has come, it is counted as if its body were over. `done` is not
  // called.
  void Stop();

 private:
  void OnHead(const HttpResponse& response) override;
  void OnBody(std::string piece) override;
  void KeepCookies(const HttpResponse& response);
  // Counts and samples an answer, and keeps its cookies if OnHead has not; a redirect whose
  // Location cannot be read becomes a failure. The challenge of an answer that the call can go on
  // from.
  std::optional<DigestChallenge> Account(HttpResponse& response);
  std::optional<DigestChallenge> ChallengeOf(const HttpResponse& response) const;
  // Whether another hop follows, so that this answer is not the script's.
  bool LeadsOn(const HttpResponse& response) const;
  HttpCallResult ResultOf(const HttpResponse& response) const;
  void SubmitHop();
  void OnResponse(HttpResponse& response);
  // Adds to the headers what is the present hop's alone: its Authorization, its cookies.
  void AddHopHeaders();
  void AddCookies();
  // What the Authorization of the present hop says; "" for nothing, or if the script has set it.
  std::string Authorization() const;
  // Ends the hop with an error, in a later turn and without the network.
  void FailHop(HttpError error);
  void Sample(const HttpResponse& response, std::optional<bool> expected, bool challenge);
  // Prepares the next hop, if `response` asks for one.
  bool Redirect(const HttpResponse& response);
  // The headers of the present hop, as they are sent.
  const HeaderList& sent_headers() const { return bare_ ? *bare_ : request_.headers; }
  // Keeps the hop that has just been answered, if it is the first, before it is changed.
  void KeepFirst();
  void AnswerChallenge(const DigestChallenge& challenge);
  void Finish(HttpResponse& response);

  HttpCallEnv& env_;
  HttpCallSpec spec_;
  HttpRequest& request_ = spec_.request;  // the present hop
  const bool keep_body_;                  // the script wants it
  const MonoTime deadline_;
  Done done_;
  // Where AddHopHeaders has added some: while the hop is under way, its headers without them; once
  // it is answered, the headers as they were sent.
  std::optional<HeaderList> bare_;
  std::vector<RequestCookie> sent_cookies_;
  int64_t redirects_ = 0;                   // followed so far
  std::unique_ptr<RedirectTarget> target_;  // where the last answer leads; null: nowhere
  std::unique_ptr<SentRequest> first_;      // null: the present hop is the first
  RedirectOrigin origin_;                   // set with the first redirect
  std::string digest_;     // the answer to the present hop's challenge; "" before it came
  std::string debug_id_;   // of the present hop, with httpDebug
  bool leads_on_ = false;  // the answer that is just coming, to a call with a listener
  ExchangeId running_ = ExchangeId::kNone;
  Timer posted_{env_.loop};  // an answer that needs no network
  HttpCallResult result_;    // what is told in the end
};

}  // namespace lockstep::agent
