#include "agent/js/k6/ws_session.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "agent/http/headers.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/http_cookie_jar.h"
#include "agent/js/k6/script_members.h"
#include "agent/js/k6/script_tags.h"
#include "common/base/status_macros.h"
#include "common/base/visible.h"

namespace lockstep::agent {
namespace {

// Who reads parameters, and what it says of them.
struct Reader {
  Context context;
  ApiVu& vu;
  bool strict = false;  // k6/websockets: what it does not know is an error
  absl::string_view where() const { return strict ? "k6/websockets" : "k6/ws"; }
  void Warn(absl::string_view what, v8::Local<v8::Value> value, absl::string_view rest) const {
    WarnOfCall(vu, absl::StrCat(where(), ": ", what, " is ", Shown(context, value), ": ", rest));
  }
};

absl::Status ReadHeaders(const Reader& reader, v8::Local<v8::Value> value, WsPlan* plan) {
  const Context context = reader.context;
  if (value->IsNullOrUndefined()) {
    return absl::OkStatus();
  }
  v8::Local<v8::Object> headers;
  if (!MembersOf(context, reader.vu, absl::StrCat(reader.where(), ": headers"), value, &headers)) {
    return absl::CancelledError();
  }
  const auto read = [&](const std::string& name, v8::Local<v8::Value> header) {
    std::string text;
    if (!ToText(context, header, &text)) {
      return false;
    }
    if (header->IsNullOrUndefined() || text == "[object Object]") {
      reader.Warn(absl::StrCat("the header ", Quoted(name)), header,
                  absl::StrCat("the text ", Quoted(text), " is sent"));
    }
    // The line break at the end of a file that a value is read from is no harm, and k6 takes it
    // off.
    absl::StripAsciiWhitespace(&text);
    std::string key = CanonicalHeader(name);
    if (key == "Sec-Websocket-Protocol") {
      plan->request.subprotocols.push_back(std::move(text));
    } else {
      SetScriptHeader(plan->request.headers, std::move(key), std::move(text));
    }
    return true;
  };
  return ForEachOwn(context, headers, read) ? absl::OkStatus() : absl::CancelledError();
}

absl::Status ReadParam(const Reader& reader, absl::string_view name, v8::Local<v8::Value> value,
                       WsPlan* plan) {
  const Context context = reader.context;
  if (name == "headers") {
    return ReadHeaders(reader, value, plan);
  }
  if (name == "tags") {
    const absl::Status added = AddScriptTags(context, absl::StrCat(reader.where(), ": tags"), value,
                                             reader.vu, &plan->tags);
    return absl::IsInvalidArgument(added)
               ? absl::InvalidArgumentError(absl::StrCat(reader.strict
                                                             ? "invalid WebSocket tags option: "
                                                             : "invalid ws.connect() metric tags: ",
                                                         added.message()))
               : added;
  }
  if (name == "jar") {
    if (std::shared_ptr<CookieJar> jar = CookieJarOf(context, value)) {
      plan->jar = std::move(jar);
    } else if (!value->IsNullOrUndefined()) {
      reader.Warn("jar", value, "no CookieJar, so that the VU's own is used");
    }
    return absl::OkStatus();
  }
  if (name == "compression") {
    std::string algorithm;
    if (!ToText(context, value, &algorithm)) {
      return absl::CancelledError();
    }
    if (!algorithm.empty() && algorithm != "deflate" && !value->IsNullOrUndefined()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "unsupported compression algorithm '", algorithm, "', supported algorithm is 'deflate'"));
    }
    plan->request.deflate = algorithm == "deflate";
    return absl::OkStatus();
  }
  if (reader.strict) {
    return absl::InvalidArgumentError(absl::StrCat("unknown WebSocket's option ", name));
  }
  WarnOfUnknown(reader.vu, reader.where(), "parameter", name,
                {"compression", "headers", "jar", "tags"});
  return absl::OkStatus();
}

absl::StatusOr<Url> ReadUrl(absl::string_view text, bool strict) {
  absl::StatusOr<Url> url = ParseUrl(text);
  absl::string_view why = url.status().message();
  const bool no_scheme = absl::ConsumePrefix(&why, "unsupported protocol scheme ");
  if (no_scheme || (url.ok() && url->scheme != "ws" && url->scheme != "wss")) {
    return absl::InvalidArgumentError(
        strict ? absl::StrCat("WebSocket requires url with scheme ws or wss, but got ",
                              no_scheme ? std::string(why) : Quoted(url->scheme))
               : "malformed ws or wss URL");
  }
  if (!url.ok()) {
    return strict ? absl::InvalidArgumentError(
                        absl::StrCat("WebSocket requires valid url, but got ",
                                     Quoted(MaskCredentials(text)), " which resulted in ", why))
                  : url.status();
  }
  if (url->has_credentials) {
    return absl::InvalidArgumentError(
        "malformed ws or wss URL: a user and a password belong in the header Authorization");
  }
  if (strict && !url->fragment.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("WebSocket requires no url fragment, but got ", Quoted(url->fragment)));
  }
  return url;
}

// As it follows a close code in an error; section 7.4.1.
absl::string_view NameOfCode(int code) {
  switch (code) {
    case 1002:
      return " (protocol error)";
    case 1003:
      return " (unsupported data)";
    case 1005:
      return " (no status)";
    case 1006:
      return " (abnormal closure)";
    case 1007:
      return " (invalid payload data)";
    case 1008:
      return " (policy violation)";
    case 1009:
      return " (message too big)";
    case 1010:
      return " (mandatory extension missing)";
    case 1011:
      return " (internal server error)";
    case 1015:
      return " (TLS handshake error)";
    default:
      return "";
  }
}

}  // namespace

absl::StatusOr<WsPlan> PlanWs(Context context, ApiVu& vu, v8::Local<v8::Value> url,
                              v8::Local<v8::Value> params, bool strict) {
  WsPlan plan;
  plan.jar = vu.jar();
  plan.tags = vu.tags();
  if (!ToText(context, url, &plan.url_text)) {
    return absl::CancelledError();
  }
  if (absl::StatusOr<Url> parsed = ReadUrl(plan.url_text, strict); parsed.ok()) {
    plan.request.url = *std::move(parsed);
  } else if (strict) {
    return parsed.status();
  } else {
    plan.url_error = parsed.status();
  }
  plan.url_text = MaskCredentials(plan.url_text);
  const Reader reader{.context = context, .vu = vu, .strict = strict};
  if (params->IsObject()) {
    LOCKSTEP_RETURN_IF_ERROR(ForEachOwnOrStatus(
        context, params.As<v8::Object>(), [&](const std::string& name, v8::Local<v8::Value> value) {
          return ReadParam(reader, name, value, &plan);
        }));
  } else if (strict && params->IsString() && params.As<v8::String>()->Length() > 0) {
    return absl::InvalidArgumentError("unknown WebSocket's option 0");  // of each letter, as in k6
  } else if (!params->IsNullOrUndefined()) {
    reader.Warn("params", params, "without effect, as an object is expected");
  }
  const std::string& user_agent = vu.options().user_agent;
  if (!user_agent.empty() && !FindHeader(plan.request.headers, "User-Agent")) {
    plan.request.headers.emplace_back("User-Agent", user_agent);
  }
  const std::string cookies =
      plan.url_error.ok() ? plan.jar->HeaderFor(plan.request.url, vu.loop().clock().Wall()) : "";
  if (!cookies.empty() && !FindHeader(plan.request.headers, "Cookie")) {
    plan.request.headers.emplace_back("Cookie", cookies);
  }
  TagSetTable& table = vu.sink().tags();
  const auto name = table.Find(plan.tags, SystemTagName(SystemTag::kName));
  const std::string shown = name ? std::string(*name) : plan.url_text;  // "ws://h" gets no slash
  if (vu.system_tags().Has(SystemTag::kUrl)) {
    plan.tags = table.With(plan.tags, SystemTagName(SystemTag::kUrl), shown);
  }
  if (strict && !name && vu.system_tags().Has(SystemTag::kName)) {
    plan.tags = table.With(plan.tags, SystemTagName(SystemTag::kName), shown);
  }
  return plan;
}

WsMeter::WsMeter(ApiVu& vu, const WsPlan& plan) : vu_(vu), tags_(plan.tags), url_(plan.url_text) {}

void WsMeter::Add(uint32_t metric, double value) {
  vu_.sink().Add(BuiltinMetric(metric), tags_, value, vu_.loop().clock().Wall());
}

void WsMeter::Connected(const HttpResponse& response) {
  TagSetTable& table = vu_.sink().tags();
  const auto set = [&](SystemTag tag, absl::string_view value) {
    if (vu_.system_tags().Has(tag)) {
      tags_ = table.With(tags_, SystemTagName(tag), value);
    }
  };
  set(SystemTag::kStatus, absl::StrCat(response.status));
  if (response.status != 0) {
    const auto subprotocol = FindHeader(response.headers, "Sec-WebSocket-Protocol");
    set(SystemTag::kSubproto, subprotocol ? absl::string_view(*subprotocol) : "");
  }
  if (response.tls != nullptr) {
    set(SystemTag::kTlsVersion, response.tls_version());
  }
  if (!response.remote_ip.empty()) {
    set(SystemTag::kIp, response.remote_ip);
  }
  opened_ = response.started;
  open_ = response.status == 101;
  if (!open_) {
    vu_.sink().AddError(
        response.error.message.empty() ? absl::StrCat(response.status) : response.error.message,
        "WS", url_, vu_.loop().clock().Wall());
  }
  Add(builtin::kWsSessions, 1);
  Add(builtin::kWsConnecting,
      absl::ToDoubleMilliseconds(vu_.loop().clock().Mono() - response.started));
}

void WsMeter::Sent(int64_t messages) {
  for (; sent_ < messages; ++sent_) {
    Add(builtin::kWsMsgsSent, 1);
  }
}
void WsMeter::Received() {
  Add(builtin::kWsMsgsReceived, 1);
}

void WsMeter::ClosedByPeer(const WsEnd& end) {
  constexpr int kFirstOfProtocol = 1002, kNoStatus = 1005, kFirstOfOthers = 3000;
  if (end.code >= kFirstOfProtocol && end.code < kFirstOfOthers && end.code != kNoStatus) {
    vu_.AddError(end.error, "WS", url_);
  }
}

std::string WsMeter::Ping() {
  std::string payload = absl::StrCat(++pings_);
  waiting_[payload] = vu_.loop().clock().Mono();
  return payload;
}

void WsMeter::Pong(const std::string& payload) {
  const auto ping = waiting_.find(payload);
  if (ping != waiting_.end()) {
    Add(builtin::kWsPing, absl::ToDoubleMilliseconds(vu_.loop().clock().Mono() - ping->second));
    waiting_.erase(ping);
  }
}

void WsMeter::Ended(const WebSocket* socket) {
  if (socket != nullptr) {
    vu_.CountBytes(socket->bytes_sent(), socket->bytes_received());
  }
  if (std::exchange(open_, false)) {
    Add(builtin::kWsSessionDuration,
        absl::ToDoubleMilliseconds(vu_.loop().clock().Mono() - opened_));
  }
}

WsEnd DescribeEnd(int code, std::string reason) {
  std::string error;
  if (code != 1000 && code != 1001) {
    error = absl::StrCat("websocket: close ", code, NameOfCode(code), reason.empty() ? "" : ": ",
                         reason);
  }
  return {code, std::move(reason), std::move(error)};
}

std::string DescribeRefusal(const HttpResponse& refusal) {
  if (refusal.status == 0) {
    return refusal.error.in_full();
  }
  constexpr size_t kShown = 200;
  std::string text = absl::StrCat("websocket: bad handshake: ", refusal.status_text);
  if (!refusal.body.empty()) {
    absl::StrAppend(&text, ": ",
                    absl::StripAsciiWhitespace(absl::string_view(refusal.body).substr(0, kShown)));
  }
  if (absl::StrContains(refusal.body, "Transport unknown") ||
      absl::StrContains(refusal.body, "\"sid\"") ||
      absl::StrContains(refusal.body, "Bad handshake method")) {
    absl::StrAppend(&text, " (the server speaks Engine.IO: import lockstep/socketio)");
  }
  return text;
}

}  // namespace lockstep::agent
