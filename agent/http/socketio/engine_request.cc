#include "agent/http/socketio/engine_request.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/http/headers.h"

namespace lockstep::agent {
namespace {

constexpr size_t kShownOfRefusal = 200;  // bytes of a refusal's body

Url EngineUrl(const EngineOptions& options, absl::string_view session,
              absl::string_view transport) {
  Url url = options.url;
  url.has_query = true;
  absl::StrAppend(&url.query, url.query.empty() ? "" : "&",
                  "EIO=", static_cast<int>(options.protocol), "&transport=", transport);
  if (options.protocol == EngineProtocol::kThree && transport == "polling") {
    absl::StrAppend(&url.query, "&b64=1");  // else what is binary makes the whole payload binary
  }
  if (!session.empty()) {
    absl::StrAppend(&url.query, "&sid=", QueryEscape(session));
  }
  return url;
}

// The script's headers, and the jar's cookies unless the script has its own.
HeaderList EngineHeaders(const EngineOptions& options, const Url& url, absl::Time now) {
  HeaderList headers = options.headers;
  const std::string cookies = options.jar->HeaderFor(url, now);
  if (!cookies.empty() && !FindHeader(headers, "Cookie")) {
    headers.emplace_back("Cookie", cookies);
  }
  return headers;
}

HttpRequest EngineRequest(absl::string_view method, const EngineOptions& options,
                          absl::string_view session, absl::Time now) {
  HttpRequest request{.method = std::string(method),
                      .url = EngineUrl(options, session, "polling"),
                      .timeout = absl::InfiniteDuration(),  // the heartbeat watches over it
                      .max_body_bytes = kMaxEngineBytes};
  request.headers = EngineHeaders(options, request.url, now);
  return request;
}

}  // namespace

HttpRequest EnginePoll(const EngineOptions& options, absl::string_view session, absl::Time now) {
  return EngineRequest("GET", options, session, now);
}

HttpRequest EnginePost(const EngineOptions& options, absl::string_view session, absl::Time now,
                       std::string packets) {
  HttpRequest request = EngineRequest("POST", options, session, now);
  request.body = std::move(packets);
  request.has_body = true;
  if (!FindHeader(request.headers, "Content-Type")) {
    request.headers.emplace_back("Content-Type", "text/plain;charset=UTF-8");
  }
  return request;
}

WebSocketRequest EngineSocketRequest(const EngineOptions& options, absl::string_view session,
                                     absl::Time now) {
  WebSocketRequest request{.url = EngineUrl(options, session, "websocket"),
                           .handshake_timeout = options.timeout,
                           .max_message_bytes = kMaxEngineBytes};
  request.headers = EngineHeaders(options, request.url, now);
  return request;
}

std::string DescribeEngineRefusal(const HttpResponse& refusal, EngineProtocol protocol) {
  if (refusal.status == 0) {
    return refusal.error.in_full();
  }
  std::string text = absl::StrCat("the server answered ", refusal.status_text);
  if (!refusal.body.empty()) {
    absl::StrAppend(
        &text, ": ",
        absl::StripAsciiWhitespace(absl::string_view(refusal.body).substr(0, kShownOfRefusal)));
  }
  if (absl::StrContains(refusal.body, "Unsupported protocol version")) {
    absl::StrAppend(&text, protocol == EngineProtocol::kThree
                               ? " (it speaks Socket.IO 3 or 4: leave out `version`)"
                               : " (it speaks Socket.IO 2: set `version: 2`)");
  }
  return text;
}

std::string DescribeEngineError(const absl::Status& status) {
  std::string text(status.message());
  if (absl::EndsWith(text, "Engine.IO 3")) {
    text += " (Socket.IO 2): set `version: 2`";
  } else if (absl::EndsWith(text, "Engine.IO 4")) {
    text += " (Socket.IO 3 or 4): leave out `version`";
  }
  return text;
}

}  // namespace lockstep::agent
