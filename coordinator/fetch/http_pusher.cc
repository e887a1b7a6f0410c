#include "coordinator/fetch/http_pusher.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <system_error>

#include <curl/curl.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "coordinator/fetch/server_names.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kKeptAnswer = 200;  // bytes of a refusal's body, for the message

int64_t NowNanos() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

size_t KeepAnswer(char* data, size_t size, size_t count, void* answer) {
  std::string& text = *static_cast<std::string*>(answer);
  text.append(data, std::min(size * count, kKeptAnswer - std::min(kKeptAnswer, text.size())));
  return size * count;
}

std::optional<long> TlsVersion(absl::string_view name) {
  constexpr std::pair<absl::string_view, long> kVersions[] = {{"", CURL_SSLVERSION_DEFAULT},
                                                              {"1.0", CURL_SSLVERSION_TLSv1_0},
                                                              {"1.1", CURL_SSLVERSION_TLSv1_1},
                                                              {"1.2", CURL_SSLVERSION_TLSv1_2},
                                                              {"1.3", CURL_SSLVERSION_TLSv1_3}};
  for (const auto& [known, version] : kVersions) {
    if (known == name) {
      return version;
    }
  }
  return std::nullopt;
}

}  // namespace

bool IsServerUrl(const std::string& url) {
  CURLU* parts = curl_url();
  char* scheme = nullptr;
  const bool good = curl_url_set(parts, CURLUPART_URL, url.c_str(), 0) == CURLUE_OK &&
                    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                    (absl::string_view(scheme) == "http" || absl::string_view(scheme) == "https");
  curl_free(scheme);
  curl_url_cleanup(parts);
  return good;
}

bool IsTlsVersion(absl::string_view name) {
  return TlsVersion(name).has_value();
}

// One easy handle in a multi of its own, so that another thread can cut a wait short.
class HttpPusher::Connection {
 public:
  explicit Connection(const HttpTarget& target)
      : easy_(curl_easy_init()), multi_(curl_multi_init()) {
    for (const std::string& header : target.headers) {
      headers_ = curl_slist_append(headers_, header.c_str());
    }
    headers_ = curl_slist_append(headers_, "Expect:");
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_HTTPHEADER, headers_);
    Set(CURLOPT_POST, 1L);
    Set(CURLOPT_WRITEFUNCTION, KeepAnswer);
    Set(CURLOPT_WRITEDATA, &answer_);
    Set(CURLOPT_SSLVERSION, TlsVersion(target.minimum_tls).value_or(CURL_SSLVERSION_DEFAULT));
    if (target.skip_tls_verify) {
      Set(CURLOPT_SSL_VERIFYPEER, 0L);
      Set(CURLOPT_SSL_VERIFYHOST, 0L);
    } else {
      Set(CURLOPT_SSL_CTX_FUNCTION, &RefuseCommonNames);
    }
    SetText(CURLOPT_USERNAME, target.username);
    SetText(CURLOPT_PASSWORD, target.password);
    SetText(CURLOPT_PROXY, target.proxy);
    SetText(CURLOPT_SSLCERT, target.client_certificate);
    SetText(CURLOPT_SSLKEY, target.client_key);
  }
  ~Connection() {
    curl_easy_cleanup(easy_);
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // One try. `left()` is asked again after each Wake.
  template <typename Left>
  PushResult Try(const std::string& url, const std::string& body, absl::Duration timeout, Left left,
                 std::string* reason) {
    answer_.clear();
    Set(CURLOPT_URL, url.c_str());
    Set(CURLOPT_POSTFIELDS, body.data());
    Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    Set(CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(timeout)));
    curl_multi_add_handle(multi_, easy_);
    CURLcode result = CURLE_OPERATION_TIMEDOUT;
    for (int running = 1; running > 0 && left() > absl::ZeroDuration();) {
      curl_multi_perform(multi_, &running);
      if (running > 0) {
        const absl::Duration wait = std::min(left(), absl::Seconds(1));
        curl_multi_poll(multi_, nullptr, 0, static_cast<int>(absl::ToInt64Milliseconds(wait)) + 1,
                        nullptr);
      }
    }
    int more = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &more)) {
      if (message->msg == CURLMSG_DONE) {
        result = message->data.result;
      }
    }
    curl_multi_remove_handle(multi_, easy_);
    return Judge(result, reason);
  }

  void Wake() { curl_multi_wakeup(multi_); }

 private:
  template <typename Value>
  void Set(CURLoption option, Value value) {
    curl_easy_setopt(easy_, option, value);
  }
  void SetText(CURLoption option, const std::string& text) {
    if (!text.empty()) {
      Set(option, text.c_str());
    }
  }
  PushResult Judge(CURLcode result, std::string* reason) const {
    if (result != CURLE_OK) {
      *reason = curl_easy_strerror(result);
      long error = 0;
      if (result == CURLE_COULDNT_CONNECT &&
          curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &error) == CURLE_OK && error != 0) {
        absl::StrAppend(reason, ": ", std::generic_category().message(static_cast<int>(error)));
      }
      return PushResult::kAgain;
    }
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status < 300) {
      return PushResult::kSent;
    }
    absl::string_view text = answer_;
    text = absl::StripAsciiWhitespace(text.substr(0, text.find_first_of("\r\n")));
    *reason = absl::StrCat("HTTP ", status, text.empty() ? "" : ": ", text);
    return status >= 500 || status == 429 ? PushResult::kAgain : PushResult::kRefused;
  }

  CURL* easy_;
  CURLM* multi_;
  curl_slist* headers_ = nullptr;
  std::string answer_;
};

HttpPusher::HttpPusher(HttpTarget target, Limits limits)
    : target_(std::move(target)), limits_(limits) {}

HttpPusher::~HttpPusher() {
  if (thread_.joinable()) {
    {
      MutexLock lock(mutex_);
      finishing_ = true;
      deadline_ns_ = 0;
      changed_.NotifyAll();
    }
    connection_->Wake();
    thread_.join();
  }
}

absl::Status HttpPusher::Check() const {
  if (!IsServerUrl(target_.url)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", target_.url, "\" is not an http:// or https:// URL"));
  }
  if (!IsTlsVersion(target_.minimum_tls)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "there is no TLS version \"", target_.minimum_tls, "\"; use 1.0, 1.1, 1.2 or 1.3"));
  }
  return absl::OkStatus();
}

absl::Status HttpPusher::Start() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  LOCKSTEP_RETURN_IF_ERROR(Check());
  connection_ = std::make_unique<Connection>(target_);
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

size_t HttpPusher::CostOf(const HttpPush& push) {
  return push.body.size() + sizeof push;
}

void HttpPusher::Push(HttpPush push) {
  MutexLock lock(mutex_);
  tally_.pushed += push.samples;
  queued_bytes_ += CostOf(push);
  queue_.push_back(std::move(push));
  while (queued_bytes_ > limits_.queue_bytes) {
    tally_.lost += queue_.front().samples;
    if (queue_.front().samples > 0 && tally_.reason.empty()) {
      tally_.reason = "the server is too slow";
    }
    queued_bytes_ -= CostOf(queue_.front());
    queue_.pop_front();
  }
  changed_.NotifyAll();
}

void HttpPusher::BeginFinish() {
  {
    MutexLock lock(mutex_);
    if (!finishing_) {
      finishing_ = true;
      deadline_ns_ = NowNanos() + absl::ToInt64Nanoseconds(limits_.drain);
      changed_.NotifyAll();
    }
  }
  if (connection_ != nullptr) {
    connection_->Wake();
  }
}

HttpPusher::Tally HttpPusher::Finish() {
  BeginFinish();
  if (thread_.joinable()) {
    thread_.join();
  }
  return tally();
}

HttpPusher::Tally HttpPusher::tally() const {
  MutexLock lock(mutex_);
  return tally_;
}

absl::Duration HttpPusher::TimeLeft() const {
  MutexLock lock(mutex_);
  return deadline_ns_ == INT64_MAX ? absl::InfiniteDuration()
                                   : absl::Nanoseconds(deadline_ns_ - NowNanos());
}

void HttpPusher::Lose(uint64_t samples, std::string reason) {
  MutexLock lock(mutex_);
  tally_.lost += samples;
  tally_.reason = std::move(reason);
}

std::optional<HttpPush> HttpPusher::Next() {
  MutexLock lock(mutex_);
  while (queue_.empty() && !finishing_) {
    changed_.Wait(mutex_);
  }
  if (queue_.empty()) {
    return std::nullopt;
  }
  HttpPush push = std::move(queue_.front());
  queue_.pop_front();
  queued_bytes_ -= CostOf(push);
  return push;
}

bool HttpPusher::Backoff(absl::Duration time) {
  MutexLock lock(mutex_);
  ++tally_.retries;
  const int64_t until = NowNanos() + absl::ToInt64Nanoseconds(time);
  while (NowNanos() < until && NowNanos() < deadline_ns_) {
    const int64_t left = std::min(until, deadline_ns_) - NowNanos();
    changed_.WaitFor(mutex_, absl::Nanoseconds(left));
  }
  return NowNanos() < deadline_ns_;
}

void HttpPusher::Deliver(Connection& connection, const HttpPush& push) {
  const std::string& url = push.url.empty() ? target_.url : push.url;
  absl::Duration backoff = limits_.first_backoff;
  // What waited behind a request that failed is lost for the same reason.
  std::string reason =
      last_failure_.empty() ? "the run was over before they could be sent" : last_failure_;
  for (;;) {
    if (TimeLeft() <= absl::ZeroDuration()) {
      break;
    }
    const PushResult result = connection.Try(
        url, push.body, limits_.timeout, [this] { return TimeLeft(); }, &reason);
    last_failure_ = result == PushResult::kSent ? "" : reason;
    {
      MutexLock lock(mutex_);
      tally_.failing = last_failure_;
      if (result == PushResult::kSent) {
        tally_.sent += push.samples;
        return;
      }
    }
    if (result == PushResult::kRefused || !Backoff(backoff)) {
      break;
    }
    backoff = std::min(backoff * 2, limits_.longest_backoff);
  }
  if (!push.optional) {
    Lose(push.samples, std::move(reason));
  }
}

void HttpPusher::Run() {
  while (std::optional<HttpPush> push = Next()) {
    Deliver(*connection_, *push);
  }
}

}  // namespace lockstep::coordinator
