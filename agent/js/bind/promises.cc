#include "agent/js/bind/promises.h"

#include "agent/js/bind/functions.h"
#include "agent/js/bind/text.h"

namespace lockstep::agent {

v8::MaybeLocal<v8::Promise> Resolved(Context context, v8::Local<v8::Value> value) {
  v8::Local<v8::Promise::Resolver> resolver;
  return v8::Promise::Resolver::New(context).ToLocal(&resolver) &&
                 resolver->Resolve(context, value).IsJust()
             ? resolver->GetPromise()
             : v8::MaybeLocal<v8::Promise>();
}

v8::MaybeLocal<v8::Promise> Rejected(Context context, v8::Local<v8::Value> error) {
  v8::Local<v8::Promise::Resolver> resolver;
  return v8::Promise::Resolver::New(context).ToLocal(&resolver) &&
                 resolver->Reject(context, error).IsJust()
             ? resolver->GetPromise()
             : v8::MaybeLocal<v8::Promise>();
}

void ReturnResolved(const Info& info, v8::Local<v8::Value> value) {
  Return(info, Resolved(ContextOf(info), value));
}

void ReturnRejected(const Info& info, v8::Local<v8::Value> error) {
  Return(info, Rejected(ContextOf(info), error));
}

v8::Local<v8::Object> MakeError(v8::Isolate* isolate, absl::string_view name,
                                absl::string_view message) {
  const v8::Local<v8::String> text = JsText(isolate, message);
  if (name == "TypeError") {
    return v8::Exception::TypeError(text).As<v8::Object>();
  }
  if (name == "RangeError") {
    return v8::Exception::RangeError(text).As<v8::Object>();
  }
  const v8::Local<v8::Object> error = v8::Exception::Error(text).As<v8::Object>();
  if (name != "Error") {
    error
        ->DefineOwnProperty(isolate->GetCurrentContext(), JsName(isolate, "name"),
                            JsText(isolate, name), v8::DontEnum)
        .Check();
  }
  return error;
}

v8::Local<v8::Object> MakeError(v8::Isolate* isolate, const absl::Status& status) {
  const char* name = absl::IsInvalidArgument(status) ? "TypeError"
                     : absl::IsOutOfRange(status)    ? "RangeError"
                                                     : "Error";
  return MakeError(isolate, name, status.message());
}

}  // namespace lockstep::agent
