#include "agent/js/k6/http_stream.h"

#include <deque>
#include <optional>
#include <utility>

#include "agent/js/bind/embedded_scripts.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"

namespace lockstep::agent {
namespace {

void SettleStreamRead(Context context, v8::Local<v8::Promise::Resolver> resolver,
                      const std::optional<std::string>& piece, const std::string& error) {
  v8::Isolate* isolate = context->GetIsolate();
  if (!error.empty()) {
    resolver->Reject(context, v8::Exception::Error(JsText(isolate, error))).FromMaybe(false);
    return;
  }
  v8::Local<v8::Value> value = v8::Undefined(isolate);
  if (piece) {
    value = JsBytes(isolate, *piece);
  }
  resolver->Resolve(context, value).FromMaybe(false);
}

}  // namespace

class HttpStreams::Stream final : public HttpCallListener {
 public:
  Stream(ApiVu& vu, uint64_t number, HttpCallEnv& env, HttpCallSpec spec, Done done)
      : vu_(vu), number_(number), done_(std::move(done)) {
    spec.listener = this;
    call_ = std::make_unique<HttpCall>(env, std::move(spec));
    call_->Start([this](HttpCallResult& result) { OnEnd(std::move(result)); });
  }

  void OnHead(HttpCallResult head) override {
    std::exchange(done_, nullptr)({std::move(head), number_});
  }

  void OnBody(std::string piece) override {
    if (!readers_.empty()) {
      Answer(std::move(piece), "");
      return;
    }
    unread_bytes_ += piece.size();
    pieces_.push_back(std::move(piece));
    if (unread_bytes_ > kMostUnreadBytes) {
      call_->Hold(true);
    }
  }

  // The promise of the next piece; true in `over` if nothing is to follow it.
  v8::MaybeLocal<v8::Promise> Read(Context context, bool* over) {
    v8::Local<v8::Promise::Resolver> resolver;
    if (!v8::Promise::Resolver::New(context).ToLocal(&resolver)) {
      return {};
    }
    if (!pieces_.empty()) {
      const std::string piece = std::move(pieces_.front());
      pieces_.pop_front();
      unread_bytes_ -= piece.size();
      if (unread_bytes_ <= kMostUnreadBytes / 2) {
        call_->Hold(false);
      }
      SettleStreamRead(context, resolver, piece, "");
    } else if (ended_) {
      *over = true;
      SettleStreamRead(context, resolver, std::nullopt, error_);
    } else {
      readers_.push_back({context->GetIsolate(),
                          v8::Global<v8::Promise::Resolver>(context->GetIsolate(), resolver),
                          vu_.Expect()});
    }
    return resolver->GetPromise();
  }

  void Stop() { call_->Stop(); }
  void TellReadersOfEnd() {
    while (!readers_.empty()) {
      Answer(std::nullopt, error_);
    }
  }

 private:
  struct Reader {
    v8::Isolate* isolate;
    v8::Global<v8::Promise::Resolver> resolver;
    absl::AnyInvocable<void(ApiVu::Task)> announce;
  };

  void OnEnd(HttpCallResult result) {
    if (done_) {
      std::exchange(done_, nullptr)({std::move(result), 0});
      return;
    }
    ended_ = true;
    const HttpError& error = result.response.error;
    error_ = error.code == 0 ? "" : error.in_full();
    TellReadersOfEnd();
  }

  void Answer(std::optional<std::string> piece, std::string error) {
    Reader reader = std::move(readers_.front());
    readers_.pop_front();
    reader.announce([isolate = reader.isolate, resolver = std::move(reader.resolver),
                     piece = std::move(piece), error = std::move(error)] {
      SettleStreamRead(isolate->GetCurrentContext(), resolver.Get(isolate), piece, error);
    });
  }

  ApiVu& vu_;
  const uint64_t number_;
  Done done_;  // until the head
  std::unique_ptr<HttpCall> call_;
  std::deque<std::string> pieces_;  // come, and not read
  size_t unread_bytes_ = 0;
  std::deque<Reader> readers_;  // who waits for the next pieces
  bool ended_ = false;
  std::string error_;
};

HttpStreams::HttpStreams(ApiVu& vu) : vu_(vu) {}
HttpStreams::~HttpStreams() = default;

uint64_t HttpStreams::Start(HttpCallEnv& env, HttpCallSpec spec, Done done) {
  const uint64_t number = ++last_;
  streams_[number] =
      std::make_unique<Stream>(vu_, number, env, std::move(spec),
                               [this, number, done = std::move(done)](Answer answer) mutable {
                                 Done told = std::move(done);
                                 if (answer.stream == 0) {
                                   streams_.erase(number);
                                 }
                                 told(std::move(answer));
                               });
  return number;
}

v8::MaybeLocal<v8::Promise> HttpStreams::Read(Context context, uint64_t number) {
  const auto known = streams_.find(number);
  if (known == streams_.end()) {
    v8::Local<v8::Promise::Resolver> resolver;
    if (!v8::Promise::Resolver::New(context).ToLocal(&resolver)) {
      return {};
    }
    SettleStreamRead(context, resolver, std::nullopt, "");
    return resolver->GetPromise();
  }
  bool over = false;
  v8::MaybeLocal<v8::Promise> promise = known->second->Read(context, &over);
  if (over) {
    streams_.erase(known);
  }
  return promise;
}

void HttpStreams::Stop(uint64_t number) {
  const auto known = streams_.find(number);
  if (known != streams_.end()) {
    known->second->Stop();
    known->second->TellReadersOfEnd();
    streams_.erase(known);
  }
}

void HttpStreams::StopAll() {
  for (const auto& [number, stream] : streams_) {
    stream->Stop();
  }
  streams_.clear();
}

void HttpStreams::Forget(uint64_t number) {
  streams_.erase(number);
}

v8::MaybeLocal<v8::Value> HttpStreams::MakeBody(Context context, uint64_t number) {
  v8::Isolate* isolate = context->GetIsolate();
  if (make_body_.IsEmpty()) {
    const v8::FunctionCallback read = [](const Info& info) {
      v8::Local<v8::Promise> promise;
      if (BoundTo<HttpStreams>(info)
              .Read(ContextOf(info), static_cast<uint64_t>(info[0].As<v8::Number>()->Value()))
              .ToLocal(&promise)) {
        info.GetReturnValue().Set(promise);
      }
    };
    const v8::FunctionCallback stop = [](const Info& info) {
      BoundTo<HttpStreams>(info).Stop(static_cast<uint64_t>(info[0].As<v8::Number>()->Value()));
    };
    const v8::Local<v8::Object> native =
        NativeObject(context, {{"read", read}, {"stop", stop}}, v8::External::New(isolate, this));
    v8::Local<v8::Value> make_body;
    if (!ResultOf(context, HttpStreamSource(), {native}).ToLocal(&make_body)) {
      return {};
    }
    make_body_.Reset(isolate, make_body.As<v8::Function>());
  }
  v8::Local<v8::Value> argument = v8::Number::New(isolate, static_cast<double>(number));
  return make_body_.Get(isolate)->Call(context, v8::Undefined(isolate), 1, &argument);
}

}  // namespace lockstep::agent
