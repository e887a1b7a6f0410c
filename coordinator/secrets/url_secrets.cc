#include "coordinator/secrets/url_secrets.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"

#include "common/base/json_text.h"
#include "common/base/percent_encoding.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::Duration kLongestBackoff = absl::Minutes(1);
constexpr int kTooMany = 429;
constexpr int kFirstServerError = 500;

}  // namespace

absl::StatusOr<std::string> ValueAtPath(absl::string_view json, absl::string_view path) {
  const nlohmann::json whole = nlohmann::json::parse(json.begin(), json.end(), nullptr, false);
  if (whole.is_discarded()) {
    return absl::InvalidArgumentError("the answer is not JSON");
  }
  const nlohmann::json* value = &whole;
  for (const absl::string_view part : absl::StrSplit(path, '.')) {
    size_t index = 0;
    if (value->is_object() && value->contains(std::string(part))) {
      value = &value->at(std::string(part));
    } else if (value->is_array() && absl::SimpleAtoi(part, &index) && index < value->size()) {
      value = &value->at(index);
    } else {
      return absl::NotFoundError(absl::StrCat("the answer has no \"", path, "\""));
    }
  }
  return value->is_string() ? value->get<std::string>() : JsonText(*value);
}

UrlSecrets::UrlSecrets(EventLoop& loop, HttpFetcher& fetcher, UrlSecretSettings settings)
    : loop_(loop),
      fetcher_(fetcher),
      settings_(std::move(settings)),
      tokens_(static_cast<double>(settings_.burst)),
      counted_(loop.clock().Mono()) {}

UrlSecrets::~UrlSecrets() {
  for (const auto& [key, timer] : retries_) {
    loop_.Cancel(timer);
  }
}

void UrlSecrets::Get(const std::string& key, Done done) {
  Asking& asking = asking_[key];
  asking.waiting.push_back(std::move(done));
  if (asking.waiting.size() == 1) {
    queue_.push_back(key);
    AskWaiting();
  }
}

void UrlSecrets::AskWaiting() {
  const double per_second = static_cast<double>(settings_.requests_per_minute) / 60;
  const MonoTime now = loop_.clock().Mono();
  tokens_ = std::min(static_cast<double>(settings_.burst),
                     tokens_ + absl::ToDoubleSeconds(now - counted_) * per_second);
  counted_ = now;
  while (!queue_.empty() && tokens_ >= 1) {
    tokens_ -= 1;
    const std::string key = std::move(queue_.front());
    queue_.pop_front();
    Ask(key);
  }
  if (!queue_.empty() && !turn_timer_.set()) {
    // A little later than exactly, so that rounding does not bring it too early.
    turn_timer_.After(absl::Seconds((1 - tokens_) / per_second) + absl::Milliseconds(1),
                      [this] { AskWaiting(); });
  }
}

void UrlSecrets::Ask(const std::string& key) {
  ++asking_[key].tries;
  HttpQuestion question{
      .url = absl::StrReplaceAll(settings_.url_template, {{"{key}", PercentEncoded(key)}}),
      .method = settings_.method,
      .headers = settings_.headers,
      .most_bytes = kMostSecretBytes,
      .timeout = settings_.timeout};
  fetcher_.Fetch(std::move(question), [this, key](absl::StatusOr<HttpAnswer> answer) {
    OnAnswer(key, std::move(answer));
  });
}

void UrlSecrets::OnAnswer(const std::string& key, absl::StatusOr<HttpAnswer> answer) {
  Asking& asking = asking_[key];
  const bool may_help =
      answer.ok()
          ? answer->status == kTooMany || answer->status >= kFirstServerError
          : absl::IsUnavailable(answer.status()) || absl::IsDeadlineExceeded(answer.status());
  if (may_help && asking.tries <= settings_.max_retries) {
    const absl::Duration wait =
        std::min(kLongestBackoff,
                 settings_.retry_backoff * std::exp2(static_cast<double>(asking.tries - 1)));
    retries_[key] = loop_.After(wait, [this, key] {
      retries_.erase(key);
      queue_.push_back(key);
      AskWaiting();
    });
    return;
  }
  const absl::StatusOr<std::string> secret =
      answer.ok() ? SecretIn(*answer) : absl::StatusOr<std::string>(answer.status());
  std::vector<Done> waiting = std::move(asking.waiting);
  asking_.erase(key);
  for (Done& done : waiting) {
    done(secret);
  }
}

absl::StatusOr<std::string> UrlSecrets::SecretIn(const HttpAnswer& answer) const {
  if (answer.status < 200 || answer.status >= 300) {
    return absl::UnavailableError(absl::StrCat("the server answers ", answer.status));
  }
  return settings_.response_path.empty()
             ? absl::StatusOr<std::string>(std::string(absl::StripAsciiWhitespace(answer.body)))
             : ValueAtPath(answer.body, settings_.response_path);
}

}  // namespace lockstep::coordinator
