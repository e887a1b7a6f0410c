#include "agent/js/k6/ws.h"

#include <cmath>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "agent/http/headers.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/ws_session.h"

namespace lockstep::agent {
namespace {

using Context = v8::Local<v8::Context>;
using Info = v8::FunctionCallbackInfo<v8::Value>;

constexpr int kGoingAway = 1001;

// The connection of one connect() call, which owns it on its stack.
class BlockingSocket final : public WebSocketListener {
 public:
  BlockingSocket(ApiVu& vu, WsPlan plan) : vu_(vu), plan_(std::move(plan)), meter_(vu, plan_) {}
  ~BlockingSocket() override {
    for (const auto& [id, timer] : timers_) {
      vu_.loop().Cancel(timer.id);
    }
    meter_.Ended(socket_.get());
  }

  // The handshake. False when the VU was interrupted; otherwise the answer is in `response`.
  bool Open();
  // Calls handlers until the connection is closed. False with a pending exception.
  bool Run(Context context, v8::Local<v8::Function> body, v8::Local<v8::Object> object);

  const HttpResponse& response() const { return response_; }
  const WsPlan& plan() const { return plan_; }

  // ---- what the script's Socket does ----
  void On(v8::Isolate* isolate, const std::string& event, v8::Local<v8::Function> handler) {
    handlers_[event].emplace_back(isolate, handler);
  }
  // Once closing began, the script's error handlers are called.
  void Send(Context context, absl::string_view message, bool binary) {
    if (binary ? socket_->SendBinary(message) : socket_->SendText(message)) {
      meter_.Sent();
    } else {
      EmitError(context, "websocket: close sent");
    }
  }
  void Ping() { socket_->SendPing(meter_.Ping()); }
  void SetTimer(v8::Isolate* isolate, v8::Local<v8::Function> callback, absl::Duration delay,
                bool repeats);
  // Says good-bye; the script's close handlers are called at once, as in k6.
  bool Close(Context context, int code);

  // ---- WebSocketListener ----
  void OnOpen(HttpResponse response) override {
    response_ = std::move(response);
    Push({Event::kHandshake, "", 0});
  }
  void OnRefused(HttpResponse response) override {
    response_ = std::move(response);
    Push({Event::kHandshake, "", 0});
  }
  void OnText(std::string message) override { Push({Event::kText, std::move(message), 0}); }
  void OnBinary(std::string message) override { Push({Event::kBinary, std::move(message), 0}); }
  void OnPing(std::string) override { Push({Event::kPing, "", 0}); }
  void OnPong(std::string payload) override {
    meter_.Pong(payload);
    Push({Event::kPong, "", 0});
  }
  void OnClose(int code, std::string reason) override {
    Push({Event::kClose, std::move(reason), code});
  }

 private:
  struct Event {
    enum Kind { kHandshake, kText, kBinary, kPing, kPong, kClose, kTimer } kind;
    std::string data;
    int64_t number;  // close code or timer
  };
  struct Timer {
    v8::Global<v8::Function> callback;
    absl::Duration delay;
    bool repeats;
    TimerId id;
  };

  void Push(Event event) {
    events_.push_back(std::move(event));
    if (wake_) {
      std::exchange(wake_, nullptr)();
    }
  }
  bool WaitForEvent();
  bool Handle(Context context, Event event);
  bool Emit(Context context, const std::string& event,
            std::vector<v8::Local<v8::Value>> arguments = {});
  bool EmitError(Context context, absl::string_view message);
  bool PeerClosed(Context context, const WsEnd& end);
  void Arm(int64_t number);

  ApiVu& vu_;
  WsPlan plan_;
  WsMeter meter_;
  HttpResponse response_;
  std::unique_ptr<WebSocket> socket_;
  std::map<std::string, std::vector<v8::Global<v8::Function>>> handlers_;
  std::deque<Event> events_;
  ApiVu::Task wake_;
  std::map<int64_t, Timer> timers_;
  int64_t last_timer_ = 0;
  bool closing_ = false;  // by us; only the end is waited for
  bool closed_ = false;
};

bool BlockingSocket::WaitForEvent() {
  if (!events_.empty()) {
    return true;
  }
  const bool resumed = vu_.Park([this](ApiVu::Task wake) { wake_ = std::move(wake); });
  wake_ = nullptr;
  return resumed;
}

bool BlockingSocket::Open() {
  if (!plan_.url_error.ok()) {
    response_.error.message = std::string(plan_.url_error.message());
    response_.started = vu_.loop().clock().Mono();
    meter_.Connected(response_);
    return true;
  }
  socket_ = vu_.http().OpenWebSocket(vu_.connections(), plan_.request, *this);
  if (!WaitForEvent()) {
    return false;
  }
  events_.pop_front();
  plan_.jar->SetAll(plan_.request.url, response_.headers, vu_.loop().clock().Wall());
  meter_.Connected(response_);
  return true;
}

bool BlockingSocket::Run(Context context, v8::Local<v8::Function> body,
                         v8::Local<v8::Object> object) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Value> argument = object;
  if (body->Call(context, v8::Undefined(isolate), 1, &argument).IsEmpty() ||
      !Emit(context, "open")) {
    return false;
  }
  while (!closed_) {
    if (!WaitForEvent()) {
      return false;
    }
    Event event = std::move(events_.front());
    events_.pop_front();
    const v8::HandleScope scope(isolate);
    if (!Handle(context, std::move(event))) {
      return false;
    }
  }
  return true;
}

bool BlockingSocket::Handle(Context context, Event event) {
  v8::Isolate* isolate = context->GetIsolate();
  if (event.kind == Event::kClose) {
    return PeerClosed(context, DescribeEnd(static_cast<int>(event.number), std::move(event.data)));
  }
  if (closing_) {
    return true;
  }
  switch (event.kind) {
    case Event::kText:
      meter_.Received();
      return Emit(context, "message", {JsText(isolate, event.data)});
    case Event::kBinary:
      meter_.Received();
      return Emit(context, "binaryMessage", {JsBytes(isolate, event.data)});
    case Event::kPing:
      return Emit(context, "ping");
    case Event::kPong:
      return Emit(context, "pong");
    case Event::kTimer: {
      const auto timer = timers_.find(event.number);
      const v8::Local<v8::Function> callback = timer->second.callback.Get(isolate);
      if (timer->second.repeats) {
        Arm(event.number);
      } else {
        timers_.erase(timer);
      }
      return !callback->Call(context, v8::Undefined(isolate), 0, nullptr).IsEmpty();
    }
    case Event::kHandshake:
    case Event::kClose:
      break;
  }
  return true;
}

bool BlockingSocket::PeerClosed(Context context, const WsEnd& end) {
  closed_ = true;
  if (closing_) {
    return true;
  }
  if (!end.error.empty() && !EmitError(context, end.error)) {
    return false;
  }
  return Emit(context, "close", {v8::Integer::New(context->GetIsolate(), end.code)});
}

bool BlockingSocket::Close(Context context, int code) {
  if (closing_ || closed_) {
    return true;
  }
  closing_ = true;
  socket_->Close(code, "");
  return Emit(context, "close", {v8::Integer::New(context->GetIsolate(), code)});
}

bool BlockingSocket::Emit(Context context, const std::string& event,
                          std::vector<v8::Local<v8::Value>> arguments) {
  v8::Isolate* isolate = context->GetIsolate();
  const auto handlers = handlers_.find(event);
  for (size_t i = 0; handlers != handlers_.end() && i < handlers->second.size(); ++i) {
    const v8::Local<v8::Function> handler = handlers->second[i].Get(isolate);
    if (handler
            ->Call(context, v8::Undefined(isolate), static_cast<int>(arguments.size()),
                   arguments.data())
            .IsEmpty()) {
      return false;
    }
  }
  return true;
}

bool BlockingSocket::EmitError(Context context, absl::string_view message) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Value> text = JsText(isolate, message);
  const v8::Local<v8::Object> error = v8::Object::New(isolate);
  SetProperty(context, error, "message", text);
  SetFunction(
      context, error, "error", [](const Info& info) { info.GetReturnValue().Set(info.Data()); },
      text);
  SetFunction(
      context, error, "toString", [](const Info& info) { info.GetReturnValue().Set(info.Data()); },
      text);
  return Emit(context, "error", {error});
}

void BlockingSocket::SetTimer(v8::Isolate* isolate, v8::Local<v8::Function> callback,
                              absl::Duration delay, bool repeats) {
  const int64_t number = ++last_timer_;
  timers_[number] =
      Timer{v8::Global<v8::Function>(isolate, callback), delay, repeats, TimerId::kNone};
  Arm(number);
}

void BlockingSocket::Arm(int64_t number) {
  Timer& timer = timers_[number];
  timer.id = vu_.loop().After(timer.delay, [this, number] { Push({Event::kTimer, "", number}); });
}

// The socket behind a method call; null once its connect() has returned, when methods do nothing.
BlockingSocket* BlockingSocketOf(const Info& info) {
  return static_cast<BlockingSocket*>(info.This()->GetAlignedPointerFromInternalField(0));
}

void SocketOn(const Info& info) {
  std::string event;
  if (!ToText(ContextOf(info), info[0], &event)) {
    return;
  }
  if (!info[1]->IsFunction()) {
    ThrowTypeError(info.GetIsolate(), "Socket.on(): a function is expected as the second argument");
    return;
  }
  if (BlockingSocket* socket = BlockingSocketOf(info)) {
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
  const v8::Local<v8::FunctionTemplate> made = v8::FunctionTemplate::New(isolate);
  made->SetClassName(JsName(isolate, "Socket"));
  made->InstanceTemplate()->SetInternalFieldCount(1);
  const v8::Local<v8::Signature> signature = v8::Signature::New(isolate, made);
  const std::pair<const char*, v8::FunctionCallback> methods[] = {
      {"on", SocketOn},
      {"send", SocketSend},
      {"sendBinary", SocketSendBinary},
      {"ping", SocketPing},
      {"close", SocketClose},
      {"setTimeout", SocketTimer<false>},
      {"setInterval", SocketTimer<true>}};
  for (const auto& [name, method] : methods) {
    made->PrototypeTemplate()->Set(JsName(isolate, name),
                                   v8::FunctionTemplate::New(isolate, method, {}, signature));
  }
  v8::Local<v8::Object> object;
  if (!made->InstanceTemplate()->NewInstance(context).ToLocal(&object)) {
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
      SetProperty(context, headers, key, JsText(isolate, value));
    }
  }
  SetProperty(context, answer, "url",
              JsText(isolate, response.status == 101 ? socket.plan().url_text : ""));
  SetProperty(context, answer, "status", v8::Integer::New(isolate, response.status));
  SetProperty(context, answer, "headers", headers);
  SetProperty(context, answer, "body", JsText(isolate, response.body));
  SetProperty(context, answer, "error", JsText(isolate, error));
  return answer;
}

void Connect(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = ContextOf(info);
  ApiVu& vu = BoundTo<ApiVu>(info);
  if (vu.in_init()) {
    ThrowError(isolate, "using websockets in the init context is not supported");
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
    if (!absl::IsCancelled(plan.status())) {
      ThrowError(isolate, plan.status().message());
    }
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
