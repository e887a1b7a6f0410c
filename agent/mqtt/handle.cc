#include "agent/mqtt/handle.h"

#include <string>
#include <utility>

#include <mqtt_protocol.h>

#include "absl/strings/str_cat.h"

#include "agent/mqtt/properties.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

// Once in a process.
void StartLibrary() {
  [[maybe_unused]] static const int started = mosquitto_lib_init();
}

absl::Status SetWill(mosquitto* handle, const MqttMessage& will) {
  LOCKSTEP_RETURN_IF_ERROR(CheckMqttTopic(will.topic));
  LOCKSTEP_ASSIGN_OR_RETURN(MosquittoProperties properties,
                            MosquittoProperties::Make(will.properties));
  const int code =
      mosquitto_will_set_v5(handle, will.topic.c_str(), static_cast<int>(will.payload.size()),
                            will.payload.data(), will.qos, will.retain, properties.Release());
  if (code != MOSQ_ERR_SUCCESS) {
    return absl::InvalidArgumentError(absl::StrCat("will: ", mosquitto_strerror(code)));
  }
  return absl::OkStatus();
}

// The call that connects without waiting takes no properties, and the one that takes them waits;
// but without a host that one only remembers them, for whichever call connects.
absl::Status SetProperties(mosquitto* handle, const MqttConnectProperties& wanted) {
  LOCKSTEP_ASSIGN_OR_RETURN(const MosquittoProperties properties,
                            MosquittoProperties::Make(wanted));
  if (properties.get() != nullptr) {
    const int code = mosquitto_connect_bind_v5(handle, nullptr, 0, 0, nullptr, properties.get());
    LOCKSTEP_CHECK(code == MOSQ_ERR_INVAL);
  }
  return absl::OkStatus();
}

// What libmosquitto would cut short or leave out without a word.
absl::Status CheckTexts(const MqttSpec& spec) {
  constexpr size_t kMostText = 65'535;  // of the protocol
  const std::string none;
  const std::pair<absl::string_view, const std::string&> texts[] = {
      {"clientId", spec.client_id},
      {"username", spec.username ? *spec.username : none},
      {"password", spec.password ? *spec.password : none}};
  for (const auto& [name, text] : texts) {
    if (text.size() > kMostText || text.find('\0') != std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": a text of at most ", kMostText,
                                                     " bytes is expected, without U+0000"));
    }
  }
  if (spec.password && !spec.username && spec.version == MqttVersion::k311) {
    return absl::InvalidArgumentError("password: with MQTT 3.1.1 it needs a username");
  }
  if (!spec.clean && spec.client_id.empty()) {
    return absl::InvalidArgumentError(
        "clean: false needs a clientId, by which the broker knows the session");
  }
  return absl::OkStatus();
}

MosquittoEvents& EventsOf(void* self) {
  return *static_cast<MosquittoEvents*>(self);
}

void SetCallbacks(mosquitto* handle) {
  mosquitto_connect_v5_callback_set(
      handle, [](mosquitto*, void* self, int code, int flags, const mosquitto_property*) {
        EventsOf(self).OnConnack(code, (flags & 1) != 0);
      });
  mosquitto_publish_v5_callback_set(
      handle, [](mosquitto*, void* self, int id, int reason, const mosquitto_property*) {
        EventsOf(self).OnPublished(id, reason);
      });
  mosquitto_message_v5_callback_set(
      handle, [](mosquitto*, void* self, const mosquitto_message* message,
                 const mosquitto_property* properties) {
        EventsOf(self).OnMessage({.topic = message->topic,
                                  .payload = std::string(static_cast<const char*>(message->payload),
                                                         static_cast<size_t>(message->payloadlen)),
                                  .qos = message->qos,
                                  .retain = message->retain,
                                  .properties = ReadProperties(properties)});
      });
  mosquitto_subscribe_v5_callback_set(handle, [](mosquitto*, void* self, int id, int count,
                                                 const int* granted, const mosquitto_property*) {
    EventsOf(self).OnSubscribed(id, std::vector<int>(granted, granted + count));
  });
  mosquitto_unsubscribe_v5_callback_set(
      handle, [](mosquitto*, void* self, int id, const mosquitto_property*) {
        EventsOf(self).OnUnsubscribed(id);
      });
  mosquitto_disconnect_v5_callback_set(
      handle, [](mosquitto*, void* self, int code, const mosquitto_property*) {
        EventsOf(self).OnDisconnected(code);
      });
}

}  // namespace

absl::StatusOr<MosquittoHandle> MakeMosquitto(const MqttSpec& spec, SSL_CTX* tls,
                                              MosquittoEvents& events) {
  StartLibrary();
  LOCKSTEP_RETURN_IF_ERROR(CheckTexts(spec));
  MosquittoHandle made(mosquitto_new(spec.client_id.empty() ? nullptr : spec.client_id.c_str(),
                                     spec.clean, &events));
  if (made == nullptr) {  // nothing else is wrong with what it is given
    return absl::InvalidArgumentError("clientId: it must be UTF-8");
  }
  mosquitto* const handle = made.get();
  mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, static_cast<int>(spec.version));
  mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1);
  // libmosquitto looks through all that are in flight at each publication and confirmation.
  constexpr unsigned kMostInFlight = 1000;
  mosquitto_max_inflight_messages_set(handle, kMostInFlight);
  const char* const username = spec.username ? spec.username->c_str() : nullptr;
  const char* const password = spec.password ? spec.password->c_str() : nullptr;
  if (mosquitto_username_pw_set(handle, username, password) != MOSQ_ERR_SUCCESS) {
    return absl::InvalidArgumentError("username: it must be UTF-8");
  }
  if (tls != nullptr) {
    mosquitto_int_option(handle, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
    mosquitto_void_option(handle, MOSQ_OPT_SSL_CTX, tls);
  }
  if (spec.will) {
    LOCKSTEP_RETURN_IF_ERROR(SetWill(handle, *spec.will));
  }
  LOCKSTEP_RETURN_IF_ERROR(SetProperties(handle, spec.properties));
  SetCallbacks(handle);
  return made;
}

int SpendPacketId(mosquitto* handle, int last) {
  // libmosquitto gives a publication its id and then refuses it, as the topic and the longest
  // payload together are more than a packet can have: none of it is read or sent.
  int id = last;
  mosquitto_publish_v5(handle, &id, "x", int{MQTT_MAX_PAYLOAD}, "", /*qos=*/0, /*retain=*/false,
                       nullptr);
  return id;
}

}  // namespace lockstep::agent
