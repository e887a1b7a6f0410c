#include "agent/js/k6/mqtt_options.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/http/url.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/script_duration.h"
#include "agent/js/k6/script_tags.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

using Context = v8::Local<v8::Context>;

constexpr int kMqttPlainPort = 1883, kMqttTlsPort = 8883;
constexpr double kLeastKeepalive = 5, kMostKeepalive = 65535;

absl::Status InvalidMqtt(absl::string_view name, absl::string_view wanted) {
  return absl::InvalidArgumentError(absl::StrCat(name, ": ", wanted));
}

absl::StatusOr<MqttSpec> ReadMqttUrl(const std::string& text) {
  LOCKSTEP_ASSIGN_OR_RETURN(const Url url, ParseUrl(text));
  MqttSpec spec;
  spec.secure = url.scheme == "mqtts" || url.scheme == "ssl" || url.scheme == "tls";
  if (!spec.secure && url.scheme != "mqtt" && url.scheme != "tcp") {
    const bool web = url.scheme == "ws" || url.scheme == "wss";
    return absl::InvalidArgumentError(
        absl::StrCat("a URL with the scheme mqtt or mqtts is expected, got \"", url.scheme, "\"",
                     web ? "; MQTT over WebSockets is not there" : ""));
  }
  spec.host = url.host;
  spec.port = url.port != 0 ? url.port : spec.secure ? kMqttTlsPort : kMqttPlainPort;
  if (url.has_credentials) {
    spec.username = url.user;
    spec.password = url.password;
  }
  return spec;
}

absl::Status ReadMqttText(Context context, absl::string_view name, v8::Local<v8::Value> value,
                          std::string* text) {
  return BytesOrText(context->GetIsolate(), value, text)
             ? absl::OkStatus()
             : InvalidMqtt(name, "a text or bytes are expected");
}

absl::Status ReadMqttNumber(absl::string_view name, v8::Local<v8::Value> value, double least,
                            double most, double* number) {
  *number = value->IsNumber() ? value.As<v8::Number>()->Value() : std::nan("");
  if (!(*number >= least && *number <= most) || std::trunc(*number) != *number) {
    return InvalidMqtt(name, absl::StrCat("a whole number from ", static_cast<int64_t>(least),
                                          " to ", static_cast<int64_t>(most), " is expected"));
  }
  return absl::OkStatus();
}

absl::Status ReadMqttUserProperties(Context context, v8::Local<v8::Value> value,
                                    MqttProperties* properties) {
  if (!IsPlainObject(value)) {
    return InvalidMqtt("userProperties", "an object of texts is expected");
  }
  return ForEachOwnOrStatus(context, value.As<v8::Object>(),
                            [&](const std::string& name, v8::Local<v8::Value> item) {
                              std::string text;
                              if (!ToText(context, item, &text)) {
                                return absl::CancelledError();
                              }
                              properties->user.emplace_back(name, std::move(text));
                              return absl::OkStatus();
                            });
}

absl::Status ReadMqttProperty(Context context, const std::string& name, v8::Local<v8::Value> value,
                              MqttProperties* properties) {
  if (name == "contentType") {
    return ReadMqttText(context, name, value, &properties->content_type.emplace());
  }
  if (name == "responseTopic") {
    return ReadMqttText(context, name, value, &properties->response_topic.emplace());
  }
  if (name == "correlationData") {
    return ReadMqttText(context, name, value, &properties->correlation_data.emplace());
  }
  if (name == "payloadFormatIndicator") {
    properties->payload_is_text = value->BooleanValue(context->GetIsolate());
    return absl::OkStatus();
  }
  if (name == "messageExpiryInterval") {
    double seconds = 0;
    LOCKSTEP_RETURN_IF_ERROR(ReadMqttNumber(name, value, 0, 4294967295.0, &seconds));
    properties->message_expiry = static_cast<uint32_t>(seconds);
    return absl::OkStatus();
  }
  if (name == "userProperties") {
    return ReadMqttUserProperties(context, value, properties);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("properties: unknown \"", name,
                   "\"; there are contentType, correlationData, "
                   "messageExpiryInterval, payloadFormatIndicator, responseTopic, userProperties"));
}

absl::Status ReadMqttWill(Context context, v8::Local<v8::Value> value, MqttPlan* plan) {
  MqttMessage& will = plan->spec.will.emplace();
  v8::Local<v8::Value> topic, payload;
  if (!IsPlainObject(value)) {
    return InvalidMqtt("will", "an object with topic and payload is expected");
  }
  const auto object = value.As<v8::Object>();
  if (!GetProperty(context, object, "topic", &topic) ||
      !GetProperty(context, object, "payload", &payload)) {
    return absl::CancelledError();
  }
  LOCKSTEP_RETURN_IF_ERROR(ReadMqttText(context, "will.topic", topic, &will.topic));
  if (!payload->IsNullOrUndefined()) {
    LOCKSTEP_RETURN_IF_ERROR(ReadMqttText(context, "will.payload", payload, &will.payload));
  }
  return ReadMqttMessageOptions(context, object, plan->spec.version, &will);
}

absl::Status ReadMqttOption(Context context, ApiVu& vu, const std::string& name,
                            v8::Local<v8::Value> value, MqttPlan* plan) {
  MqttSpec& spec = plan->spec;
  v8::Isolate* isolate = context->GetIsolate();
  double number = 0;
  if (value->IsNullOrUndefined()) {
    return absl::OkStatus();
  }
  const std::pair<absl::string_view, std::string*> texts[] = {{"clientId", &spec.client_id},
                                                              {"ca", &spec.ca},
                                                              {"cert", &spec.cert},
                                                              {"key", &spec.key},
                                                              {"passphrase", &spec.passphrase}};
  for (const auto& [known, text] : texts) {
    if (name == known) {
      return ReadMqttText(context, name, value, text);
    }
  }
  if (name == "username" || name == "password") {
    return ReadMqttText(context, name, value,
                        &(name == "username" ? spec.username : spec.password).emplace());
  }
  if (name == "clean") {
    spec.clean = value->BooleanValue(isolate);
  } else if (name == "rejectUnauthorized") {
    spec.verify = value->BooleanValue(isolate);
  } else if (name == "keepalive") {
    LOCKSTEP_RETURN_IF_ERROR(ReadMqttNumber(name, value, 0, kMostKeepalive, &number));
    if (number > 0 && number < kLeastKeepalive) {
      return InvalidMqtt(name, "seconds are expected: 0 for never, or from 5 to 65535");
    }
    spec.keepalive = absl::Seconds(number);
  } else if (name == "connectTimeout") {
    LOCKSTEP_ASSIGN_OR_RETURN(spec.timeout, DurationOf(context, name, value));
  } else if (name == "protocolVersion") {
    if (!value->IsNumber() ||
        (value.As<v8::Number>()->Value() != 4 && value.As<v8::Number>()->Value() != 5)) {
      return InvalidMqtt(name, "4 (MQTT 3.1.1) or 5 is expected");
    }
    spec.version = value.As<v8::Number>()->Value() == 5 ? MqttVersion::k5 : MqttVersion::k311;
  } else if (name == "tags") {
    return AddScriptTags(context, value, vu.sink().tags(), &plan->tags);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadMqttQos(v8::Local<v8::Value> value, int* qos) {
  if (value->IsNullOrUndefined()) {
    return absl::OkStatus();
  }
  double number = 0;
  LOCKSTEP_RETURN_IF_ERROR(ReadMqttNumber("qos", value, 0, 2, &number));
  *qos = static_cast<int>(number);
  return absl::OkStatus();
}

absl::Status ReadMqttMessageOptions(Context context, v8::Local<v8::Object> options,
                                    MqttVersion version, MqttMessage* message) {
  v8::Local<v8::Value> qos, retain, properties;
  if (!GetProperty(context, options, "qos", &qos) ||
      !GetProperty(context, options, "retain", &retain) ||
      !GetProperty(context, options, "properties", &properties)) {
    return absl::CancelledError();
  }
  LOCKSTEP_RETURN_IF_ERROR(ReadMqttQos(qos, &message->qos));
  message->retain = retain->BooleanValue(context->GetIsolate());
  if (properties->IsNullOrUndefined()) {
    return absl::OkStatus();
  }
  if (version != MqttVersion::k5) {
    return InvalidMqtt("properties", "they need protocolVersion: 5");
  }
  if (!IsPlainObject(properties)) {
    return InvalidMqtt("properties", "an object is expected");
  }
  return ForEachOwnOrStatus(context, properties.As<v8::Object>(),
                            [&](const std::string& name, v8::Local<v8::Value> value) {
                              return ReadMqttProperty(context, name, value, &message->properties);
                            });
}

absl::StatusOr<MqttPlan> ReadMqttPlan(Context context, ApiVu& vu, const std::string& url,
                                      v8::Local<v8::Object> options) {
  MqttPlan plan;
  plan.tags = vu.tags();
  LOCKSTEP_ASSIGN_OR_RETURN(plan.spec, ReadMqttUrl(url));
  LOCKSTEP_RETURN_IF_ERROR(ForEachOwnOrStatus(
      context, options, [&](const std::string& name, v8::Local<v8::Value> value) {
        return ReadMqttOption(context, vu, name, value, &plan);
      }));
  // Last, as it depends on the version.
  v8::Local<v8::Value> will;
  if (!GetProperty(context, options, "will", &will)) {
    return absl::CancelledError();
  }
  if (!will->IsNullOrUndefined()) {
    LOCKSTEP_RETURN_IF_ERROR(ReadMqttWill(context, will, &plan));
  }
  TagSetTable& table = vu.sink().tags();
  const auto name = table.Find(plan.tags, SystemTagName(SystemTag::kName));
  const std::string shown = name ? std::string(*name) : MaskCredentials(url);
  for (const SystemTag tag : {SystemTag::kUrl, SystemTag::kName}) {
    if (vu.system_tags().Has(tag) && !(name && tag == SystemTag::kName)) {
      plan.tags = table.With(plan.tags, SystemTagName(tag), shown);
    }
  }
  return plan;
}

v8::Local<v8::Object> MqttPropertiesValue(Context context, const MqttProperties& properties) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> value = v8::Object::New(isolate);
  if (properties.content_type) {
    SetProperty(context, value, "contentType", JsText(isolate, *properties.content_type));
  }
  if (properties.response_topic) {
    SetProperty(context, value, "responseTopic", JsText(isolate, *properties.response_topic));
  }
  if (properties.correlation_data) {
    SetProperty(context, value, "correlationData", JsBytes(isolate, *properties.correlation_data));
  }
  if (properties.message_expiry) {
    SetProperty(context, value, "messageExpiryInterval",
                JsNumber(context, *properties.message_expiry));
  }
  if (properties.payload_is_text) {
    SetProperty(context, value, "payloadFormatIndicator",
                v8::Boolean::New(isolate, *properties.payload_is_text));
  }
  if (!properties.user.empty()) {
    const v8::Local<v8::Object> user = v8::Object::New(isolate);
    for (const auto& [name, text] : properties.user) {
      SetProperty(context, user, name, JsText(isolate, text));
    }
    SetProperty(context, value, "userProperties", user);
  }
  return value;
}

}  // namespace lockstep::agent
