#include "agent/js/k6/websockets.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/http/unsent.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/promises.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"
#include "agent/js/bind/values.h"
#include "agent/js/k6/k6_values.h"
#include "agent/js/k6/script_events.h"
#include "agent/js/k6/web_forms.h"

namespace lockstep::agent {

// One connection.
class WebSocketsModule::Socket final : public WebSocketListener {
 public:
  Socket(WebSocketsModule& module, uint64_t number, v8::Isolate* isolate, WsPlan plan,
         v8::Local<v8::Function> emit)
      : module_(module),
        number_(number),
        plan_(std::move(plan)),
        meter_(module.vu(), plan_),
        events_(module.vu(), isolate, emit) {
    socket_ = module_.vu().http().OpenWebSocket(module_.vu().connections(), plan_.request, *this);
  }
  ~Socket() override {
    OnSent();
    meter_.Ended(socket_.get());
  }

  WebSocket& connection() { return *socket_; }
  WsMeter& meter() { return meter_; }
  // The values of the answer's Sec-WebSocket-Extensions; none before OnOpen.
  const std::vector<std::string>& extensions() const { return extensions_; }

  void OnOpen(HttpResponse response) override {
    plan_.jar->SetAll(plan_.request.url, response.headers, module_.vu().loop().clock().Wall());
    meter_.Connected(response);
    for (auto& [name, value] : response.headers) {
      if (absl::EqualsIgnoreCase(name, "Sec-WebSocket-Extensions")) {
        extensions_.push_back(std::move(value));
      }
    }
    Announce("open", socket_->subprotocol());
  }
  // As in k6, the closing frame counts.
  void OnSent() override {
    meter_.Sent(socket_->messages_sent() + (socket_->close_sent() ? 1 : 0));
  }
  void OnText(std::string message) override {
    meter_.Received();
    Announce("text", std::move(message));
  }
  void OnBinary(std::string message) override {
    meter_.Received();
    Announce("binary", std::move(message));
  }
  void OnPing(std::string) override { Announce("ping", ""); }
  void OnPong(std::string payload) override {
    meter_.Pong(payload);
    Announce("pong", "");
  }
  void OnClose(int code, std::string reason) override {
    WsEnd end = DescribeEnd(code, std::move(reason));
    if (!closing_) {
      meter_.ClosedByPeer(end);
    }
    Last(std::move(end));
  }
  void Close(int code, absl::string_view reason) {
    closing_ = true;
    socket_->Close(code, reason);
  }
  void OnRefused(HttpResponse response) override {
    constexpr int kNoCode = 0;
    meter_.Connected(response);
    plan_.jar->SetAll(plan_.request.url, response.headers, module_.vu().loop().clock().Wall());
    std::string why = DescribeRefusal(response);
    module_.vu().logger().Log(LogLevel::kWarn, "Attempt to establish a WebSocket connection failed",
                              {{"error", why}});
    Last({kNoCode, "", response.status == 0 ? std::move(why) : "websocket: bad handshake"});
  }

 private:
  void Announce(const char* type, std::string data) {
    backlog_.Add(socket_.get(), data.size());
    events_.Announce([this, type, data = std::move(data)] {
      backlog_.Remove(socket_.get(), data.size());
      if (absl::string_view(type) == "binary") {
        events_.Emit(type, JsBytes(events_.isolate(), data), 0);
      } else {
        events_.Emit(type, data, 0);
      }
    });
  }

  // The connection's last events, after which there is no socket.
  void Last(WsEnd end) {
    events_.Last([this, end = std::move(end)] {
      WebSocketsModule& module = module_;
      const uint64_t number = number_;
      if (end.error.empty() || !events_.Emit("error", end.error, 0).IsEmpty()) {
        events_.Emit("close", end.reason, end.code);
      }
      module.sockets().Forget(number);
    });
  }

  WebSocketsModule& module_;
  const uint64_t number_;
  WsPlan plan_;
  WsMeter meter_;
  std::vector<std::string> extensions_;
  WsBacklog backlog_;
  bool closing_ = false;  // by the script
  ScriptEvents events_;
  std::unique_ptr<WebSocket> socket_;
};

namespace {

WebSocketsModule::Socket* SocketOf(const Info& info) {
  return BoundTo<WebSocketsModule>(info).sockets().Find(info[0]);
}

void NativeOpen(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  WebSocketsModule& module = BoundTo<WebSocketsModule>(info);
  if (module.vu().in_init()) {
    isolate->ThrowException(
        MakeError(isolate, "GoError", "using websockets in the init context is not supported"));
    return;
  }
  absl::StatusOr<WsPlan> plan = PlanWs(context, module.vu(), info[0], info[2], true);
  if (!plan.ok()) {
    if (!absl::IsCancelled(plan.status())) {
      isolate->ThrowException(MakeError(isolate, "GoError", plan.status().message()));
    }
    return;
  }
  const v8::Local<v8::Array> protocols = info[1].As<v8::Array>();
  for (uint32_t i = 0; i < protocols->Length(); ++i) {
    v8::Local<v8::Value> protocol;
    if (!protocols->Get(context, i).ToLocal(&protocol)) {
      return;
    }
    plan->request.subprotocols.push_back(TextOf(isolate, protocol.As<v8::String>()));
  }
  const uint64_t number = module.Open(isolate, *std::move(plan), info[3].As<v8::Function>());
  info.GetReturnValue().Set(static_cast<double>(number));
}

void NativeKnown(const Info& info) {
  info.GetReturnValue().Set(SocketOf(info) != nullptr);
}

// Whether `socket` takes another message; if not, an Error is thrown: a call of the web's class
// waits for nothing.
bool CheckRoomToSend(v8::Isolate* isolate, const WebSocket& socket, size_t message_bytes) {
  if (MayWait(socket.buffered_bytes(), message_bytes)) {
    return true;
  }
  ThrowError(isolate,
             absl::StrCat("websocket: more than ", kMostUnsentBytes,
                          " bytes would wait to be sent: the server has not taken them yet"));
  return false;
}

void NativeSendText(const Info& info) {
  WebSocketsModule::Socket* const socket = SocketOf(info);
  const std::string text = TextArgument(info, 1);
  if (socket != nullptr && CheckRoomToSend(info.GetIsolate(), socket->connection(), text.size())) {
    socket->connection().SendText(text);
  }
}

void NativeSendBinary(const Info& info) {
  WebSocketsModule::Socket* const socket = SocketOf(info);
  const std::string bytes = BytesOf(info[1]).value_or("");
  if (socket != nullptr && CheckRoomToSend(info.GetIsolate(), socket->connection(), bytes.size())) {
    socket->connection().SendBinary(bytes);
  }
}

void NativePing(const Info& info) {
  if (WebSocketsModule::Socket* socket = SocketOf(info)) {
    socket->connection().SendPing(socket->meter().Ping());
  }
}

void NativeClose(const Info& info) {
  int32_t code = 0;
  WebSocketsModule::Socket* socket = SocketOf(info);
  if (!info[1]->Int32Value(info.GetIsolate()->GetCurrentContext()).To(&code) || socket == nullptr) {
    return;
  }
  socket->Close(code, TextArgument(info, 2));
}

void NativeExtensions(const Info& info) {
  const WebSocketsModule::Socket* socket = SocketOf(info);
  info.GetReturnValue().Set(ArrayOf(
      ContextOf(info), socket == nullptr ? std::vector<std::string>() : socket->extensions()));
}

void NativeBuffered(const Info& info) {
  WebSocketsModule::Socket* socket = SocketOf(info);
  info.GetReturnValue().Set(
      socket == nullptr ? 0.0 : static_cast<double>(socket->connection().buffered_bytes()));
}

void NativeEncode(const Info& info) {
  info.GetReturnValue().Set(JsBytes(info.GetIsolate(), TextArgument(info, 0)));
}

void NativeTypeName(const Info& info) {
  info.GetReturnValue().Set(JsText(info.GetIsolate(), K6TypeName(info[0])));
}

void NativeWarn(const Info& info) {
  WarnOfCall(BoundTo<WebSocketsModule>(info).vu(), TextArgument(info, 0));
}

}  // namespace

WebSocketsModule::WebSocketsModule(ApiVu& vu) : vu_(vu) {}
WebSocketsModule::~WebSocketsModule() = default;

void WebSocketsModule::EndIteration() {
  sockets_.Clear();
}

uint64_t WebSocketsModule::Open(v8::Isolate* isolate, WsPlan plan, v8::Local<v8::Function> emit) {
  const uint64_t number = sockets_.NextNumber();
  sockets_.Add(number, std::make_unique<Socket>(*this, number, isolate, std::move(plan), emit));
  return number;
}

v8::Local<v8::Object> WebSocketsModule::MakeExports(Context context) {
  const v8::Local<v8::Object> native = NativeObject(context,
                                                    {{"open", NativeOpen},
                                                     {"known", NativeKnown},
                                                     {"sendText", NativeSendText},
                                                     {"sendBinary", NativeSendBinary},
                                                     {"ping", NativePing},
                                                     {"close", NativeClose},
                                                     {"buffered", NativeBuffered},
                                                     {"encode", NativeEncode},
                                                     {"extensions", NativeExtensions},
                                                     {"typeName", NativeTypeName},
                                                     {"warn", NativeWarn}},
                                                    v8::External::New(context->GetIsolate(), this));
  AddPart(context, native, "bindMethods", "k6/bound_methods.js");
  if (v8::Local<v8::Object> forms; WebForms(context).ToLocal(&forms)) {
    SetProperty(context, native, "blobs", forms);
  }
  return ExportsOf(context, "k6/websockets.js", native);
}

}  // namespace lockstep::agent
