#include "agent/js/bind/errors.h"

#include "absl/strings/str_cat.h"

#include "agent/js/bind/text.h"

namespace lockstep::agent {

void ThrowTypeError(v8::Isolate* isolate, absl::string_view message) {
  isolate->ThrowException(v8::Exception::TypeError(JsText(isolate, message)));
}

void ThrowError(v8::Isolate* isolate, absl::string_view message) {
  isolate->ThrowException(v8::Exception::Error(JsText(isolate, message)));
}

void ThrowErrorOf(v8::Isolate* isolate, const absl::Status& status) {
  if (!absl::IsCancelled(status)) {
    ThrowError(isolate, status.message());
  }
}

void ThrowStatus(v8::Isolate* isolate, const absl::Status& status, absl::string_view what) {
  const v8::Local<v8::String> message =
      JsText(isolate, absl::StrCat(what, what.empty() ? "" : ": ", status.message()));
  switch (status.code()) {
    case absl::StatusCode::kCancelled:
      break;
    case absl::StatusCode::kInvalidArgument:
      isolate->ThrowException(v8::Exception::TypeError(message));
      break;
    case absl::StatusCode::kOutOfRange:
      isolate->ThrowException(v8::Exception::RangeError(message));
      break;
    default:
      isolate->ThrowException(v8::Exception::Error(message));
  }
}

void PassOn(v8::TryCatch& caught) {
  if (!caught.HasTerminated()) {
    caught.ReThrow();
  }
}

}  // namespace lockstep::agent
