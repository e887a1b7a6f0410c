// Messages out of JSON; json_writer.cc goes the other way.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>
#include <nlohmann/json.hpp>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "agent/grpc/json_mapping.h"
#include "agent/grpc/json_scalars.h"
#include "agent/grpc/schema.h"
#include "common/base/nearest.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

namespace pb = google::protobuf;
using pb::Descriptor;
using pb::FieldDescriptor;
using pb::Reflection;
using Json = nlohmann::json;

class JsonReader {
 public:
  explicit JsonReader(const ProtoSchema& schema) : schema_(schema) {}

  absl::Status Message(const Json& json, pb::Message* message, int depth);

 private:
  // The fields of an ordinary message; with `any`, "@type" is passed over.
  absl::Status Fields(const Json& json, pb::Message* message, int depth, bool any = false);
  absl::Status Field(const Json& json, const FieldDescriptor& field, pb::Message* message,
                     int depth);
  absl::Status List(const Json& json, const FieldDescriptor& field, pb::Message* message,
                    int depth);
  absl::Status Map(const Json& json, const FieldDescriptor& field, pb::Message* message, int depth);
  // Sets `field`, or adds an element to it if it is a list.
  absl::Status Single(const Json& json, const FieldDescriptor& field, pb::Message* message,
                      int depth);
  absl::Status Enum(const Json& json, const FieldDescriptor& field, pb::Message* message);
  absl::Status MapKey(const std::string& text, const FieldDescriptor& key, pb::Message* entry);
  absl::Status Any(const Json& json, pb::Message* message, int depth);
  absl::Status Value(const Json& json, pb::Message* message, int depth);
  absl::Status Time(const Json& json, pb::Message* message);
  absl::Status FieldMask(const Json& json, pb::Message* message);
  absl::StatusOr<const FieldDescriptor*> FindField(const Descriptor& type, const std::string& name);

  const ProtoSchema& schema_;
};

// Whether null is a value of the field rather than its absence.
bool TakesNull(const FieldDescriptor& field) {
  return (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
          field.message_type()->well_known_type() == Descriptor::WELLKNOWNTYPE_VALUE) ||
         (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM &&
          field.enum_type()->full_name() == "google.protobuf.NullValue");
}

absl::Status JsonReader::Message(const Json& json, pb::Message* message, int depth) {
  if (depth > kDeepestJson) {
    return absl::InvalidArgumentError(
        absl::StrCat("messages are nested deeper than ", kDeepestJson, " levels"));
  }
  const Descriptor& type = *message->GetDescriptor();
  switch (type.well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_ANY:
      return Any(json, message, depth);
    case Descriptor::WELLKNOWNTYPE_VALUE:
      return Value(json, message, depth);
    case Descriptor::WELLKNOWNTYPE_STRUCT:
      return Map(json, *type.field(0), message, depth);
    case Descriptor::WELLKNOWNTYPE_LISTVALUE:
      return List(json, *type.field(0), message, depth);
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
    case Descriptor::WELLKNOWNTYPE_DURATION:
      return Time(json, message);
    case Descriptor::WELLKNOWNTYPE_FIELDMASK:
      return FieldMask(json, message);
    case Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
      return Fields(json, message, depth);
    default:  // a wrapper
      return Single(json, *type.field(0), message, depth);
  }
}

absl::StatusOr<const FieldDescriptor*> JsonReader::FindField(const Descriptor& type,
                                                             const std::string& name) {
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') {
    const FieldDescriptor* extension =
        schema_.pool().FindExtensionByName(name.substr(1, name.size() - 2));
    if (extension != nullptr && extension->containing_type() == &type) {
      return extension;
    }
  }
  if (const FieldDescriptor* field = type.FindFieldByName(name)) {
    return field;
  }
  std::vector<std::string> known;
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->json_name() == name) {
      return type.field(i);
    }
    known.push_back(type.field(i)->json_name());
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown field \"", name, "\" of ", type.full_name(), Suggestion(name, known)));
}

absl::Status JsonReader::Fields(const Json& json, pb::Message* message, int depth, bool any) {
  const Descriptor& type = *message->GetDescriptor();
  if (!json.is_object()) {
    return Mismatch(absl::StrCat("an object for ", type.full_name()), json);
  }
  absl::InlinedVector<int, 16> seen;
  for (const auto& [name, value] : json.items()) {
    if (any && name == "@type") {
      continue;
    }
    LOCKSTEP_ASSIGN_OR_RETURN(const FieldDescriptor* field, FindField(type, name));
    if (std::find(seen.begin(), seen.end(), field->number()) != seen.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the field \"", field->name(), "\" is there twice"));
    }
    seen.push_back(field->number());
    if (value.is_null() && !(TakesNull(*field) && !field->is_repeated())) {
      continue;
    }
    if (const pb::OneofDescriptor* oneof = field->real_containing_oneof();
        oneof != nullptr && message->GetReflection()->HasOneof(*message, oneof)) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": another field of the oneof \"",
                                                     oneof->name(), "\" is set already"));
    }
    LOCKSTEP_RETURN_IF_ERROR(AtPlace(name, Field(value, *field, message, depth)));
  }
  return absl::OkStatus();
}

absl::Status JsonReader::Field(const Json& json, const FieldDescriptor& field, pb::Message* message,
                               int depth) {
  return field.is_map()        ? Map(json, field, message, depth)
         : field.is_repeated() ? List(json, field, message, depth)
                               : Single(json, field, message, depth);
}

absl::Status JsonReader::List(const Json& json, const FieldDescriptor& field, pb::Message* message,
                              int depth) {
  if (!json.is_array()) {
    return Mismatch("an array", json);
  }
  size_t index = 0;
  for (const Json& element : json) {
    const std::string place = absl::StrCat("[", index++, "]");
    if (element.is_null() && !TakesNull(field)) {
      return AtPlace(place, absl::InvalidArgumentError("null cannot be an element"));
    }
    LOCKSTEP_RETURN_IF_ERROR(AtPlace(place, Single(element, field, message, depth)));
  }
  return absl::OkStatus();
}

absl::Status JsonReader::Map(const Json& json, const FieldDescriptor& field, pb::Message* message,
                             int depth) {
  if (!json.is_object()) {
    return Mismatch("an object", json);
  }
  const FieldDescriptor& value_field = *field.message_type()->map_value();
  for (const auto& [key, value] : json.items()) {
    const std::string place = absl::StrCat("[\"", key, "\"]");
    if (value.is_null() && !TakesNull(value_field)) {
      return AtPlace(place, absl::InvalidArgumentError("null cannot be a value of a map"));
    }
    pb::Message* entry = message->GetReflection()->AddMessage(message, &field);
    LOCKSTEP_RETURN_IF_ERROR(AtPlace(place, MapKey(key, *field.message_type()->map_key(), entry)));
    LOCKSTEP_RETURN_IF_ERROR(AtPlace(place, Single(value, value_field, entry, depth)));
  }
  return absl::OkStatus();
}

absl::Status JsonReader::MapKey(const std::string& text, const FieldDescriptor& key,
                                pb::Message* entry) {
  if (key.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    if (text != "true" && text != "false") {
      return Mismatch("the key true or false", text);
    }
    entry->GetReflection()->SetBool(entry, &key, text == "true");
    return absl::OkStatus();
  }
  return Single(text, key, entry, 0);
}

absl::Status JsonReader::Enum(const Json& json, const FieldDescriptor& field,
                              pb::Message* message) {
  const pb::EnumDescriptor& type = *field.enum_type();
  int number = 0;
  if (json.is_string()) {
    const pb::EnumValueDescriptor* value = type.FindValueByName(json.get<std::string>());
    if (value == nullptr) {
      std::vector<std::string> names;
      for (int i = 0; i < type.value_count(); ++i) {
        names.push_back(type.value(i)->name());
      }
      return absl::InvalidArgumentError(absl::StrCat(ShowJson(json), " is not a value of ",
                                                     type.full_name(),
                                                     Suggestion(json.get<std::string>(), names)));
    }
    number = value->number();
  } else if (json.is_number()) {
    LOCKSTEP_ASSIGN_OR_RETURN(number, IntegerOf<int32_t>(json));
  } else if (!(json.is_null() && type.full_name() == "google.protobuf.NullValue")) {
    return Mismatch(absl::StrCat("a name or a number of ", type.full_name()), json);
  }
  const Reflection& reflection = *message->GetReflection();
  field.is_repeated() ? reflection.AddEnumValue(message, &field, number)
                      : reflection.SetEnumValue(message, &field, number);
  return absl::OkStatus();
}

absl::Status JsonReader::Single(const Json& json, const FieldDescriptor& field,
                                pb::Message* message, int depth) {
  const Reflection& reflection = *message->GetReflection();
  const auto put = [&](auto value, auto set, auto add) {
    if (!value.ok()) {
      return value.status();
    }
    (reflection.*(field.is_repeated() ? add : set))(message, &field, *std::move(value));
    return absl::OkStatus();
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return put(IntegerOf<int32_t>(json), &Reflection::SetInt32, &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_UINT32:
      return put(IntegerOf<uint32_t>(json), &Reflection::SetUInt32, &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return put(IntegerOf<int64_t>(json), &Reflection::SetInt64, &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT64:
      return put(IntegerOf<uint64_t>(json), &Reflection::SetUInt64, &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return put(RealOf<double>(json), &Reflection::SetDouble, &Reflection::AddDouble);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return put(RealOf<float>(json), &Reflection::SetFloat, &Reflection::AddFloat);
    case FieldDescriptor::CPPTYPE_BOOL: {
      absl::StatusOr<bool> value = Mismatch("true or false", json);
      if (json.is_boolean()) {
        value = json.get<bool>();
      }
      return put(value, &Reflection::SetBool, &Reflection::AddBool);
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return Enum(json, field, message);
    case FieldDescriptor::CPPTYPE_STRING: {
      absl::StatusOr<std::string> value;
      if (field.type() == FieldDescriptor::TYPE_BYTES) {
        value = BytesOfJson(json);
      } else if (json.is_string()) {
        value = json.get<std::string>();
      } else {
        value = Mismatch("a string", json);
      }
      return put(std::move(value), &Reflection::SetString, &Reflection::AddString);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Message(json,
                     field.is_repeated() ? reflection.AddMessage(message, &field)
                                         : reflection.MutableMessage(message, &field),
                     depth + 1);
  }
  return absl::OkStatus();
}

absl::Status JsonReader::Any(const Json& json, pb::Message* message, int depth) {
  if (!json.is_object()) {
    return Mismatch("an object with \"@type\" for google.protobuf.Any", json);
  }
  if (json.empty()) {
    return absl::OkStatus();
  }
  const auto url = json.find("@type");
  if (url == json.end() || !url->is_string() || url->get<std::string>().empty()) {
    return absl::InvalidArgumentError(
        "an Any needs \"@type\", such as type.googleapis.com/package.Message");
  }
  const auto& name = url->get_ref<const std::string&>();
  const pb::Message* prototype =
      schema_.PrototypeOf(absl::string_view(name).substr(name.rfind('/') + 1));
  if (prototype == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("@type: there is no message ", ShowJson(*url), " in the loaded files"));
  }
  const std::unique_ptr<pb::Message> content(prototype->New());
  if (content->GetDescriptor()->well_known_type() != Descriptor::WELLKNOWNTYPE_UNSPECIFIED) {
    const auto value = json.find("value");
    if (value == json.end() || json.size() != 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("an Any with a ", content->GetTypeName(), " has \"@type\" and \"value\""));
    }
    LOCKSTEP_RETURN_IF_ERROR(AtPlace("value", Message(*value, content.get(), depth + 1)));
  } else if (content->GetTypeName() != "google.protobuf.Empty" || !json.contains("value")) {
    if (depth >= kDeepestJson) {
      return Message(json, content.get(), depth + 1);  // says so
    }
    LOCKSTEP_RETURN_IF_ERROR(Fields(json, content.get(), depth + 1, true));
  }
  const Reflection& reflection = *message->GetReflection();
  const Descriptor& type = *message->GetDescriptor();
  reflection.SetString(message, type.FindFieldByNumber(1), name);
  reflection.SetString(message, type.FindFieldByNumber(2), content->SerializePartialAsString());
  return absl::OkStatus();
}

absl::Status JsonReader::Value(const Json& json, pb::Message* message, int depth) {
  const char* const field = json.is_null()      ? "null_value"
                            : json.is_boolean() ? "bool_value"
                            : json.is_number()  ? "number_value"
                            : json.is_string()  ? "string_value"
                            : json.is_object()  ? "struct_value"
                                                : "list_value";
  return Single(json, *message->GetDescriptor()->FindFieldByName(field), message, depth);
}

absl::Status JsonReader::Time(const Json& json, pb::Message* message) {
  const Reflection& reflection = *message->GetReflection();
  const Descriptor& type = *message->GetDescriptor();
  const std::string text = json.is_string() ? json.get<std::string>() : "";
  const auto set = [&](int64_t seconds, int32_t nanos) {
    reflection.SetInt64(message, type.FindFieldByNumber(1), seconds);
    reflection.SetInt32(message, type.FindFieldByNumber(2), nanos);
    return absl::OkStatus();
  };
  if (type.well_known_type() == Descriptor::WELLKNOWNTYPE_DURATION) {
    pb::Duration duration;
    return pb::util::TimeUtil::FromString(text, &duration) &&
                   std::abs(duration.seconds()) <= pb::util::TimeUtil::kDurationMaxSeconds
               ? set(duration.seconds(), duration.nanos())
               : Mismatch("a duration such as \"1.5s\"", json);
  }
  pb::Timestamp timestamp;
  return pb::util::TimeUtil::FromString(text, &timestamp)
             ? set(timestamp.seconds(), timestamp.nanos())
             : Mismatch("a time such as \"2026-01-31T10:20:30.5Z\"", json);
}

absl::Status JsonReader::FieldMask(const Json& json, pb::Message* message) {
  if (!json.is_string()) {
    return Mismatch("paths with commas between them, such as \"user.displayName,photo\"", json);
  }
  const FieldDescriptor* paths = message->GetDescriptor()->FindFieldByNumber(1);
  const std::string text = json.get<std::string>();
  for (const absl::string_view path : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::optional<std::string> snake = SnakeCase(path);
    if (!snake) {
      return Mismatch("paths in camel case", json);
    }
    message->GetReflection()->AddString(message, paths, *snake);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadJson(const ProtoSchema& schema, absl::string_view json, pb::Message* message) {
  const Json parsed = Json::parse(json.begin(), json.end(), nullptr, false);
  if (parsed.is_discarded()) {
    return absl::InvalidArgumentError(
        "this is not JSON, or a text in it has half of a pair of surrogates");
  }
  return JsonReader(schema).Message(parsed, message, 0);
}

}  // namespace lockstep::agent
