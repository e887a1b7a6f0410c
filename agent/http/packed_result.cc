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

}  // namespace

PackedResult::PackedResult(HttpCallResult& result)
    : status_(result.response.status),
      error_code_(HttpErrorCode(result.response)),
      remote_port_(result.response.remote_port),
      sent_(result.sent),
      redirected_(result.redirected),
      headers_(static_cast<uint32_t>(result.response.headers.size())),
      request_headers_(static_cast<uint32_t>(result.request.headers.size())),
      timings_(result.response.timings),
      cookies_(std::move(result.request.cookies)),
      proto_(result.response.proto),
      tls_(std::move(result.response.tls)) {
  std::string& body = result.response.body;
  std::string& request_body = result.request.body;
  if (body.size() > kCopiedBytes) {
    body_apart_ = std::move(body);
    body.clear();
  }
  if (request_body.size() > kCopiedBytes) {
    request_body_apart_ = std::move(request_body);
    request_body.clear();
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
  return body_apart_.empty() ? absl::string_view(texts_.get(), body_bytes_)
                             : absl::string_view(body_apart_);
}

HttpCallResult PackedResult::Unpack() const {
  HttpCallResult result;
  HttpResponse& response = result.response;
  result.sent = sent_;
  result.redirected = redirected_;
  response.status = status_;
  response.timings = timings_;
  response.remote_port = remote_port_;
  response.headers.resize(headers_);
  result.request.headers.resize(request_headers_);
  result.request.cookies = cookies_;
  response.proto = proto_;
  response.tls = tls_;
  absl::string_view texts(texts_.get() + body_bytes_, text_bytes_ - body_bytes_);
  const absl::string_view request_body = TakeText(&texts);
  result.request.body =
      request_body_apart_.empty() ? std::string(request_body) : request_body_apart_;
  ForEachText(result, [&texts](std::string& text) { text = std::string(TakeText(&texts)); });
  return result;
}

}  // namespace lockstep::agent
