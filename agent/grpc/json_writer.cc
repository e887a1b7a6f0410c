// Messages as JSON.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "agent/grpc/json_mapping.h"
#include "agent/grpc/json_scalars.h"
#include "agent/grpc/schema.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

namespace pb = google::protobuf;
using pb::Descriptor;
using pb::FieldDescriptor;
using pb::Reflection;

void AppendQuoted(absl::string_view text, std::string* out) {
  out->push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(out, "\\u%04x", static_cast<int>(c));
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

// The shortest text that reads back as this number.
template <class Number>
void AppendReal(Number number, std::string* out) {
  if (std::isnan(number)) {
    out->append("\"NaN\"");
  } else if (std::isinf(number)) {
    out->append(number > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  } else {
    char text[32];
    out->append(text, std::to_chars(text, text + sizeof text, number).ptr);
  }
}

void AppendBase64(absl::string_view bytes, std::string* out) {
  absl::StrAppend(out, "\"", absl::Base64Escape(bytes), "\"");
}

bool IsNullValue(const pb::EnumDescriptor& type) {
  return type.full_name() == "google.protobuf.NullValue";
}

// Of an enum of the message's field `field`.
void AppendEnum(const pb::EnumDescriptor& type, int number, std::string* out) {
  if (IsNullValue(type)) {
    out->append("null");
    return;
  }
  const pb::EnumValueDescriptor* value = type.FindValueByNumber(number);
  if (value == nullptr) {
    absl::StrAppend(out, number);
  } else {
    AppendQuoted(value->name(), out);
  }
}

class JsonWriter {
 public:
  JsonWriter(const ProtoSchema& schema, std::string* out) : schema_(schema), out_(*out) {}

  absl::Status Message(const pb::Message& message, int depth);

 private:
  // The properties of an ordinary message, without braces.
  absl::Status Fields(const pb::Message& message, int depth, bool first);
  absl::Status Field(const pb::Message& message, const FieldDescriptor& field, int depth);
  absl::Status List(const pb::Message& message, const FieldDescriptor& field, int depth);
  absl::Status Map(const pb::Message& message, const FieldDescriptor& field, int depth);
  // The value of `field`, or its element `index` if it is a list (otherwise -1).
  absl::Status Single(const pb::Message& message, const FieldDescriptor& field, int index,
                      int depth);
  absl::Status Any(const pb::Message& message, int depth);
  absl::Status Value(const pb::Message& message, int depth);
  absl::Status Time(const pb::Message& message);
  void FieldMask(const pb::Message& message);
  void MapKey(const pb::Message& entry, const FieldDescriptor& key);

  const ProtoSchema& schema_;
  std::string& out_;
};

// Whether a field that is not set is left out.
bool LeftOutIfUnset(const FieldDescriptor& field) {
  return field.containing_oneof() != nullptr || field.is_extension();
}

// Of a field that is not set and not a list.
bool NullIfUnset(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE || field.has_presence();
}

absl::Status JsonWriter::Message(const pb::Message& message, int depth) {
  if (depth > kDeepestJson) {
    return absl::InvalidArgumentError(
        absl::StrCat("messages are nested deeper than ", kDeepestJson, " levels"));
  }
  const Descriptor& type = *message.GetDescriptor();
  switch (type.well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_ANY:
      return Any(message, depth);
    case Descriptor::WELLKNOWNTYPE_VALUE:
      return Value(message, depth);
    case Descriptor::WELLKNOWNTYPE_STRUCT:
    case Descriptor::WELLKNOWNTYPE_LISTVALUE:
      return Field(message, *type.field(0), depth);
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
    case Descriptor::WELLKNOWNTYPE_DURATION:
      return Time(message);
    case Descriptor::WELLKNOWNTYPE_FIELDMASK:
      FieldMask(message);
      return absl::OkStatus();
    case Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
      break;
    default:  // a wrapper
      return Single(message, *type.field(0), -1, depth);
  }
  out_.push_back('{');
  LOCKSTEP_RETURN_IF_ERROR(Fields(message, depth, true));
  out_.push_back('}');
  return absl::OkStatus();
}

absl::Status JsonWriter::Fields(const pb::Message& message, int depth, bool first) {
  const Descriptor& type = *message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  const auto append = [&](const FieldDescriptor& field, const std::string& name) {
    out_.append(first ? "" : ",");
    first = false;
    AppendQuoted(name, &out_);
    out_.push_back(':');
    return Field(message, field, depth);
  };
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.is_repeated() || !LeftOutIfUnset(field) || reflection.HasField(message, &field)) {
      LOCKSTEP_RETURN_IF_ERROR(append(field, field.json_name()));
    }
  }
  if (type.extension_range_count() > 0) {
    std::vector<const FieldDescriptor*> set;
    reflection.ListFields(message, &set);
    for (const FieldDescriptor* field : set) {
      if (field->is_extension()) {
        LOCKSTEP_RETURN_IF_ERROR(append(*field, absl::StrCat("[", field->full_name(), "]")));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status JsonWriter::Field(const pb::Message& message, const FieldDescriptor& field,
                               int depth) {
  if (field.is_map()) {
    return Map(message, field, depth);
  }
  if (field.is_repeated()) {
    return List(message, field, depth);
  }
  if (NullIfUnset(field) && !message.GetReflection()->HasField(message, &field)) {
    out_.append("null");
    return absl::OkStatus();
  }
  return Single(message, field, -1, depth);
}

absl::Status JsonWriter::List(const pb::Message& message, const FieldDescriptor& field, int depth) {
  out_.push_back('[');
  const int size = message.GetReflection()->FieldSize(message, &field);
  for (int i = 0; i < size; ++i) {
    out_.append(i == 0 ? "" : ",");
    LOCKSTEP_RETURN_IF_ERROR(Single(message, field, i, depth));
  }
  out_.push_back(']');
  return absl::OkStatus();
}

void JsonWriter::MapKey(const pb::Message& entry, const FieldDescriptor& key) {
  const Reflection& reflection = *entry.GetReflection();
  switch (key.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return AppendQuoted(reflection.GetString(entry, &key), &out_);
    case FieldDescriptor::CPPTYPE_BOOL:
      out_.append(reflection.GetBool(entry, &key) ? "\"true\"" : "\"false\"");
      return;
    case FieldDescriptor::CPPTYPE_INT32:
      absl::StrAppend(&out_, "\"", reflection.GetInt32(entry, &key), "\"");
      return;
    case FieldDescriptor::CPPTYPE_INT64:
      absl::StrAppend(&out_, "\"", reflection.GetInt64(entry, &key), "\"");
      return;
    case FieldDescriptor::CPPTYPE_UINT32:
      absl::StrAppend(&out_, "\"", reflection.GetUInt32(entry, &key), "\"");
      return;
    default:
      absl::StrAppend(&out_, "\"", reflection.GetUInt64(entry, &key), "\"");
  }
}

absl::Status JsonWriter::Map(const pb::Message& message, const FieldDescriptor& field, int depth) {
  // Sorted by their texts, so that one message is always one text.
  std::vector<std::pair<std::string, const pb::Message*>> entries;
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor& key = *field.message_type()->map_key();
  std::string kept;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const pb::Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    kept.swap(out_);
    MapKey(entry, key);
    kept.swap(out_);
    entries.emplace_back(std::move(kept), &entry);
    kept.clear();
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  out_.push_back('{');
  for (size_t i = 0; i < entries.size(); ++i) {
    absl::StrAppend(&out_, i == 0 ? "" : ",", entries[i].first, ":");
    LOCKSTEP_RETURN_IF_ERROR(
        Single(*entries[i].second, *field.message_type()->map_value(), -1, depth));
  }
  out_.push_back('}');
  return absl::OkStatus();
}

absl::Status JsonWriter::Single(const pb::Message& message, const FieldDescriptor& field, int index,
                                int depth) {
  const Reflection& reflection = *message.GetReflection();
  const auto get = [&](auto single, auto repeated) {
    return index < 0 ? (reflection.*single)(message, &field)
                     : (reflection.*repeated)(message, &field, index);
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      absl::StrAppend(&out_, get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32));
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      absl::StrAppend(&out_, get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32));
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      absl::StrAppend(&out_, "\"", get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64), "\"");
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      absl::StrAppend(&out_, "\"", get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64),
                      "\"");
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      AppendReal(get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble), &out_);
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
      AppendReal(get(&Reflection::GetFloat, &Reflection::GetRepeatedFloat), &out_);
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      out_.append(get(&Reflection::GetBool, &Reflection::GetRepeatedBool) ? "true" : "false");
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      AppendEnum(*field.enum_type(),
                 get(&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue), &out_);
      break;
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      const std::string& text =
          index < 0 ? reflection.GetStringReference(message, &field, &scratch)
                    : reflection.GetRepeatedStringReference(message, &field, index, &scratch);
      if (field.type() == FieldDescriptor::TYPE_BYTES) {
        AppendBase64(text, &out_);
      } else {
        AppendQuoted(text, &out_);
      }
      break;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Message(index < 0 ? reflection.GetMessage(message, &field)
                               : reflection.GetRepeatedMessage(message, &field, index),
                     depth + 1);
  }
  return absl::OkStatus();
}

absl::Status JsonWriter::Any(const pb::Message& message, int depth) {
  const Reflection& reflection = *message.GetReflection();
  const Descriptor& type = *message.GetDescriptor();
  const std::string url = reflection.GetString(message, type.FindFieldByNumber(1));
  const std::string bytes = reflection.GetString(message, type.FindFieldByNumber(2));
  if (url.empty()) {
    out_.append("{}");
    return absl::OkStatus();
  }
  out_.append("{\"@type\":");
  AppendQuoted(url, &out_);
  const pb::Message* prototype =
      schema_.PrototypeOf(absl::string_view(url).substr(url.rfind('/') + 1));
  const std::unique_ptr<pb::Message> content(prototype == nullptr ? nullptr : prototype->New());
  if (content == nullptr || !content->ParsePartialFromString(bytes)) {
    out_.append(",\"value\":");
    AppendBase64(bytes, &out_);
  } else if (content->GetDescriptor()->well_known_type() != Descriptor::WELLKNOWNTYPE_UNSPECIFIED ||
             content->GetTypeName() == "google.protobuf.Empty") {
    out_.append(",\"value\":");
    LOCKSTEP_RETURN_IF_ERROR(Message(*content, depth + 1));
  } else if (depth >= kDeepestJson) {
    return Message(*content, depth + 1);  // says so
  } else {
    LOCKSTEP_RETURN_IF_ERROR(Fields(*content, depth + 1, false));
  }
  out_.push_back('}');
  return absl::OkStatus();
}

absl::Status JsonWriter::Value(const pb::Message& message, int depth) {
  const FieldDescriptor* kind = message.GetReflection()->GetOneofFieldDescriptor(
      message, message.GetDescriptor()->oneof_decl(0));
  if (kind == nullptr) {
    out_.append("null");
    return absl::OkStatus();
  }
  return Single(message, *kind, -1, depth);
}

absl::Status JsonWriter::Time(const pb::Message& message) {
  const Reflection& reflection = *message.GetReflection();
  const Descriptor& type = *message.GetDescriptor();
  const int64_t seconds = reflection.GetInt64(message, type.FindFieldByNumber(1));
  const int32_t nanos = reflection.GetInt32(message, type.FindFieldByNumber(2));
  using pb::util::TimeUtil;
  const bool is_duration = type.well_known_type() == Descriptor::WELLKNOWNTYPE_DURATION;
  const bool signs_fit =
      !is_duration || (seconds >= 0 && nanos >= 0) || (seconds <= 0 && nanos <= 0);
  const int64_t least =
      is_duration ? TimeUtil::kDurationMinSeconds : TimeUtil::kTimestampMinSeconds;
  const int64_t most = is_duration ? TimeUtil::kDurationMaxSeconds : TimeUtil::kTimestampMaxSeconds;
  if (seconds < least || seconds > most || std::abs(int64_t{nanos}) > 999999999 || !signs_fit ||
      (!is_duration && nanos < 0)) {
    return absl::InvalidArgumentError(absl::StrCat(type.full_name(), ": ", seconds, " s and ",
                                                   nanos, " ns are out of its range"));
  }
  if (is_duration) {
    pb::Duration duration;
    duration.set_seconds(seconds);
    duration.set_nanos(nanos);
    AppendQuoted(TimeUtil::ToString(duration), &out_);
  } else {
    pb::Timestamp timestamp;
    timestamp.set_seconds(seconds);
    timestamp.set_nanos(nanos);
    AppendQuoted(TimeUtil::ToString(timestamp), &out_);
  }
  return absl::OkStatus();
}

void JsonWriter::FieldMask(const pb::Message& message) {
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor* paths = message.GetDescriptor()->FindFieldByNumber(1);
  std::string text;
  for (int i = 0; i < reflection.FieldSize(message, paths); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ",",
                    CamelCase(reflection.GetRepeatedString(message, paths, i)));
  }
  AppendQuoted(text, &out_);
}

}  // namespace

absl::Status AppendJson(const ProtoSchema& schema, const pb::Message& message, std::string* json) {
  return JsonWriter(schema, json).Message(message, 0);
}

}  // namespace lockstep::agent
