#include "agent/js/k6/grpc_values.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "agent/grpc/builtin_protos.h"
#include "agent/http/url.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/bind/values.h"

namespace lockstep::agent {
namespace {

v8::Local<v8::Value> ParsedOr(Context context, absl::string_view json,
                              v8::Local<v8::Value> otherwise) {
  v8::Local<v8::Value> value;
  return v8::JSON::Parse(context, JsText(context->GetIsolate(), json)).ToLocal(&value) ? value
                                                                                       : otherwise;
}

}  // namespace

v8::Local<v8::Object> GrpcMetadataValue(Context context, const GrpcMetadata& metadata) {
  v8::Isolate* isolate = context->GetIsolate();
  std::map<absl::string_view, std::vector<v8::Local<v8::Value>>> values;
  for (const auto& [name, value] : metadata) {
    const bool binary = absl::EndsWith(name, "-bin");
    values[name].push_back(binary ? v8::Local<v8::Value>(JsBytes(isolate, value))
                                  : v8::Local<v8::Value>(JsText(isolate, value)));
  }
  const v8::Local<v8::Object> object = v8::Object::New(isolate);
  for (auto& [name, list] : values) {
    SetProperty(context, object, name, ArrayOf(context, list));
  }
  return object;
}

v8::Local<v8::Value> GrpcErrorValue(Context context, const GrpcRequest& request,
                                    const GrpcResult& result) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> error = v8::Object::New(isolate);
  SetProperty(context, error, "code", result.status);
  SetProperty(context, error, "message", result.error);
  v8::Local<v8::Value> details = v8::Array::New(isolate);
  if (!result.details.empty()) {
    // With the script's own files details of its types can be read, too.
    const google::protobuf::Message* status = BuiltinProtos().PrototypeOf("google.rpc.Status");
    if (const auto json = request.method->schema->Decode(*status, result.details); json.ok()) {
      const v8::Local<v8::Value> parsed = ParsedOr(context, *json, error);
      v8::Local<v8::Value> list;
      if (parsed->IsObject() && GetProperty(context, parsed.As<v8::Object>(), "details", &list) &&
          list->IsArray()) {
        details = list;
      }
    }
  }
  SetProperty(context, error, "details", details);
  return error;
}

absl::StatusOr<std::string> ReadGrpcMessage(const GrpcRequest& request, absl::string_view bytes) {
  if (request.discard_message) {
    return "";
  }
  const GrpcMethod& method = *request.method;
  absl::StatusOr<std::string> json = method.schema->Decode(*method.output, bytes);
  if (!json.ok()) {
    return absl::InternalError(
        absl::StrCat("grpc: failed to unmarshal the received message: ", json.status().message()));
  }
  return json;
}

GrpcAnswer ReadGrpcAnswer(const GrpcRequest& request, GrpcResult result) {
  GrpcAnswer answer{.result = std::move(result)};
  if (answer.result.status == 0) {
    absl::StatusOr<std::string> json = ReadGrpcMessage(request, answer.result.response);
    if (json.ok()) {
      answer.json = *std::move(json);
    } else {
      answer.result.status = static_cast<int>(json.status().code());
      answer.result.error = std::string(json.status().message());
    }
    answer.result.response = {};  // the JSON is enough to keep
  }
  return answer;
}

v8::MaybeLocal<v8::Value> GrpcMessageValue(Context context, absl::string_view json) {
  if (json.empty()) {
    return v8::Null(context->GetIsolate()).As<v8::Value>();
  }
  return v8::JSON::Parse(context, JsText(context->GetIsolate(), json));
}

v8::MaybeLocal<v8::Value> GrpcResponseValue(Context context, const GrpcRequest& request,
                                            const GrpcAnswer& answer) {
  const GrpcResult& result = answer.result;
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Value> message;
  v8::Local<v8::Value> error = v8::Null(isolate);
  if (result.status != 0) {
    error = GrpcErrorValue(context, request, result);
  }
  if (!GrpcMessageValue(context, answer.json).ToLocal(&message)) {
    return {};
  }
  const v8::Local<v8::Object> response = v8::Object::New(isolate);
  SetProperty(context, response, "status", result.status);
  SetProperty(context, response, "message", message);
  SetProperty(context, response, "error", error);
  SetProperty(context, response, "headers", GrpcMetadataValue(context, result.headers));
  SetProperty(context, response, "trailers", GrpcMetadataValue(context, result.trailers));
  return response;
}

void TagGrpcCall(ApiVu& vu, const std::string& address, GrpcRequest* request) {
  TagSetTable& table = vu.sink().tags();
  const auto set = [&](SystemTag tag, absl::string_view value) {
    if (vu.system_tags().Has(tag)) {
      request->tags = table.With(request->tags, SystemTagName(tag), value);
    }
  };
  set(SystemTag::kUrl, absl::StrCat(address, request->method->path));
  set(SystemTag::kService, request->method->service);
  set(SystemTag::kMethod, request->method->name);
  if (!table.Find(request->tags, SystemTagName(SystemTag::kName))) {
    set(SystemTag::kName, request->method->path);
  }
}

void MeasureGrpcCall(ApiVu& vu, const GrpcRequest& request, const GrpcResult& result) {
  TagSet tags = request.tags;
  if (vu.system_tags().Has(SystemTag::kStatus)) {
    tags =
        vu.sink().tags().With(tags, SystemTagName(SystemTag::kStatus), absl::StrCat(result.status));
  }
  vu.sink().Add(BuiltinMetric(builtin::kGrpcReqDuration), tags,
                absl::ToDoubleMilliseconds(result.duration), vu.loop().clock().Wall());
  vu.CountBytes(result.bytes_sent, result.bytes_received);
  // A script that cancels a call has wanted its end; a server or a proxy may cancel one, too.
  const auto code = static_cast<absl::StatusCode>(result.status);
  const bool wanted = code == absl::StatusCode::kCancelled && result.cancelled;
  if (code != absl::StatusCode::kOk && !wanted) {
    const std::string known = absl::StatusCodeToString(code);
    const std::string cause = known.empty() ? absl::StrCat("Code(", result.status, ")") : known;
    vu.AddError(cause, "GRPC", request.method->path);
  }
}

void CountGrpcConnectFailure(ApiVu& vu, absl::string_view address, const absl::Status& status) {
  if (!status.ok() && !absl::IsCancelled(status) && !absl::IsInvalidArgument(status)) {
    // Without the words that all of them begin with, which leave no room in a row for what differs.
    absl::string_view cause = status.message();
    if (absl::ConsumePrefix(&cause, "connection error: desc = \"")) {
      absl::ConsumeSuffix(&cause, "\"");
    }
    absl::ConsumePrefix(&cause, "transport: ");
    absl::ConsumePrefix(&cause, "error while dialing: ");
    vu.AddError(cause, "GRPC", MaskCredentials(address));
  }
}

void CountGrpc(ApiVu& vu, const GrpcRequest& request, uint32_t metric) {
  vu.sink().Add(BuiltinMetric(metric), request.tags, 1, vu.loop().clock().Wall());
}

}  // namespace lockstep::agent
