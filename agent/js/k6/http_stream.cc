#include "agent/js/k6/http_stream.h"

#include <deque>
#include <optional>
#include <utility>

#include "agent/js/bind/functions.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/pending_promises.h"

namespace lockstep::agent {
namespace {

// Of the next piece, or of the end, which may be a failure.
PendingPromises::How ResolveWithPiece(std::optional<std::string> piece, const std::string& error) {
  if (!error.empty()) {
    return RejectWith(absl::UnknownError(error));
  }
  return ResolveWith([piece = std::move(piece)](Context context) -> v8::Local<v8::Value> {
    v8::Isolate* isolate = context->GetIsolate();
    return piece ? JsBytes(isolate, *piece).As<v8::Value>()
                 : v8::Undefined(isolate).As<v8::Value>();
  });
}

}  // namespace

class HttpStreams::Stream final : public HttpCallListener {
 public:
  Stream(uint64_t number, HttpCallEnv& env, HttpCallSpec spec, Done done)
      : number_(number), done_(std::move(done)) {
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

  // The promise of the next piece is settled, now or when it has come. False: nothing is to follow
  // it.
  bool Read(const PendingPromises::Settle& settle) {
    if (!pieces_.empty()) {
      std::string piece = std::move(pieces_.front());
      pieces_.pop_front();
      unread_bytes_ -= piece.size();
      if (unread_bytes_ <= kMostUnreadBytes / 2) {
        call_->Hold(false);
      }
      settle(ResolveWithPiece(std::move(piece), ""));
    } else if (ended_) {
      settle(ResolveWithPiece(std::nullopt, error_));
      return false;
    } else {
      readers_.push_back(settle);
    }
    return true;
  }

  void Stop() { call_->Stop(); }
  void TellReadersOfEnd() {
    while (!readers_.empty()) {
      Answer(std::nullopt, error_);
    }
  }

 private:
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

  void Answer(std::optional<std::string> piece, const std::string& error) {
    readers_.front()(ResolveWithPiece(std::move(piece), error));
    readers_.pop_front();
  }

  const uint64_t number_;
  Done done_;  // until the head
  std::unique_ptr<HttpCall> call_;
  std::deque<std::string> pieces_;  // come, and not read
  size_t unread_bytes_ = 0;
  std::deque<PendingPromises::Settle> readers_;  // who waits for the next pieces
  bool ended_ = false;
  std::string error_;
};

HttpStreams::HttpStreams(ApiVu& vu) : vu_(vu) {}
HttpStreams::~HttpStreams() = default;

uint64_t HttpStreams::Start(HttpCallEnv& env, HttpCallSpec spec, Done done) {
  const uint64_t number = streams_.NextNumber();
  streams_.Add(number, std::make_unique<Stream>(
                           number, env, std::move(spec),
                           [this, number, done = std::move(done)](Answer answer) mutable {
                             Done told = std::move(done);
                             if (answer.stream == 0) {
                               streams_.Forget(number);
                             }
                             told(std::move(answer));
                           }));
  return number;
}

void HttpStreams::Read(const Info& info) {
  const auto settle = vu_.promises().Begin(info);
  if (!settle) {
    return;
  }
  Stream* const stream = streams_.Find(info[0]);
  if (stream == nullptr) {
    (*settle)(ResolveWithPiece(std::nullopt, ""));
  } else if (!stream->Read(*settle)) {
    streams_.Forget(NumberArgument(info, 0));
  }
}

void HttpStreams::Stop(const Info& info) {
  if (Stream* const stream = streams_.Find(info[0])) {
    stream->Stop();
    stream->TellReadersOfEnd();
    streams_.Forget(NumberArgument(info, 0));
  }
}

void HttpStreams::StopAll() {
  for (const auto& [number, stream] : streams_.all()) {
    stream->Stop();
  }
  streams_.Clear();
}

void HttpStreams::Forget(uint64_t number) {
  streams_.Forget(number);
}

v8::MaybeLocal<v8::Value> HttpStreams::MakeBody(Context context, uint64_t number) {
  v8::Isolate* isolate = context->GetIsolate();
  if (make_body_.IsEmpty()) {
    const v8::FunctionCallback read = [](const Info& info) {
      BoundTo<HttpStreams>(info).Read(info);
    };
    const v8::FunctionCallback stop = [](const Info& info) {
      BoundTo<HttpStreams>(info).Stop(info);
    };
    const v8::Local<v8::Object> native =
        NativeObject(context, {{"read", read}, {"stop", stop}}, v8::External::New(isolate, this));
    v8::Local<v8::Value> make_body;
    if (!ResultOf(context, "k6/http_stream.js", {native}).ToLocal(&make_body)) {
      return {};
    }
    make_body_.Reset(isolate, make_body.As<v8::Function>());
  }
  v8::Local<v8::Value> argument = v8::Number::New(isolate, static_cast<double>(number));
  return make_body_.Get(isolate)->Call(context, v8::Undefined(isolate), 1, &argument);
}

}  // namespace lockstep::agent
