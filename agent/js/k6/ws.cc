#include "agent/js/k6/ws.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "agent/http/headers.h"
#include "agent/js/bind/bound_methods.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/ws_blocking_socket.h"

namespace lockstep::agent {
namespace {

constexpr int kGoingAway = 1001;

// The socket behind a method call; null once its connect() has returned, when methods do nothing.
BlockingSocket* BlockingSocketOf(const Info& info) {
  return static_cast<BlockingSocket*>(info.This()->GetAlignedPointerFromInternalField(0));
}

void SocketOn(const Info& info) {
  std::string event;
  if (!ToText(ContextOf(info), info[0], &event)) {
    return;
  }
  BlockingSocket* const socket = BlockingSocketOf(info);
  if (socket == nullptr) {
    return;
  }
  static const auto& events = *new std::vector<std::string>{
      "binaryMessage", "close", "error", "message", "open", "ping", "pong"};
  if (std::find(events.begin(), events.end(), event) == events.end()) {
    WarnOfUnknown(socket->vu(), "k6/ws", "event", event, events);
  } else if (!info[1]->IsFunction()) {
    WarnOfCall(socket->vu(), absl::StrCat("k6/ws: the handler of \"", event, "\" is ",
                                          Shown(ContextOf(info), info[1]),
                                          ": without effect, as a function is expected"));
  } else {
    socket->On(info.GetIsolate(), event, info[1].As<v8::Function>());
  }
}

void SocketSend(const Info& info) {
  std::string message;
  BlockingSocket* socket = BlockingSocketOf(info);
  if (ToText(ContextOf(info), info[0], &message) && socket != nullptr) {
    socket->Send(ContextOf(info), message, false);
  }
}

void SocketSendBinary(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (info[0]->IsNullOrUndefined()) {
    ThrowTypeError(isolate, "missing argument, expected ArrayBuffer");
    return;
  }
  if (!info[0]->IsArrayBuffer()) {
    v8::Local<v8::Object> object;
    if (info[0]->ToObject(ContextOf(info)).ToLocal(&object)) {
      ThrowTypeError(isolate, absl::StrCat("expected ArrayBuffer as argument, received: ",
                                           TextOf(isolate, object->GetConstructorName())));
    }
    return;
  }
  if (BlockingSocket* socket = BlockingSocketOf(info)) {
    socket->Send(ContextOf(info), BytesOf(info[0]).value_or(""), true);
  }
}

void SocketPing(const Info& info) {
  if (BlockingSocket* socket = BlockingSocketOf(info)) {
    socket->Ping();
  }
}

void SocketClose(const Info& info) {
  int code = kGoingAway;
  if (info.Length() > 0 && !info[0]->Int32Value(ContextOf(info)).To(&code)) {
    return;
  }
  if (BlockingSocket* socket = BlockingSocketOf(info)) {
    socket->Close(ContextOf(info), code);
  }
}

template <bool kRepeats>
void SocketTimer(const Info& info) {
  const absl::string_view name = kRepeats ? "setInterval" : "setTimeout";
  if (!info[0]->IsFunction()) {
    ThrowTypeError(info.GetIsolate(), absl::StrCat(name, " requires a function"));
    return;
  }
  double milliseconds = 0;
  if (!info[1]->NumberValue(ContextOf(info)).To(&milliseconds)) {
    return;
  }
  if (!(milliseconds > 0)) {
    ThrowTypeError(
        info.GetIsolate(),
        absl::StrFormat("%s requires a >0 timeout parameter, received %.2f", name, milliseconds));
    return;
  }
  if (BlockingSocket* socket = BlockingSocketOf(info)) {
    socket->SetTimer(info.GetIsolate(), info[0].As<v8::Function>(),
                     absl::Milliseconds(milliseconds), kRepeats);
  }
}

v8::MaybeLocal<v8::Object> MakeSocketObject(Context context, BlockingSocket* socket) {
  v8::Isolate* isolate = context->GetIsolate();
  const auto complete = [isolate](v8::Local<v8::FunctionTemplate> made) {
    made->InstanceTemplate()->SetInternalFieldCount(1);
    SetPrototypeMethods(isolate, made,
                        {{"on", SocketOn},
                         {"send", SocketSend},
                         {"sendBinary", SocketSendBinary},
                         {"ping", SocketPing},
                         {"close", SocketClose},
                         {"setTimeout", SocketTimer<false>},
                         {"setInterval", SocketTimer<true>}});
  };
  v8::Local<v8::Object> object;
  if (!ClassTemplate(isolate, "Socket", nullptr, complete)
           ->InstanceTemplate()
           ->NewInstance(context)
           .ToLocal(&object)) {
    return {};
  }
  object->SetAlignedPointerInInternalField(0, socket);
  return object;
}

v8::Local<v8::Object> MakeAnswer(Context context, const BlockingSocket& socket,
                                 absl::string_view error) {
  v8::Isolate* isolate = context->GetIsolate();
  const HttpResponse& response = socket.response();
  const v8::Local<v8::Object> answer = v8::Object::New(isolate);
  const v8::Local<v8::Object> headers = v8::Object::New(isolate);
  for (const auto& [name, value] : response.headers) {
    std::string key = CanonicalHeader(name);
    if (key != "Transfer-Encoding") {  // undone already, so not shown, as in k6
      SetProperty(context, headers, key, value);
    }
  }
  SetProperty(context, answer, "url", response.status == 101 ? socket.plan().url_text : "");
  SetProperty(context, answer, "status", response.status);
  SetProperty(context, answer, "headers", headers);
  SetProperty(context, answer, "body", response.body);
  SetProperty(context, answer, "error", error);
  return answer;
}

void Connect(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = ContextOf(info);
  ApiVu& vu = BoundTo<ApiVu>(info);
  if (RefusedInInit(vu, isolate, "using websockets")) {
    return;
  }
  if (info.Length() < 2) {
    ThrowTypeError(isolate, "invalid number of arguments to ws.connect");
    return;
  }
  const v8::Local<v8::Value> body = info[1]->IsFunction() ? info[1] : info[2];
  if (!body->IsFunction()) {
    ThrowTypeError(isolate, "last argument to ws.connect must be a function");
    return;
  }
  absl::StatusOr<WsPlan> plan =
      PlanWs(context, vu, info[0], info[1]->IsFunction() ? info[2] : info[1], false);
  if (!plan.ok()) {
    ThrowErrorOf(isolate, plan.status());
    return;
  }
  BlockingSocket socket(vu, *std::move(plan));
  if (!socket.Open()) {
    return;
  }
  const HttpResponse& response = socket.response();
  if (response.status != 101) {
    const std::string why = DescribeRefusal(response);
    if (vu.options().throw_on_error) {
      ThrowError(isolate, why);
      return;
    }
    vu.logger().Log(LogLevel::kWarn, "Attempt to establish a WebSocket connection failed",
                    {{"error", why}});
    info.GetReturnValue().Set(MakeAnswer(context, socket, response.status == 0 ? why : ""));
    return;
  }
  v8::Local<v8::Object> object;
  if (!MakeSocketObject(context, &socket).ToLocal(&object)) {
    return;
  }
  const bool ran = socket.Run(context, body.As<v8::Function>(), object);
  object->SetAlignedPointerInInternalField(0, nullptr);
  if (ran) {
    info.GetReturnValue().Set(MakeAnswer(context, socket, ""));
  }
}

}  // namespace

v8::Local<v8::Object> MakeWsModule(Context context, ApiVu& vu) {
  const v8::Local<v8::Object> exports = v8::Object::New(context->GetIsolate());
  SetFunction(context, exports, "connect", Connect, v8::External::New(context->GetIsolate(), &vu));
  return exports;
}

}  // namespace lockstep::agent
