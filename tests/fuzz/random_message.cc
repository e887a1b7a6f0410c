#include "tests/fuzz/random_message.h"

#include <string>

#include <google/protobuf/descriptor.h>

namespace lockstep::fuzz {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kMostElements = 6;
constexpr size_t kMostTextBytes = 40;

void FillField(ByteSource& bytes, Message& message, const FieldDescriptor* field, bool add,
               int depth) {
  const Reflection& reflection = *message.GetReflection();
  const auto set = [&](auto setter, auto adder, auto value) {
    add ? (reflection.*adder)(&message, field, value)
        : (reflection.*setter)(&message, field, value);
  };
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return set(&Reflection::SetInt32, &Reflection::AddInt32,
                 static_cast<int32_t>(bytes.Integer()));
    case FieldDescriptor::CPPTYPE_INT64:
      return set(&Reflection::SetInt64, &Reflection::AddInt64,
                 static_cast<int64_t>(bytes.Integer()));
    case FieldDescriptor::CPPTYPE_UINT32:
      return set(&Reflection::SetUInt32, &Reflection::AddUInt32,
                 static_cast<uint32_t>(bytes.Integer()));
    case FieldDescriptor::CPPTYPE_UINT64:
      return set(&Reflection::SetUInt64, &Reflection::AddUInt64, bytes.Integer());
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return set(&Reflection::SetDouble, &Reflection::AddDouble, bytes.Double());
    case FieldDescriptor::CPPTYPE_FLOAT:
      return set(&Reflection::SetFloat, &Reflection::AddFloat, static_cast<float>(bytes.Double()));
    case FieldDescriptor::CPPTYPE_BOOL:
      return set(&Reflection::SetBool, &Reflection::AddBool, bytes.OneIn(2));
    case FieldDescriptor::CPPTYPE_ENUM:
      return set(&Reflection::SetEnumValue, &Reflection::AddEnumValue,
                 static_cast<int>(bytes.Integer() % 100));
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text = bytes.Text(kMostTextBytes);
      if (field->type() == FieldDescriptor::TYPE_STRING) {
        for (char& c : text) {
          c = static_cast<char>(c & 0x7f);  // other text never leaves the parser
        }
      }
      add ? reflection.AddString(&message, field, text)
          : reflection.SetString(&message, field, text);
      return;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (depth > 0) {
        FillMessage(bytes,
                    *(add ? reflection.AddMessage(&message, field)
                          : reflection.MutableMessage(&message, field)),
                    depth - 1);
      }
      return;
  }
}

}  // namespace

void FillMessage(ByteSource& bytes, Message& message, int depth) {
  const Descriptor& type = *message.GetDescriptor();
  // A few fields rather than most: so different ones stay set in a oneof.
  const size_t fields = bytes.Below(static_cast<size_t>(type.field_count()) + 1);
  for (size_t i = 0; i < fields && !bytes.empty(); ++i) {
    const FieldDescriptor* field =
        type.field(static_cast<int>(bytes.Below(static_cast<size_t>(type.field_count()))));
    if (!field->is_repeated()) {
      FillField(bytes, message, field, /*add=*/false, depth);
      continue;
    }
    for (size_t n = bytes.Below(kMostElements); n > 0; --n) {
      FillField(bytes, message, field, /*add=*/true, depth);
    }
  }
}

}  // namespace lockstep::fuzz
