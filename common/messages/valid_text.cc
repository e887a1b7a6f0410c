#include "common/messages/valid_text.h"

#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "common/base/utf8.h"

namespace lockstep {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void MakeTextValid(Message* message, const Reflection& reflection, const FieldDescriptor* field) {
  std::string unused;
  const std::string& text = reflection.GetStringReference(*message, field, &unused);
  if (!IsUtf8(text)) {
    reflection.SetString(message, field, ValidUtf8(text));
  }
}

void MakeTextValid(Message* message, const Reflection& reflection, const FieldDescriptor* field,
                   int index) {
  std::string unused;
  const std::string& text = reflection.GetRepeatedStringReference(*message, field, index, &unused);
  if (!IsUtf8(text)) {
    reflection.SetRepeatedString(message, field, index, ValidUtf8(text));
  }
}

}  // namespace

void MakeTextsValid(Message* message) {
  const Reflection& reflection = *message->GetReflection();
  std::vector<const FieldDescriptor*> set;
  reflection.ListFields(*message, &set);
  for (const FieldDescriptor* field : set) {
    const bool inner = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (!inner && field->type() != FieldDescriptor::TYPE_STRING) {
      continue;
    }
    if (!field->is_repeated()) {
      inner ? MakeTextsValid(reflection.MutableMessage(message, field))
            : MakeTextValid(message, reflection, field);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(*message, field); ++i) {
      inner ? MakeTextsValid(reflection.MutableRepeatedMessage(message, field, i))
            : MakeTextValid(message, reflection, field, i);
    }
  }
}

}  // namespace lockstep
