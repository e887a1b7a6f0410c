// One connection of `k6/ws`, whose connect() blocks until it is over.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <v8.h>

#include "agent/js/k6/ws_session.h"

namespace lockstep::agent {

// The connection of one connect() call, which owns it on its stack.
class BlockingSocket final : public WebSocketListener {
 public:
  BlockingSocket(ApiVu& vu, WsPlan plan) : vu_(vu), plan_(std::move(plan)), meter_(vu, plan_) {}
  ~BlockingSocket() override {
    for (const auto& [id, timer] : timers_) {
      vu_.loop().Cancel(timer.id);
    }
    if (socket_ != nullptr) {
      OnSent();
    }
    meter_.Ended(socket_.get());
  }

  // The handshake. False when the VU was interrupted; otherwise the answer is in `response`.
  bool Open();
  // Calls handlers until the connection is closed. False with a pending exception.
  bool Run(Context context, v8::Local<v8::Function> body, v8::Local<v8::Object> object);

  const HttpResponse& response() const { return response_; }
  const WsPlan& plan() const { return plan_; }
  ApiVu& vu() { return vu_; }

  // ---- what the script's Socket does ----
  void On(v8::Isolate* isolate, const std::string& event, v8::Local<v8::Function> handler) {
    handlers_[event].emplace_back(isolate, handler);
  }
  // Waits until the server has taken enough of what was sent before. Once closing began, the
  // script's error handlers are called.
  void Send(Context context, absl::string_view message, bool binary) {
    if (!WaitForRoom(message.size())) {
      return;
    }
    if (!(binary ? socket_->SendBinary(message) : socket_->SendText(message))) {
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
  void OnSent() override {
    meter_.Sent(socket_->messages_sent());
    LetSend();
  }
  void OnText(std::string message) override { Push({Event::kText, std::move(message), 0}); }
  void OnBinary(std::string message) override { Push({Event::kBinary, std::move(message), 0}); }
  void OnPing(std::string) override { Push({Event::kPing, "", 0}); }
  void OnPong(std::string payload) override {
    meter_.Pong(payload);
    Push({Event::kPong, "", 0});
  }
  void OnClose(int code, std::string reason) override {
    over_ = true;
    Push({Event::kClose, std::move(reason), code});
    LetSend();
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
    backlog_.Add(socket_.get(), event.data.size());
    events_.push_back(std::move(event));
    if (wake_) {
      std::exchange(wake_, nullptr)();
    }
  }
  // The script, which waits for room.
  void LetSend() {
    if (room_) {
      std::exchange(room_, nullptr)();
    }
  }
  // Both return false where the VU was interrupted.
  bool WaitForRoom(size_t message_bytes);
  bool WaitForEvent();
  Event TakeEvent();
  bool Handle(Context context, Event event);
  bool Emit(Context context, const std::string& event,
            const std::vector<v8::Local<v8::Value>>& arguments = {});
  bool EmitError(Context context, absl::string_view message);
  // What a function does after its first `await` comes after connect(), as in k6: a socket that is
  // to be closed there would wait for ever without a word.
  bool Call(Context context, v8::Local<v8::Function> callback,
            std::vector<v8::Local<v8::Value>> arguments);
  bool PeerClosed(Context context, const WsEnd& end);
  void Arm(int64_t number);

  ApiVu& vu_;
  WsPlan plan_;
  WsMeter meter_;
  HttpResponse response_;
  std::unique_ptr<WebSocket> socket_;
  std::map<std::string, std::vector<v8::Global<v8::Function>>> handlers_;
  std::deque<Event> events_;
  WsBacklog backlog_;
  ApiVu::Task wake_;  // waits for an event
  ApiVu::Task room_;  // waits until more can be sent
  std::map<int64_t, Timer> timers_;
  int64_t last_timer_ = 0;
  bool closing_ = false;  // by us; only the end is waited for
  bool closed_ = false;
  bool over_ = false;  // nothing more can be sent, though the script may not know it yet
};

}  // namespace lockstep::agent
