#include "agent/js/lockstep/mqtt_properties.h"

#include <cmath>
#include <map>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/bind/values.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

using MqttValue = v8::Local<v8::Value>;

constexpr double kMostMqttQos = 2, kMostMqttRetainHandling = 2;

// One property that a script may give, and what becomes of its value.
template <class Properties>
struct MqttProperty {
  const char* name;
  absl::Status (*read)(Context context, const char* name, MqttValue value, Properties* properties);
};

template <class Properties>
using MqttPropertyTable = std::vector<MqttProperty<Properties>>;

// Those of `value`, an object, that `table` has; there are no others. `value` may be undefined.
template <class Properties>
absl::Status ReadMqttProperties(Context context, MqttValue value, MqttVersion version,
                                const MqttPropertyTable<Properties>& table,
                                Properties* properties) {
  if (value->IsNullOrUndefined()) {
    return absl::OkStatus();
  }
  if (version != MqttVersion::k5) {
    return InvalidMqtt("properties", "they need protocolVersion: 5");
  }
  if (!IsPlainObject(value)) {
    return InvalidMqtt(context, "properties", "an object", value);
  }
  return ForEachOwnOrStatus(
      context, value.As<v8::Object>(), [&](const std::string& name, MqttValue item) {
        for (const MqttProperty<Properties>& property : table) {
          if (name == property.name) {
            return item->IsNullOrUndefined()
                       ? absl::OkStatus()
                       : property.read(context, property.name, item, properties);
          }
        }
        return absl::InvalidArgumentError(
            absl::StrCat("properties: unknown \"", name, "\"; there are ",
                         absl::StrJoin(table, ", ", [](std::string* text, const auto& property) {
                           absl::StrAppend(text, property.name);
                         })));
      });
}

template <class Properties, auto kMember>
absl::Status MqttTextProperty(Context context, const char* name, MqttValue value,
                              Properties* properties) {
  return ReadMqttText(context, name, value, &(properties->*kMember).emplace());
}

template <class Properties, auto kMember>
absl::Status MqttFlagProperty(Context context, const char*, MqttValue value,
                              Properties* properties) {
  properties->*kMember = value->BooleanValue(context->GetIsolate());
  return absl::OkStatus();
}

template <class Properties, auto kMember, int kLeast, uint32_t kMost>
absl::Status MqttNumberProperty(Context context, const char* name, MqttValue value,
                                Properties* properties) {
  double number = 0;
  LOCKSTEP_RETURN_IF_ERROR(ReadMqttNumber(context, name, value, kLeast, kMost, &number));
  using Number = typename std::remove_reference_t<decltype(properties->*kMember)>::value_type;
  properties->*kMember = static_cast<Number>(number);
  return absl::OkStatus();
}

template <class Properties>
absl::Status MqttUserProperty(Context context, const char* name, MqttValue value,
                              Properties* properties) {
  if (!IsPlainObject(value)) {
    return InvalidMqtt(context, name, "an object of texts", value);
  }
  const auto add = [&](const std::string& key, MqttValue item) {
    std::string text;
    if (!ToText(context, item, &text)) {
      return absl::CancelledError();
    }
    properties->user.emplace_back(key, std::move(text));
    return absl::OkStatus();
  };
  return ForEachOwnOrStatus(context, value.As<v8::Object>(),
                            [&](const std::string& key, MqttValue item) {
                              if (!item->IsArray()) {
                                return add(key, item);
                              }
                              const auto list = item.As<v8::Array>();
                              for (uint32_t i = 0; i < list->Length(); ++i) {
                                MqttValue each;
                                if (!list->Get(context, i).ToLocal(&each)) {
                                  return absl::CancelledError();
                                }
                                LOCKSTEP_RETURN_IF_ERROR(add(key, each));
                              }
                              return absl::OkStatus();
                            });
}

MqttPropertyTable<MqttProperties> MqttMessageTable() {
  using P = MqttProperties;
  return {{"contentType", MqttTextProperty<P, &P::content_type>},
          {"correlationData", MqttTextProperty<P, &P::correlation_data>},
          {"messageExpiryInterval", MqttNumberProperty<P, &P::message_expiry, 0, UINT32_MAX>},
          {"payloadFormatIndicator", MqttFlagProperty<P, &P::payload_is_text>},
          {"responseTopic", MqttTextProperty<P, &P::response_topic>},
          {"userProperties", MqttUserProperty<P>}};
}

MqttPropertyTable<MqttProperties> MqttWillTable() {
  using P = MqttProperties;
  MqttPropertyTable<P> table = MqttMessageTable();
  table.push_back({"willDelayInterval", MqttNumberProperty<P, &P::will_delay, 0, UINT32_MAX>});
  return table;
}

MqttPropertyTable<MqttConnectProperties> MqttConnectTable() {
  using P = MqttConnectProperties;
  return {{"maximumPacketSize", MqttNumberProperty<P, &P::maximum_packet_size, 1, UINT32_MAX>},
          {"receiveMaximum", MqttNumberProperty<P, &P::receive_maximum, 1, UINT16_MAX>},
          {"requestProblemInformation", MqttFlagProperty<P, &P::request_problem_information>},
          {"requestResponseInformation", MqttFlagProperty<P, &P::request_response_information>},
          {"sessionExpiryInterval", MqttNumberProperty<P, &P::session_expiry, 0, UINT32_MAX>},
          {"userProperties", MqttUserProperty<P>}};
}

MqttPropertyTable<MqttSubscription> MqttSubscriptionTable() {
  using P = MqttSubscription;
  constexpr uint32_t kMostIdentifier = 268'435'455;  // of the protocol
  return {{"subscriptionIdentifier", MqttNumberProperty<P, &P::identifier, 1, kMostIdentifier>},
          {"userProperties", MqttUserProperty<P>}};
}

absl::Status ReadMqttQos(Context context, MqttValue value, int* qos) {
  if (value->IsNullOrUndefined()) {
    return absl::OkStatus();
  }
  double number = 0;
  LOCKSTEP_RETURN_IF_ERROR(ReadMqttNumber(context, "qos", value, 0, kMostMqttQos, &number));
  *qos = static_cast<int>(number);
  return absl::OkStatus();
}

absl::Status ReadMqttMessage(Context context, v8::Local<v8::Object> options, MqttVersion version,
                             const MqttPropertyTable<MqttProperties>& table, MqttMessage* message) {
  MqttValue qos, retain, properties;
  if (!GetProperty(context, options, "qos", &qos) ||
      !GetProperty(context, options, "retain", &retain) ||
      !GetProperty(context, options, "properties", &properties)) {
    return absl::CancelledError();
  }
  LOCKSTEP_RETURN_IF_ERROR(ReadMqttQos(context, qos, &message->qos));
  message->retain = retain->BooleanValue(context->GetIsolate());
  return ReadMqttProperties(context, properties, version, table, &message->properties);
}

// A number, or a list of several.
MqttValue MqttSubscriptionsValue(Context context, const std::vector<uint32_t>& subscriptions) {
  if (subscriptions.size() == 1) {
    return JsNumber(context, subscriptions.front());
  }
  return ArrayOf(context, subscriptions);
}

// A name that comes several times has a list, as mqtt.js has it.
v8::Local<v8::Object> MqttUserValue(Context context, const MqttUserProperties& user) {
  v8::Isolate* isolate = context->GetIsolate();
  std::map<std::string, std::vector<MqttValue>> by_name;
  for (const auto& [name, text] : user) {
    by_name[name].push_back(JsText(isolate, text));
  }
  const v8::Local<v8::Object> value = v8::Object::New(isolate);
  for (auto& [name, texts] : by_name) {
    SetProperty(context, value, name,
                texts.size() == 1 ? texts.front() : ArrayOf(context, texts).As<v8::Value>());
  }
  return value;
}

}  // namespace

absl::Status InvalidMqtt(absl::string_view name, absl::string_view wanted) {
  return absl::InvalidArgumentError(absl::StrCat(name, ": ", wanted));
}

absl::Status InvalidMqtt(Context context, absl::string_view name, absl::string_view wanted,
                         v8::Local<v8::Value> value) {
  return InvalidMqtt(name, absl::StrCat(wanted, " is expected, got ", Shown(context, value)));
}

absl::Status ReadMqttText(Context context, absl::string_view name, v8::Local<v8::Value> value,
                          std::string* text) {
  return BytesOrText(context->GetIsolate(), value, text)
             ? absl::OkStatus()
             : InvalidMqtt(name, "a string or bytes are expected");
}

absl::Status ReadMqttNumber(Context context, absl::string_view name, v8::Local<v8::Value> value,
                            double least, double most, double* number) {
  *number = value->IsNumber() ? value.As<v8::Number>()->Value() : std::nan("");
  if (!(*number >= least && *number <= most) || std::trunc(*number) != *number) {
    return InvalidMqtt(context, name,
                       absl::StrCat("a whole number from ", static_cast<int64_t>(least), " to ",
                                    static_cast<int64_t>(most)),
                       value);
  }
  return absl::OkStatus();
}

absl::Status ReadMqttMessageOptions(Context context, v8::Local<v8::Object> options,
                                    MqttVersion version, MqttMessage* message) {
  return ReadMqttMessage(context, options, version, MqttMessageTable(), message);
}

absl::Status ReadMqttWillOptions(Context context, v8::Local<v8::Object> options,
                                 MqttVersion version, MqttMessage* will) {
  return ReadMqttMessage(context, options, version, MqttWillTable(), will);
}

absl::StatusOr<MqttSubscription> ReadMqttSubscription(Context context,
                                                      v8::Local<v8::Object> options,
                                                      MqttVersion version) {
  MqttSubscription how;
  MqttValue qos, no_local, as_published, handling, properties;
  if (!GetProperty(context, options, "qos", &qos) ||
      !GetProperty(context, options, "nl", &no_local) ||
      !GetProperty(context, options, "rap", &as_published) ||
      !GetProperty(context, options, "rh", &handling) ||
      !GetProperty(context, options, "properties", &properties)) {
    return absl::CancelledError();
  }
  LOCKSTEP_RETURN_IF_ERROR(ReadMqttQos(context, qos, &how.qos));
  for (const auto& [name, value] : {std::pair<const char*, MqttValue>{"nl", no_local},
                                    {"rap", as_published},
                                    {"rh", handling}}) {
    if (!value->IsNullOrUndefined() && version != MqttVersion::k5) {
      return InvalidMqtt(name, "it needs protocolVersion: 5");
    }
  }
  how.no_local = no_local->BooleanValue(context->GetIsolate());
  how.retain_as_published = as_published->BooleanValue(context->GetIsolate());
  if (!handling->IsNullOrUndefined()) {
    double number = 0;
    LOCKSTEP_RETURN_IF_ERROR(
        ReadMqttNumber(context, "rh", handling, 0, kMostMqttRetainHandling, &number));
    how.retain_handling = static_cast<int>(number);
  }
  LOCKSTEP_RETURN_IF_ERROR(
      ReadMqttProperties(context, properties, version, MqttSubscriptionTable(), &how));
  return how;
}

absl::Status ReadMqttConnectProperties(Context context, MqttValue value, MqttVersion version,
                                       MqttConnectProperties* properties) {
  return ReadMqttProperties(context, value, version, MqttConnectTable(), properties);
}

v8::Local<v8::Object> MqttPropertiesValue(Context context, const MqttProperties& properties) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> value = v8::Object::New(isolate);
  if (properties.content_type) {
    SetProperty(context, value, "contentType", *properties.content_type);
  }
  if (properties.response_topic) {
    SetProperty(context, value, "responseTopic", *properties.response_topic);
  }
  if (properties.correlation_data) {
    SetProperty(context, value, "correlationData", JsBytes(isolate, *properties.correlation_data));
  }
  if (properties.message_expiry) {
    SetProperty(context, value, "messageExpiryInterval", *properties.message_expiry);
  }
  if (properties.payload_is_text) {
    SetProperty(context, value, "payloadFormatIndicator", *properties.payload_is_text);
  }
  if (!properties.subscriptions.empty()) {
    SetProperty(context, value, "subscriptionIdentifier",
                MqttSubscriptionsValue(context, properties.subscriptions));
  }
  if (!properties.user.empty()) {
    SetProperty(context, value, "userProperties", MqttUserValue(context, properties.user));
  }
  return value;
}

}  // namespace lockstep::agent
