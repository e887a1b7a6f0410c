#include "agent/js/lockstep/mqtt_options.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/http/url.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/script_duration.h"
#include "agent/js/k6/script_tags.h"
#include "agent/js/lockstep/mqtt_properties.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

constexpr int kMqttPlainPort = 1883, kMqttTlsPort = 8883;
constexpr double kLeastKeepalive = 5, kMostKeepalive = 65535;

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

absl::Status ReadMqttWill(Context context, v8::Local<v8::Value> value, MqttPlan* plan) {
  MqttMessage& will = plan->spec.will.emplace();
  v8::Local<v8::Value> topic, payload;
  if (!IsPlainObject(value)) {
    return InvalidMqtt(context, "will", "an object with topic and payload", value);
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
  return ReadMqttWillOptions(context, object, plan->spec.version, &will);
}

// What lockstep/mqtt, as mqtt.js, calls an option of k6's.
std::string OfMqttJs(const std::string& k6_name) {
  constexpr std::pair<absl::string_view, absl::string_view> kNames[] = {
      {"client_id", "clientId"}, {"connect_timeout", "connectTimeout"}, {"clean_session", "clean"}};
  for (const auto& [k6, ours] : kNames) {
    if (k6_name == k6) {
      return std::string(ours);
    }
  }
  return k6_name;
}

absl::Status ReadMqttOption(Context context, ApiVu& vu, MqttModule::Face face,
                            const std::string& written, v8::Local<v8::Value> value,
                            MqttPlan* plan) {
  const std::string name = face == MqttModule::Face::kK6 ? OfMqttJs(written) : written;
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
      return ReadMqttText(context, written, value, text);
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
    LOCKSTEP_RETURN_IF_ERROR(ReadMqttNumber(context, name, value, 0, kMostKeepalive, &number));
    if (number > 0 && number < kLeastKeepalive) {
      return InvalidMqtt(context, name, "0 (never) or a number of seconds from 5 to 65535", value);
    }
    spec.keepalive = absl::Seconds(number);
  } else if (name == "connectTimeout") {
    LOCKSTEP_ASSIGN_OR_RETURN(spec.timeout, DurationOf(context, written, value));
  } else if (name == "protocolVersion") {
    if (!value->IsNumber() ||
        (value.As<v8::Number>()->Value() != 4 && value.As<v8::Number>()->Value() != 5)) {
      return InvalidMqtt(context, name, "4 (MQTT 3.1.1) or 5", value);
    }
    spec.version = value.As<v8::Number>()->Value() == 5 ? MqttVersion::k5 : MqttVersion::k311;
  } else if (name == "tags") {
    return AddScriptTags(context, "lockstep/mqtt: tags", value, vu, &plan->tags);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<MqttPlan> ReadMqttPlan(Context context, ApiVu& vu, MqttModule::Face face,
                                      const std::string& url, v8::Local<v8::Object> options) {
  MqttPlan plan;
  plan.tags = vu.tags();
  LOCKSTEP_ASSIGN_OR_RETURN(plan.spec, ReadMqttUrl(url));
  LOCKSTEP_RETURN_IF_ERROR(ForEachOwnOrStatus(
      context, options, [&](const std::string& name, v8::Local<v8::Value> value) {
        return ReadMqttOption(context, vu, face, name, value, &plan);
      }));
  // Last, as they depend on the version.
  v8::Local<v8::Value> will, properties;
  if (!GetProperty(context, options, "will", &will) ||
      !GetProperty(context, options, "properties", &properties)) {
    return absl::CancelledError();
  }
  LOCKSTEP_RETURN_IF_ERROR(
      ReadMqttConnectProperties(context, properties, plan.spec.version, &plan.spec.properties));
  if (!will->IsNullOrUndefined()) {
    LOCKSTEP_RETURN_IF_ERROR(ReadMqttWill(context, will, &plan));
  }
  plan.shown = TagConnection(vu, MaskCredentials(url), &plan.tags);
  return plan;
}

}  // namespace lockstep::agent
