#include "common/messages/words.h"

#include <memory>

#include <google/protobuf/type.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>

#include "absl/strings/str_cat.h"
#include "lockstep/v1/word.pb.h"

namespace lockstep {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::util::TypeResolver;

constexpr char kPrefix[] = "type.googleapis.com";

// Tells the printer of JSON of enums whose values are named by their words.
class ResolverInWords final : public TypeResolver {
 public:
  google::protobuf::util::Status ResolveMessageType(const std::string& url,
                                                    google::protobuf::Type* type) override {
    return plain_->ResolveMessageType(url, type);
  }
  google::protobuf::util::Status ResolveEnumType(const std::string& url,
                                                 google::protobuf::Enum* type) override {
    const auto resolved = plain_->ResolveEnumType(url, type);
    const auto* known = DescriptorPool::generated_pool()->FindEnumTypeByName(type->name());
    for (google::protobuf::EnumValue& value : *type->mutable_enumvalue()) {
      value.set_name(std::string(WordOf(known->FindValueByNumber(value.number()))));
    }
    return resolved;
  }

 private:
  const std::unique_ptr<TypeResolver> plain_{
      google::protobuf::util::NewTypeResolverForDescriptorPool(kPrefix,
                                                               DescriptorPool::generated_pool())};
};

}  // namespace

absl::string_view WordOf(const google::protobuf::EnumValueDescriptor* value) {
  if (value == nullptr) {
    return "";
  }
  return value->options().HasExtension(v1::word) ? value->options().GetExtension(v1::word)
                                                 : value->name();
}

std::string NameOf(const google::protobuf::Message& message) {
  const auto* body = message.GetDescriptor()->FindOneofByName("body");
  const auto* set =
      body == nullptr ? nullptr : message.GetReflection()->GetOneofFieldDescriptor(message, body);
  return set == nullptr ? "" : set->name();
}

std::string JsonInWords(const google::protobuf::Message& message, bool pretty) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = pretty;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  ResolverInWords resolver;
  std::string json;
  const auto printed = google::protobuf::util::BinaryToJsonString(
      &resolver, absl::StrCat(kPrefix, "/", message.GetDescriptor()->full_name()),
      message.SerializeAsString(), &json, options);
  if (!printed.ok()) {
    return "{}\n";
  }
  return pretty ? json : json + "\n";
}

}  // namespace lockstep
