#include "agent/js/lockstep/mqtt.h"

#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"
#include "agent/js/bind/values.h"
#include "agent/js/k6/script_tags.h"
#include "agent/js/lockstep/mqtt_connection.h"
#include "agent/js/lockstep/mqtt_options.h"
#include "agent/js/lockstep/mqtt_properties.h"

namespace lockstep::agent {
namespace {

// (url, options, emit): the connection's number.
void NativeMqttOpen(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  MqttModule& module = BoundTo<MqttModule>(info);
  if (RefusedInInit(module.vu(), isolate, "connecting to an MQTT broker")) {
    return;
  }
  absl::StatusOr<MqttPlan> plan = ReadMqttPlan(ContextOf(info), module.vu(), module.face(),
                                               TextArgument(info, 0), info[1].As<v8::Object>());
  absl::StatusOr<uint64_t> number =
      plan.ok() ? module.Open(isolate, *std::move(plan), info[2].As<v8::Function>())
                : absl::StatusOr<uint64_t>(plan.status());
  if (!number.ok()) {
    ThrowStatus(isolate, number.status(), "mqtt.connect()");
    return;
  }
  info.GetReturnValue().Set(static_cast<double>(*number));
}

MqttModule::Connection* MqttConnectionOf(const Info& info) {
  MqttModule::Connection* const connection = BoundTo<MqttModule>(info).connections().Find(info[0]);
  if (connection == nullptr) {
    ThrowError(info.GetIsolate(), kNoMqttConnection);
  }
  return connection;
}

// (number): whether there is such a connection, or its end is still to be told.
void NativeMqttKnown(const Info& info) {
  info.GetReturnValue().Set(BoundTo<MqttModule>(info).connections().Find(info[0]) != nullptr);
}

void NativeMqttIteration(const Info& info) {
  info.GetReturnValue().Set(static_cast<double>(BoundTo<MqttModule>(info).iterations()));
}

void ReturnMqtt(const Info& info, absl::string_view what, const absl::StatusOr<int>& id) {
  if (id.ok()) {
    info.GetReturnValue().Set(*id);
  } else {
    ThrowStatus(info.GetIsolate(), id.status(), what);
  }
}

// The tags that `options` give the samples of one request.
absl::Status AddMqttTags(const Info& info, v8::Local<v8::Object> options, TagSet* tags) {
  v8::Local<v8::Value> given;
  return GetProperty(ContextOf(info), options, "tags", &given)
             ? AddScriptTags(ContextOf(info), "lockstep/mqtt: tags", given,
                             BoundTo<MqttModule>(info).vu(), tags)
             : absl::CancelledError();
}

// (number, topic, message, options)
void NativeMqttPublish(const Info& info) {
  const Context context = ContextOf(info);
  MqttModule::Connection* const connection = MqttConnectionOf(info);
  MqttMessage message;
  if (connection == nullptr || !ToText(context, info[1], &message.topic)) {
    return;
  }
  if (!BytesOrText(info.GetIsolate(), info[2], &message.payload)) {
    ThrowTypeError(info.GetIsolate(),
                   "publish(): the message must be a string, an ArrayBuffer or a typed array");
    return;
  }
  absl::Status read = info[3]->IsObject()
                          ? ReadMqttMessageOptions(context, info[3].As<v8::Object>(),
                                                   connection->version(), &message)
                          : absl::InvalidArgumentError("the options must be an object");
  TagSet tags = connection->TagsOf(message.qos);
  if (read.ok()) {
    read = AddMqttTags(info, info[3].As<v8::Object>(), &tags);
  }
  ReturnMqtt(info, "publish()",
             read.ok() ? connection->Publish(message, tags) : absl::StatusOr<int>(read));
}

bool MqttFiltersOf(const Info& info, std::vector<std::string>* filters) {
  const v8::Local<v8::Array> list = info[1].As<v8::Array>();
  for (uint32_t i = 0; i < list->Length(); ++i) {
    v8::Local<v8::Value> filter;
    if (!list->Get(ContextOf(info), i).ToLocal(&filter) ||
        !ToText(ContextOf(info), filter, &filters->emplace_back())) {
      return false;
    }
  }
  return true;
}

// (number, filters, options)
void NativeMqttSubscribe(const Info& info) {
  MqttModule::Connection* const connection = MqttConnectionOf(info);
  std::vector<std::string> filters;
  if (connection == nullptr || !MqttFiltersOf(info, &filters)) {
    return;
  }
  const auto options = info[2].As<v8::Object>();
  const absl::StatusOr<MqttSubscription> how =
      ReadMqttSubscription(ContextOf(info), options, connection->version());
  TagSet tags = connection->tags();
  const absl::Status read = how.ok() ? AddMqttTags(info, options, &tags) : how.status();
  ReturnMqtt(info, "subscribe()",
             read.ok() ? connection->Subscribe(filters, *how, tags) : absl::StatusOr<int>(read));
}

// (number, filters)
void NativeMqttUnsubscribe(const Info& info) {
  MqttModule::Connection* const connection = MqttConnectionOf(info);
  std::vector<std::string> filters;
  if (connection != nullptr && MqttFiltersOf(info, &filters)) {
    ReturnMqtt(info, "unsubscribe()", connection->Unsubscribe(filters));
  }
}

// (number, id): waits for the answer to a request, for the connection (0) or its end (-1), and
// returns why there is none, "" if there is one, and what was granted.
void NativeMqttWait(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  MqttModule::Connection* const connection = MqttConnectionOf(info);
  if (connection == nullptr) {
    return;
  }
  const std::optional<MqttAnswer> answer =
      connection->Wait(static_cast<int>(info[1].As<v8::Number>()->Value()));
  if (!answer) {
    return;  // the script is being ended
  }
  v8::Local<v8::Value> told[] = {JsText(isolate, answer->error),
                                 ArrayOf(ContextOf(info), answer->granted)};
  info.GetReturnValue().Set(v8::Array::New(isolate, told, std::size(told)));
}

// (number, force)
void NativeMqttClose(const Info& info) {
  if (MqttModule::Connection* const connection = MqttConnectionOf(info)) {
    connection->Close(info[1]->IsTrue());
  }
}

void NativeMqttDecode(const Info& info) {
  info.GetReturnValue().Set(JsText(info.GetIsolate(), BytesOf(info[0]).value_or("")));
}

// (url, number): so many publications were asked for, and there never was a connection for them.
void NativeMqttDropped(const Info& info) {
  ApiVu& vu = BoundTo<MqttModule>(info).vu();
  const std::string url = MaskCredentials(TextArgument(info, 0));
  for (uint64_t left = NumberArgument(info, 1); left > 0; --left) {
    vu.AddError(kMqttNotSent, kMqttMethod, url);
  }
}

void NativeMqttWarn(const Info& info) {
  BoundTo<MqttModule>(info).vu().logger().Log(LogLevel::kWarn, "MQTT",
                                              {{"error", TextArgument(info, 0)}});
}

// (where, what, name, known)
void NativeMqttUnknown(const Info& info) {
  const auto text = [&](v8::Local<v8::Value> value) {
    return TextOf(info.GetIsolate(), value.As<v8::String>());
  };
  std::vector<std::string> known;
  const v8::Local<v8::Array> names = info[3].As<v8::Array>();
  for (uint32_t i = 0; i < names->Length(); ++i) {
    known.push_back(text(names->Get(ContextOf(info), i).ToLocalChecked()));
  }
  WarnOfUnknown(BoundTo<MqttModule>(info).vu(), text(info[0]), text(info[1]), text(info[2]), known);
}

}  // namespace

MqttModule::MqttModule(ApiVu& vu, MqttEnv& env, Face face)
    : vu_(vu),
      env_(env),
      face_(face),
      metrics_(vu, MqttModule::Connection::Definitions(face)),
      timers_(vu) {}
MqttModule::~MqttModule() = default;

void MqttModule::EndIteration() {
  connections_.Clear();
  timers_.Clear();
}

absl::StatusOr<uint64_t> MqttModule::Open(v8::Isolate* isolate, MqttPlan plan,
                                          v8::Local<v8::Function> emit) {
  const uint64_t number = connections_.NextNumber();
  auto connection = std::make_unique<Connection>(*this, number, isolate, plan, emit);
  if (absl::Status started = connection->Start(std::move(plan.spec)); !started.ok()) {
    return started;
  }
  connections_.Add(number, std::move(connection));
  return number;
}

v8::Local<v8::Object> MqttModule::MakeExports(Context context) {
  const v8::Local<v8::Object> native = NativeObject(context,
                                                    {{"open", NativeMqttOpen},
                                                     {"known", NativeMqttKnown},
                                                     {"publish", NativeMqttPublish},
                                                     {"subscribe", NativeMqttSubscribe},
                                                     {"unsubscribe", NativeMqttUnsubscribe},
                                                     {"wait", NativeMqttWait},
                                                     {"close", NativeMqttClose},
                                                     {"decode", NativeMqttDecode},
                                                     {"dropped", NativeMqttDropped},
                                                     {"iteration", NativeMqttIteration},
                                                     {"unknown", NativeMqttUnknown},
                                                     {"warn", NativeMqttWarn}},
                                                    v8::External::New(context->GetIsolate(), this));
  timers_.AddFunctions(context, native);
  AddPart(context, native, "Emitter", "k6/emitter.js");
  return ExportsOf(context, face_ == Face::kK6 ? "lockstep/k6_mqtt.js" : "lockstep/mqtt.js",
                   native);
}

}  // namespace lockstep::agent
