#include "agent/http/packed_result.h"

#include <cstring>
#include <utility>

#include "agent/http/sampler.h"

namespace lockstep::agent {
namespace {

using Length = uint32_t;

// What is longer is taken instead of copied.
constexpr size_t kCopiedBytes = 4096;

// Calls `visit` with each text of a result but those of bodies, in the order in which they are
// packed.
template <class Result, class Visit>
void ForEachText(Result& result, Visit visit) {
  auto& response = result.response;
  visit(result.url);
  visit(response.status_text);
  visit(response.error.message);
  visit(response.remote_ip);
  visit(result.request.method);
  visit(result.request.url);
  for (auto* const headers : {&response.headers, &result.request.headers}) {
    for (auto& [name, value] : *headers) {
      visit(name);
      visit(value);
    }
  }
}

// Both return where the next one goes.
char* PutBytes(absl::string_view bytes, char* to) {
  std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}
char* PutText(absl::string_view text, char* to) {
  const Length length = static_cast<Length>(text.size());
  std::memcpy(to, &length, sizeof(length));
  return PutBytes(text, to + sizeof(length));
}

absl::string_view TakeText(absl::string_view* texts) {
  Length length = 0;
  std::memcpy(&length, texts->data(), sizeof(length));
  const absl::string_view text = texts->substr(sizeof(length), length);
  texts->remove_prefix(sizeof(length) + length);
  return text;
}

std::array<absl::Duration*, 7> EachPhase(HttpTimings& timings) {
  return {&timings.blocked, &timings.looking_up, &timings.connecting, &timings.tls_handshaking,
          &timings.sending, &timings.waiting,    &timings.receiving};
}

std::array<int64_t, 7> Nanoseconds(HttpTimings timings) {
  std::array<int64_t, 7> nanoseconds{};
  const auto phases = EachPhase(timings);
  for (size_t i = 0; i < phases.size(); ++i) {
    nanoseconds.at(i) = absl::ToInt64Nanoseconds(*phases.at(i));
  }
  return nanoseconds;
}

}  // namespace

PackedResult::PackedResult(HttpCallResult& result)
    : status_(result.response.status),
      error_code_(HttpErrorCode(result.response)),
      remote_port_(result.response.remote_port),
      sent_(result.sent),
      redirected_(result.redirected),
      headers_(static_cast<uint32_t>(result.response.headers.size())),
      request_headers_(static_cast<uint32_t>(result.request.headers.size())),
      timings_(Nanoseconds(result.response.timings)),
      proto_(result.response.proto),
      tls_(std::move(result.response.tls)) {
  std::string& body = result.response.body;
  std::string& request_body = result.request.body;
  std::vector<RequestCookie>& cookies = result.request.cookies;
  const bool body_apart = body.size() > kCopiedBytes;
  const bool request_body_apart = request_body.size() > kCopiedBytes;
  if (body_apart || request_body_apart || !cookies.empty()) {
    apart_ = std::make_unique<Apart>();
    apart_->cookies = std::move(cookies);
  }
  if (body_apart) {
    apart_->body = std::exchange(body, "");
  }
  if (request_body_apart) {
    apart_->request_body = std::exchange(request_body, "");
  }
  body_bytes_ = body.size();
  text_bytes_ = body.size() + sizeof(Length) + request_body.size();
  ForEachText(result,
              [this](const std::string& text) { text_bytes_ += sizeof(Length) + text.size(); });
  texts_ = std::make_unique_for_overwrite<char[]>(text_bytes_);
  char* to = PutText(request_body, PutBytes(body, texts_.get()));
  ForEachText(result, [&to](const std::string& text) { to = PutText(text, to); });
}

absl::string_view PackedResult::body() const {
  return apart_ == nullptr || apart_->body.empty() ? absl::string_view(texts_.get(), body_bytes_)
                                                   : absl::string_view(apart_->body);
}

HttpTimings PackedResult::timings() const {
  HttpTimings timings;
  const auto phases = EachPhase(timings);
  for (size_t i = 0; i < phases.size(); ++i) {
    *phases.at(i) = absl::Nanoseconds(timings_.at(i));
  }
  return timings;
}

HttpCallResult PackedResult::Unpack() const {
  HttpCallResult result;
  HttpResponse& response = result.response;
  result.sent = sent_;
  result.redirected = redirected_;
  response.status = status_;
  response.timings = timings();
  response.remote_port = remote_port_;
  response.headers.resize(headers_);
  result.request.headers.resize(request_headers_);
  response.proto = proto_;
  response.tls = tls_;
  absl::string_view texts(texts_.get() + body_bytes_, text_bytes_ - body_bytes_);
  const absl::string_view request_body = TakeText(&texts);
  result.request.body = std::string(request_body);
  if (apart_ != nullptr) {
    result.request.cookies = apart_->cookies;
    if (!apart_->request_body.empty()) {
      result.request.body = apart_->request_body;
    }
  }
  ForEachText(result, [&texts](std::string& text) { text = std::string(TakeText(&texts)); });
  return result;
}

}  // namespace lockstep::agent
