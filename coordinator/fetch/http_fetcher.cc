#include "coordinator/fetch/http_fetcher.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <curl/curl.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "common/base/sync.h"
#include "common/base/version.h"
#include "coordinator/fetch/http_place.h"
#include "coordinator/fetch/server_names.h"

namespace lockstep::coordinator {
namespace {

constexpr int kPollMillis = 1000;  // a wake-up cuts it short
constexpr long kConnectionsPerHost = 6;

absl::Duration SteadyNow() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

// One request, with all of its hops. Worker's thread.
class HttpExchange {
 public:
  HttpExchange(uint64_t id, HttpQuestion question, const HttpTrust& trust)
      : id_(id),
        question_(std::move(question)),
        trust_(trust),
        deadline_(SteadyNow() + question_.timeout),
        easy_(curl_easy_init()) {
    answer_.url = question_.url;
  }
  ~HttpExchange() {
    curl_easy_cleanup(easy_);
    curl_slist_free_all(headers_);
  }
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  uint64_t id() const { return id_; }
  CURL* easy() { return easy_; }

  // Makes the handle ready for `answer_.url`. An error if nothing may be sent there.
  absl::Status Begin() {
    if (HttpScheme(answer_.url).empty()) {
      return absl::InvalidArgumentError("it is not an http:// or https:// URL");
    }
    if (question_.allows != nullptr) {
      if (absl::Status allowed = question_.allows(answer_.url); !allowed.ok()) {
        return allowed;
      }
    }
    const absl::Duration left = deadline_ - SteadyNow();
    if (left <= absl::ZeroDuration()) {
      return TooLate();
    }
    answer_.headers.clear();
    answer_.body.clear();
    too_large_ = false;
    error_[0] = '\0';
    Configure(left);
    return absl::OkStatus();
  }

  // What came of a transfer: true if another hop is to begin.
  bool GoesOn(CURLcode result, absl::Status* status) {
    *status = Judge(result);
    const auto location = answer_.headers.find("location");
    if (!status->ok() || question_.method != "GET" || location == answer_.headers.end() ||
        !IsRedirect(answer_.status)) {
      return false;
    }
    char* next = nullptr;
    curl_easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &next);
    if (next == nullptr) {
      *status = absl::UnavailableError(
          absl::StrCat("it redirects to what is not a URL: ", location->second));
      return false;
    }
    if (++hops_ > question_.most_redirects) {
      *status = absl::ResourceExhaustedError(
          absl::StrCat("it redirects more than ", question_.most_redirects, " times"));
      return false;
    }
    if (HttpAuthority(next) != HttpAuthority(answer_.url) ||
        HttpScheme(next) != HttpScheme(answer_.url)) {
      question_.headers.clear();
    }
    answer_.url = next;
    return true;
  }

  HttpAnswer TakeAnswer() { return std::move(answer_); }
  // The error with the place where a redirect has led, if it has.
  absl::Status Located(const absl::Status& status) const {
    return hops_ == 0 ? status
                      : absl::Status(status.code(),
                                     absl::StrCat("redirected to ", WithoutSecrets(answer_.url),
                                                  ": ", status.message()));
  }

 private:
  template <typename Value>
  void Set(CURLoption option, Value value) {
    curl_easy_setopt(easy_, option, value);
  }

  void Configure(absl::Duration left) {
    curl_slist_free_all(std::exchange(headers_, nullptr));
    for (const std::string& header : question_.headers) {
      headers_ = curl_slist_append(headers_, header.c_str());
    }
    agent_ = absl::StrCat("Lockstep/", kVersion);
    Set(CURLOPT_URL, answer_.url.c_str());
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_PROTOCOLS_STR, "http,https");
    Set(CURLOPT_CUSTOMREQUEST, question_.method == "GET" ? nullptr : question_.method.c_str());
    Set(CURLOPT_HTTPHEADER, headers_);
    Set(CURLOPT_USERAGENT, agent_.c_str());
    Set(CURLOPT_ACCEPT_ENCODING, "");
    Set(CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(left)) + 1);
    Set(CURLOPT_ERRORBUFFER, error_.data());
    Set(CURLOPT_WRITEFUNCTION, &HttpExchange::OnBody);
    Set(CURLOPT_WRITEDATA, this);
    Set(CURLOPT_HEADERFUNCTION, &HttpExchange::OnHeader);
    Set(CURLOPT_HEADERDATA, this);
    Set(CURLOPT_PRIVATE, this);
    Set(CURLOPT_SSL_CTX_FUNCTION, &RefuseCommonNames);
    Set(CURLOPT_NOPROXY, IsLoopback(answer_.url) ? "*" : nullptr);
    if (!trust_.file.empty()) {
      Set(CURLOPT_CAINFO, trust_.file.c_str());
    }
    if (!trust_.folder.empty()) {
      Set(CURLOPT_CAPATH, trust_.folder.c_str());
    }
  }

  static bool IsRedirect(int status) {
    constexpr std::array<int, 5> kRedirects = {301, 302, 303, 307, 308};
    return std::find(kRedirects.begin(), kRedirects.end(), status) != kRedirects.end();
  }
  absl::Status TooLate() const {
    return absl::DeadlineExceededError(
        absl::StrCat("no answer within ", absl::FormatDuration(question_.timeout)));
  }

  absl::Status Judge(CURLcode result) {
    if (too_large_) {
      return absl::ResourceExhaustedError(
          absl::StrCat("it has more than ", question_.most_bytes, " bytes"));
    }
    if (result == CURLE_OPERATION_TIMEDOUT) {
      return TooLate();
    }
    if (result != CURLE_OK) {
      const std::string detail = error_[0] != '\0' ? error_.data() : curl_easy_strerror(result);
      return absl::UnavailableError(
          absl::StrCat(detail, result == CURLE_PEER_FAILED_VERIFICATION
                                   ? "; SSL_CERT_FILE can name the authorities to trust"
                                   : ""));
    }
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    answer_.status = static_cast<int>(status);
    return absl::OkStatus();
  }

  static size_t OnBody(char* data, size_t size, size_t count, void* self) {
    HttpExchange& exchange = *static_cast<HttpExchange*>(self);
    const size_t bytes = size * count;
    if (bytes > exchange.question_.most_bytes - exchange.answer_.body.size()) {
      exchange.too_large_ = true;
      return 0;
    }
    exchange.answer_.body.append(data, bytes);
    return bytes;
  }
  static size_t OnHeader(char* data, size_t size, size_t count, void* self) {
    HttpExchange& exchange = *static_cast<HttpExchange*>(self);
    const absl::string_view line = absl::StripAsciiWhitespace({data, size * count});
    const size_t colon = line.find(':');
    if (colon != absl::string_view::npos) {
      exchange.answer_.headers[absl::AsciiStrToLower(line.substr(0, colon))] =
          std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)));
    }
    return size * count;
  }

  const uint64_t id_;
  HttpQuestion question_;
  const HttpTrust& trust_;
  const absl::Duration deadline_;  // on the steady clock
  CURL* easy_;
  curl_slist* headers_ = nullptr;
  std::string agent_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  HttpAnswer answer_;
  bool too_large_ = false;
  int hops_ = 0;
};

}  // namespace

HttpTrust HttpTrust::Of(const Environment& environment) {
  const auto value = [&environment](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  return {.file = value("SSL_CERT_FILE"), .folder = value("SSL_CERT_DIR")};
}

// The thread and what it works on.
class HttpFetcher::Worker {
 public:
  explicit Worker(HttpFetcher& fetcher) : fetcher_(fetcher), multi_(curl_multi_init()) {
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, kConnectionsPerHost);
    thread_ = std::thread([this] { Run(); });
  }
  ~Worker() {
    {
      const MutexLock lock(mutex_);
      ending_ = true;
    }
    curl_multi_wakeup(multi_);
    thread_.join();
    for (const auto& [easy, exchange] : exchanges_) {
      curl_multi_remove_handle(multi_, easy);
    }
    exchanges_.clear();
    curl_multi_cleanup(multi_);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Add(uint64_t id, HttpQuestion question) {
    {
      const MutexLock lock(mutex_);
      asked_.emplace_back(id, std::move(question));
    }
    curl_multi_wakeup(multi_);
  }

 private:
  void Run() {
    while (TakeAsked()) {
      int running = 0;
      curl_multi_perform(multi_, &running);
      int more = 0;
      while (const CURLMsg* message = curl_multi_info_read(multi_, &more)) {
        if (message->msg == CURLMSG_DONE) {
          OnTransfer(message->easy_handle, message->data.result);
        }
      }
      curl_multi_poll(multi_, nullptr, 0, kPollMillis, nullptr);
    }
  }

  // False: the end has come.
  bool TakeAsked() {
    std::deque<std::pair<uint64_t, HttpQuestion>> asked;
    {
      const MutexLock lock(mutex_);
      if (ending_) {
        return false;
      }
      asked.swap(asked_);
    }
    for (auto& [id, question] : asked) {
      Begin(std::make_unique<HttpExchange>(id, std::move(question), fetcher_.trust_));
    }
    return true;
  }

  void Begin(std::unique_ptr<HttpExchange> exchange) {
    if (absl::Status begun = exchange->Begin(); !begun.ok()) {
      Answer(exchange->id(), exchange->Located(begun));
      return;
    }
    curl_multi_add_handle(multi_, exchange->easy());
    CURL* const easy = exchange->easy();
    exchanges_[easy] = std::move(exchange);
  }

  void OnTransfer(CURL* easy, CURLcode result) {
    curl_multi_remove_handle(multi_, easy);
    const auto found = exchanges_.find(easy);
    std::unique_ptr<HttpExchange> exchange = std::move(found->second);
    exchanges_.erase(found);
    absl::Status status;
    if (exchange->GoesOn(result, &status)) {
      Begin(std::move(exchange));
    } else if (status.ok()) {
      Answer(exchange->id(), exchange->TakeAnswer());
    } else {
      Answer(exchange->id(), exchange->Located(status));
    }
  }

  void Answer(uint64_t id, absl::StatusOr<HttpAnswer> answer) {
    fetcher_.loop_.Post([&fetcher = fetcher_, id, answer = std::move(answer)]() mutable {
      fetcher.Finish(id, std::move(answer));
    });
  }

  HttpFetcher& fetcher_;
  CURLM* multi_;
  absl::flat_hash_map<CURL*, std::unique_ptr<HttpExchange>> exchanges_;  // the thread's
  Mutex mutex_;
  std::deque<std::pair<uint64_t, HttpQuestion>> asked_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

HttpFetcher::HttpFetcher(EventLoop& loop, HttpTrust trust)
    : loop_(loop), trust_(std::move(trust)) {}

HttpFetcher::~HttpFetcher() = default;

void HttpFetcher::Fetch(HttpQuestion question, Done done) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  if (worker_ == nullptr) {
    worker_ = std::make_unique<Worker>(*this);
  }
  waiting_[++last_id_] = std::move(done);
  worker_->Add(last_id_, std::move(question));
}

void HttpFetcher::Finish(uint64_t id, absl::StatusOr<HttpAnswer> answer) {
  const auto found = waiting_.find(id);
  Done done = std::move(found->second);
  waiting_.erase(found);
  done(std::move(answer));
}

}  // namespace lockstep::coordinator
