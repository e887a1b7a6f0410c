#include "agent/js/k6/ws_blocking_socket.h"

#include "agent/http/unsent.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"

namespace lockstep::agent {

bool BlockingSocket::WaitForEvent() {
  if (!events_.empty()) {
    return true;
  }
  const bool resumed = vu_.Park([this](ApiVu::Task wake) { wake_ = std::move(wake); });
  wake_ = nullptr;
  return resumed;
}

bool BlockingSocket::WaitForRoom(size_t message_bytes) {
  while (!over_ && !MayWait(socket_->buffered_bytes(), message_bytes)) {
    const bool resumed = vu_.Park([this](ApiVu::Task wake) { room_ = std::move(wake); });
    room_ = nullptr;
    if (!resumed) {
      return false;
    }
  }
  return true;
}

BlockingSocket::Event BlockingSocket::TakeEvent() {
  Event event = std::move(events_.front());
  events_.pop_front();
  backlog_.Remove(socket_.get(), event.data.size());
  return event;
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
  TakeEvent();
  plan_.jar->SetAll(plan_.request.url, response_.headers, vu_.loop().clock().Wall());
  meter_.Connected(response_);
  return true;
}

bool BlockingSocket::Run(Context context, v8::Local<v8::Function> body,
                         v8::Local<v8::Object> object) {
  v8::Isolate* isolate = context->GetIsolate();
  if (!Call(context, body, {object}) || !Emit(context, "open")) {
    return false;
  }
  while (!closed_) {
    if (!WaitForEvent()) {
      return false;
    }
    Event event = TakeEvent();
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
      return Call(context, callback, {});
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
  meter_.ClosedByPeer(end);
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
  socket_->CloseAtOnce(code);
  return Emit(context, "close", {v8::Integer::New(context->GetIsolate(), code)});
}

bool BlockingSocket::Emit(Context context, const std::string& event,
                          const std::vector<v8::Local<v8::Value>>& arguments) {
  v8::Isolate* isolate = context->GetIsolate();
  const auto handlers = handlers_.find(event);
  for (size_t i = 0; handlers != handlers_.end() && i < handlers->second.size(); ++i) {
    if (!Call(context, handlers->second[i].Get(isolate), arguments)) {
      return false;
    }
  }
  return true;
}

bool BlockingSocket::Call(Context context, v8::Local<v8::Function> callback,
                          std::vector<v8::Local<v8::Value>> arguments) {
  v8::Local<v8::Value> returned;
  if (!callback
           ->Call(context, v8::Undefined(context->GetIsolate()), static_cast<int>(arguments.size()),
                  arguments.data())
           .ToLocal(&returned)) {
    return false;
  }
  if (returned->IsPromise() && returned.As<v8::Promise>()->State() == v8::Promise::kPending) {
    WarnOfCall(vu_,
               "k6/ws: a handler waits for a promise, and goes on only once connect() has "
               "returned; those of k6/websockets go on at once");
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

}  // namespace lockstep::agent
