#include "agent/js/k6/grpc_params.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/script_duration.h"
#include "agent/js/k6/script_tags.h"
#include "common/base/safe_integer.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

// The value as JSON shows it, for messages.
std::string Shown(Context context, v8::Local<v8::Value> value) {
  v8::Local<v8::String> json;
  const v8::TryCatch ignored(context->GetIsolate());
  return v8::JSON::Stringify(context, value).ToLocal(&json) ? TextOf(context->GetIsolate(), json)
                                                            : "";
}

absl::Status Unfit(Context context, absl::string_view param, v8::Local<v8::Value> value,
                   absl::string_view wanted) {
  return absl::InvalidArgumentError(absl::StrCat(
      "invalid ", param, " value: '", Shown(context, value), "', it needs to be ", wanted));
}

absl::Status ReadFlag(Context context, absl::string_view param, v8::Local<v8::Value> value,
                      bool* flag) {
  if (!value->IsBoolean()) {
    return Unfit(context, param, value, "boolean");
  }
  *flag = value.As<v8::Boolean>()->Value();
  return absl::OkStatus();
}

absl::Status ReadString(Context context, absl::string_view param, v8::Local<v8::Value> value,
                        std::string* text) {
  if (!value->IsString()) {
    return Unfit(context, param, value, "a string");
  }
  *text = TextOf(context->GetIsolate(), value.As<v8::String>());
  return absl::OkStatus();
}

absl::Status ReadSize(Context context, absl::string_view param, v8::Local<v8::Value> value,
                      int64_t* bytes) {
  const double number = value->IsNumber() ? value.As<v8::Number>()->Value() : -1;
  if (!(number >= 0 && number <= kMaxSafeInteger) ||
      number != static_cast<double>(static_cast<int64_t>(number))) {
    return Unfit(context, param, value, "a positive integer");
  }
  *bytes = static_cast<int64_t>(number);
  return absl::OkStatus();
}

absl::Status ReadTimeout(Context context, v8::Local<v8::Value> value, absl::Duration* timeout) {
  if (!value->IsNumber() && !value->IsString()) {
    return Unfit(context, "timeout", value, "a number of milliseconds or a string such as \"10s\"");
  }
  LOCKSTEP_ASSIGN_OR_RETURN(*timeout, DurationOf(context, "timeout", value));
  return *timeout > absl::ZeroDuration() ? absl::OkStatus()
                                         : Unfit(context, "timeout", value, "greater than zero");
}

absl::Status ReadMetadata(Context context, absl::string_view param, v8::Local<v8::Value> value,
                          GrpcMetadata* metadata) {
  if (!IsPlainObject(value)) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid ", param, " param: metadata must be an object with key-value pairs"));
  }
  return ForEachOwnOrStatus(
      context, value.As<v8::Object>(), [&](const std::string& name, v8::Local<v8::Value> given) {
        const std::string key = absl::AsciiStrToLower(name);
        std::string text;
        if (absl::EndsWith(key, "-bin")) {
          if (!BytesOrText(context->GetIsolate(), given, &text)) {
            return absl::InvalidArgumentError(absl::StrCat("invalid ", param, " param: metadata \"",
                                                           name, "\" value must be binary"));
          }
        } else if (given->IsString()) {
          text = TextOf(context->GetIsolate(), given.As<v8::String>());
        } else {
          return absl::InvalidArgumentError(absl::StrCat("invalid ", param, " param: metadata \"",
                                                         name, "\" value must be a string"));
        }
        LOCKSTEP_RETURN_IF_ERROR(CheckMetadata(key, text));
        metadata->emplace_back(key, std::move(text));
        return absl::OkStatus();
      });
}

absl::Status ReadTls(Context context, v8::Local<v8::Value> value, GrpcConnectSpec* spec) {
  if (!IsPlainObject(value)) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid tls value: '", Shown(context, value),
                     "', expected (optional) keys: cert, key, password, and cacerts"));
  }
  LOCKSTEP_RETURN_IF_ERROR(ForEachOwnOrStatus(
      context, value.As<v8::Object>(),
      [&](const std::string& name, v8::Local<v8::Value> given) -> absl::Status {
        if (given->IsNullOrUndefined()) {
          return absl::OkStatus();
        }
        const std::string param = absl::StrCat("tls ", name);
        if (name == "cert") {
          return ReadString(context, param, given, &spec->cert);
        }
        if (name == "key") {
          return ReadString(context, param, given, &spec->key);
        }
        if (name == "password") {
          return ReadString(context, param, given, &spec->password);
        }
        if (name != "cacerts") {
          return absl::InvalidArgumentError(
              absl::StrCat("invalid tls value: unknown key \"", name,
                           "\", expected (optional) keys: cert, key, password, and cacerts"));
        }
        if (!given->IsArray()) {
          return ReadString(context, param, given, &spec->cacerts.emplace_back());
        }
        return ForEachOwnOrStatus(
            context, given.As<v8::Object>(), [&](const std::string&, v8::Local<v8::Value> one) {
              return ReadString(context, param, one, &spec->cacerts.emplace_back());
            });
      }));
  if (spec->cert.empty() != spec->key.empty()) {
    return absl::InvalidArgumentError("invalid tls value: cert and key need each other");
  }
  return absl::OkStatus();
}

// Says which call it was; Cancelled stays.
absl::Status InCall(absl::string_view call, const absl::Status& status) {
  return status.ok() || absl::IsCancelled(status)
             ? status
             : absl::InvalidArgumentError(
                   absl::StrCat("invalid ", call, " parameters: ", status.message()));
}

// Reads the properties of the object `value`; undefined ones count as not given.
absl::Status ReadParams(
    Context context, v8::Local<v8::Value> value,
    absl::FunctionRef<absl::Status(const std::string& name, v8::Local<v8::Value> value)> read) {
  if (value.IsEmpty() || value->IsNullOrUndefined()) {
    return absl::OkStatus();
  }
  if (!value->IsObject()) {
    return absl::InvalidArgumentError("an object is expected");
  }
  return ForEachOwnOrStatus(
      context, value.As<v8::Object>(), [&](const std::string& name, v8::Local<v8::Value> given) {
        return given->IsNullOrUndefined() ? absl::OkStatus() : read(name, given);
      });
}

}  // namespace

absl::Status ReadConnectParams(Context context, v8::Local<v8::Value> value,
                               GrpcConnectParams* params) {
  GrpcConnectSpec& spec = params->spec;
  return InCall(
      "grpc.connect()",
      ReadParams(context, value, [&](const std::string& name, v8::Local<v8::Value> given) {
        if (name == "plaintext") {
          return ReadFlag(context, name, given, &spec.plaintext);
        }
        if (name == "timeout") {
          return ReadTimeout(context, given, &spec.timeout);
        }
        if (name == "reflect") {
          return ReadFlag(context, name, given, &params->reflect);
        }
        if (name == "reflectMetadata") {
          return ReadMetadata(context, name, given, &params->reflect_metadata);
        }
        if (name == "maxReceiveSize") {
          return ReadSize(context, name, given, &spec.max_receive_bytes);
        }
        if (name == "maxSendSize") {
          return ReadSize(context, name, given, &spec.max_send_bytes);
        }
        if (name == "tls") {
          return ReadTls(context, given, &spec);
        }
        if (name == "authority") {
          return ReadString(context, name, given, &spec.authority);
        }
        return absl::InvalidArgumentError(absl::StrCat("unknown connect param: \"", name, "\""));
      }));
}

absl::Status ReadCallParams(Context context, ApiVu& vu, v8::Local<v8::Value> value,
                            GrpcCallParams* params) {
  params->tags = vu.tags();
  return ReadParams(context, value, [&](const std::string& name, v8::Local<v8::Value> given) {
    if (name == "metadata") {
      return ReadMetadata(context, name, given, &params->metadata);
    }
    if (name == "tags") {
      return AddScriptTags(context, "k6/net/grpc: tags", given, vu, &params->tags);
    }
    if (name == "timeout") {
      return ReadTimeout(context, given, &params->timeout);
    }
    if (name == "discardResponseMessage") {
      return ReadFlag(context, name, given, &params->discard_message);
    }
    return absl::InvalidArgumentError(absl::StrCat("unknown param: \"", name, "\""));
  });
}

}  // namespace lockstep::agent
