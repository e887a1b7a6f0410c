#include "agent/js/lockstep/socketio.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/http/headers.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/http_cookie_jar.h"
#include "agent/js/k6/script_duration.h"
#include "agent/js/k6/script_tags.h"
#include "agent/js/lockstep/socketio_connection.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

absl::StatusOr<Url> ReadSocketIoUrl(const std::string& text) {
  LOCKSTEP_ASSIGN_OR_RETURN(Url url, ParseUrl(text));
  if (url.scheme == "ws" || url.scheme == "wss") {
    url.scheme.replace(0, 2, "http");
  }
  if (url.scheme != "http" && url.scheme != "https") {
    return absl::InvalidArgumentError(absl::StrCat(
        "a URL with the scheme http, https, ws or wss is expected, got \"", url.scheme, "\""));
  }
  return url;
}

absl::Status ReadSocketIoHeaders(Context context, v8::Local<v8::Value> value, HeaderList* headers) {
  if (!value->IsObject()) {
    return absl::InvalidArgumentError("extraHeaders: an object of names and values is expected");
  }
  return ForEachOwnOrStatus(
      context, value.As<v8::Object>(), [&](const std::string& name, v8::Local<v8::Value> header) {
        std::string text;
        if (!ToText(context, header, &text)) {
          return absl::CancelledError();
        }
        if (const absl::Status checked = CheckHeader(name, text); !checked.ok()) {
          return absl::InvalidArgumentError(absl::StrCat("extraHeaders: ", checked.message()));
        }
        headers->emplace_back(CanonicalHeader(name), std::move(text));
        return absl::OkStatus();
      });
}

absl::Status ReadSocketIoQuery(Context context, v8::Local<v8::Value> value, std::string* query) {
  if (!value->IsObject()) {
    return absl::InvalidArgumentError("query: an object of names and values is expected");
  }
  return ForEachOwnOrStatus(context, value.As<v8::Object>(),
                            [&](const std::string& name, v8::Local<v8::Value> item) {
                              std::string text;
                              if (!ToText(context, item, &text)) {
                                return absl::CancelledError();
                              }
                              absl::StrAppend(query, query->empty() ? "" : "&", QueryEscape(name),
                                              "=", QueryEscape(text));
                              return absl::OkStatus();
                            });
}

absl::Status ReadSocketIoTransports(Context context, v8::Local<v8::Value> value,
                                    EngineOptions* options) {
  absl::Status wrong = absl::InvalidArgumentError(
      "transports: a list of \"polling\" and \"websocket\" is expected, with at least one of them");
  if (!value->IsArray()) {
    return wrong;
  }
  options->polling = options->websocket = false;
  bool socket_first = false;
  LOCKSTEP_RETURN_IF_ERROR(ForEachOwnOrStatus(
      context, value.As<v8::Object>(), [&](const std::string&, v8::Local<v8::Value> item) {
        const std::string name = TextIfString(context->GetIsolate(), item);
        if (name != "polling" && name != "websocket") {
          return wrong;
        }
        socket_first = socket_first || (name == "websocket" && !options->polling);
        (name == "polling" ? options->polling : options->websocket) = true;
        return absl::OkStatus();
      }));
  // As in socket.io-client: the first is used; what follows a WebSocket is not tried.
  options->polling = options->polling && !socket_first;
  return options->polling || options->websocket ? absl::OkStatus() : wrong;
}

absl::Status ReadSocketIoPath(Context context, v8::Local<v8::Value> value, Url* url) {
  std::string path;
  if (!ToText(context, value, &path)) {
    return absl::CancelledError();
  }
  if (!absl::StartsWith(path, "/")) {
    return absl::InvalidArgumentError(
        absl::StrCat("path: must begin with \"/\", got \"", path, "\""));
  }
  url->path = absl::EndsWith(path, "/") ? path : absl::StrCat(path, "/");
  return absl::OkStatus();
}

absl::Status ReadSocketIoOption(Context context, ApiVu& vu, absl::string_view name,
                                v8::Local<v8::Value> value, SocketIoPlan* plan) {
  EngineOptions& options = plan->engine;
  if (value->IsNullOrUndefined()) {
    return absl::OkStatus();
  }
  if (name == "path") {
    return ReadSocketIoPath(context, value, &options.url);
  }
  if (name == "query") {
    return ReadSocketIoQuery(context, value, &options.url.query);
  }
  if (name == "extraHeaders") {
    return ReadSocketIoHeaders(context, value, &options.headers);
  }
  if (name == "transports") {
    return ReadSocketIoTransports(context, value, &options);
  }
  if (name == "upgrade") {
    options.websocket =
        options.websocket && (value->BooleanValue(context->GetIsolate()) || !options.polling);
    return absl::OkStatus();
  }
  if (name == "timeout") {
    LOCKSTEP_ASSIGN_OR_RETURN(options.timeout, DurationOf(context, name, value));
    return absl::OkStatus();
  }
  if (name == "tags") {
    return AddScriptTags(context, "lockstep/socketio: tags", value, vu, &plan->tags);
  }
  if (name == "jar") {
    if (std::shared_ptr<CookieJar> jar = CookieJarOf(context, value)) {
      options.jar = std::move(jar);
    }
  }
  if (name == "version") {
    const double version = value->IsNumber() ? value.As<v8::Number>()->Value() : 0;
    if (version != 2 && version != 3 && version != 4) {
      return absl::InvalidArgumentError("version: must be that of Socket.IO: 2, 3 or 4");
    }
    options.protocol = version == 2 ? EngineProtocol::kThree : EngineProtocol::kFour;
  }
  return absl::OkStatus();
}

absl::StatusOr<SocketIoPlan> ReadSocketIoPlan(Context context, ApiVu& vu,
                                              const std::string& url_text,
                                              v8::Local<v8::Object> given) {
  SocketIoPlan plan;
  plan.tags = vu.tags();
  LOCKSTEP_ASSIGN_OR_RETURN(plan.engine.url, ReadSocketIoUrl(url_text));
  plan.engine.url.path = "/socket.io/";
  plan.engine.jar = vu.jar();
  LOCKSTEP_RETURN_IF_ERROR(
      ForEachOwnOrStatus(context, given, [&](const std::string& name, v8::Local<v8::Value> value) {
        return ReadSocketIoOption(context, vu, name, value, &plan);
      }));
  EngineOptions& engine = plan.engine;
  engine.url.has_query = !engine.url.query.empty();
  engine.url.fragment.clear();
  if (!vu.options().user_agent.empty() && !FindHeader(engine.headers, "User-Agent")) {
    engine.headers.emplace_back("User-Agent", vu.options().user_agent);
  }
  Url without_query = engine.url;
  without_query.has_query = false;
  without_query.query.clear();
  plan.shown = TagConnection(vu, without_query.display_url(), &plan.tags);
  return plan;
}

// (url): [origin, namespace, query].
void NativeSocketIoParse(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  std::string text;
  if (!ToText(ContextOf(info), info[0], &text)) {
    return;
  }
  const absl::StatusOr<Url> url = ReadSocketIoUrl(text);
  if (!url.ok()) {
    ThrowTypeError(isolate, absl::StrCat("io(): ", url.status().message()));
    return;
  }
  const std::string origin = absl::StrCat(url->scheme, "://", url->login(), url->authority());
  v8::Local<v8::Value> parts[] = {JsText(isolate, origin), JsText(isolate, url->path),
                                  JsText(isolate, url->query)};
  info.GetReturnValue().Set(v8::Array::New(isolate, parts, 3));
}

// (origin, options, emit): the connection's number.
void NativeSocketIoOpen(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  SocketIoModule& module = BoundTo<SocketIoModule>(info);
  if (RefusedInInit(module.vu(), isolate, "connecting to a Socket.IO server")) {
    return;
  }
  std::string url;
  if (!ToText(ContextOf(info), info[0], &url)) {
    return;
  }
  absl::StatusOr<SocketIoPlan> plan =
      ReadSocketIoPlan(ContextOf(info), module.vu(), url, info[1].As<v8::Object>());
  if (!plan.ok()) {
    if (!absl::IsCancelled(plan.status())) {
      ThrowTypeError(isolate, absl::StrCat("io(): ", plan.status().message()));
    }
    return;
  }
  info.GetReturnValue().Set(
      static_cast<double>(module.Open(isolate, *std::move(plan), info[2].As<v8::Function>())));
}

SocketIoModule::Connection* SocketIoConnectionOf(const Info& info) {
  return BoundTo<SocketIoModule>(info).connections().Find(info[0]);
}

// (number, namespace, json)
void NativeSocketIoConnect(const Info& info) {
  if (SocketIoModule::Connection* connection = SocketIoConnectionOf(info)) {
    connection->Connect(TextArgument(info, 1), TextArgument(info, 2));
  }
}

// (number, type, namespace, id or undefined, json, attachments)
void NativeSocketIoSend(const Info& info) {
  SocketIoModule::Connection* connection = SocketIoConnectionOf(info);
  if (connection == nullptr) {
    return;
  }
  SocketPacket packet{.type = static_cast<SocketType>(info[1].As<v8::Int32>()->Value()),
                      .name_space = TextArgument(info, 2),
                      .json = TextArgument(info, 4)};
  if (info[3]->IsNumber()) {
    packet.id = NumberArgument(info, 3);
  }
  const v8::Local<v8::Array> attachments = info[5].As<v8::Array>();
  for (uint32_t i = 0; i < attachments->Length(); ++i) {
    v8::Local<v8::Value> attachment;
    if (!attachments->Get(ContextOf(info), i).ToLocal(&attachment)) {
      return;
    }
    packet.attachments.push_back(BytesOf(attachment).value_or(""));
  }
  connection->Send(std::move(packet));
}

void NativeSocketIoClose(const Info& info) {
  if (SocketIoModule::Connection* connection = SocketIoConnectionOf(info)) {
    connection->Close();
  }
}

// (number, namespace, cause): a row in the table of errors.
void NativeSocketIoFailed(const Info& info) {
  if (SocketIoModule::Connection* connection = SocketIoConnectionOf(info)) {
    connection->Failed(TextArgument(info, 1), TextArgument(info, 2));
  }
}

void NativeSocketIoWarn(const Info& info) {
  BoundTo<SocketIoModule>(info).vu().logger().Log(LogLevel::kWarn, "Socket.IO",
                                                  {{"error", TextArgument(info, 0)}});
}

void NativeSocketIoTransport(const Info& info) {
  if (SocketIoModule::Connection* connection = SocketIoConnectionOf(info)) {
    info.GetReturnValue().Set(JsText(info.GetIsolate(), connection->transport()));
  }
}

void NativeSocketIoIteration(const Info& info) {
  info.GetReturnValue().Set(static_cast<double>(BoundTo<SocketIoModule>(info).iterations()));
}

}  // namespace

SocketIoModule::SocketIoModule(ApiVu& vu)
    : vu_(vu), metrics_(vu, SocketIoMeter::Definitions()), timers_(vu) {}
SocketIoModule::~SocketIoModule() = default;

EngineEnv& SocketIoModule::env() {
  if (!env_) {
    env_.emplace(
        EngineEnv{vu_.http(), vu_.connections(), vu_.loop(),
                  [this](int64_t sent, int64_t received) { vu_.CountBytes(sent, received); }});
  }
  return *env_;
}

void SocketIoModule::EndIteration() {
  connections_.Clear();
  timers_.Clear();
}

uint64_t SocketIoModule::Open(v8::Isolate* isolate, SocketIoPlan plan,
                              v8::Local<v8::Function> emit) {
  const uint64_t number = connections_.NextNumber();
  connections_.Add(number,
                   std::make_unique<Connection>(*this, number, isolate, std::move(plan), emit));
  return number;
}

v8::Local<v8::Object> SocketIoModule::MakeExports(Context context) {
  const v8::Local<v8::Object> native = NativeObject(context,
                                                    {{"parse", NativeSocketIoParse},
                                                     {"open", NativeSocketIoOpen},
                                                     {"connect", NativeSocketIoConnect},
                                                     {"send", NativeSocketIoSend},
                                                     {"close", NativeSocketIoClose},
                                                     {"failed", NativeSocketIoFailed},
                                                     {"warn", NativeSocketIoWarn},
                                                     {"transport", NativeSocketIoTransport},
                                                     {"iteration", NativeSocketIoIteration}},
                                                    v8::External::New(context->GetIsolate(), this));
  timers_.AddFunctions(context, native);
  AddPart(context, native, "Emitter", "k6/emitter.js");
  AddPart(context, native, "Socket", "lockstep/socketio_socket.js");
  return ExportsOf(context, "lockstep/socketio.js", native);
}

}  // namespace lockstep::agent
