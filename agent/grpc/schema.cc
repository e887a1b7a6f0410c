#include "agent/grpc/schema.h"

#include <map>
#include <utility>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/api.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/source_context.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/type.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "agent/grpc/json_mapping.h"
#include "common/base/nearest.h"

namespace lockstep::agent {
namespace {

namespace pb = google::protobuf;

class Complaints final : public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const pb::Message*,
                ErrorLocation, const std::string& message) override {
    texts.push_back(absl::StrCat(file, ": ", element.empty() ? "" : element + ": ", message));
  }
  std::vector<std::string> texts;
};

// What an Any may hold although no file imports it.
constexpr const char* kAlwaysThere[] = {
    "google/protobuf/any.proto",     "google/protobuf/duration.proto",
    "google/protobuf/empty.proto",   "google/protobuf/field_mask.proto",
    "google/protobuf/struct.proto",  "google/protobuf/timestamp.proto",
    "google/protobuf/wrappers.proto"};

// Adds files to a pool, each after those that it imports.
class Assembly {
 public:
  Assembly(pb::DescriptorPool& pool, const std::vector<pb::FileDescriptorProto>& files)
      : pool_(pool) {
    for (const pb::FileDescriptorProto& file : files) {
      files_.emplace(file.name(), &file);
    }
  }

  absl::Status Add(const std::string& name, int depth = 0) {
    constexpr int kDeepest = 200;  // imports in a circle end here, too
    if (pool_.FindFileByName(name) != nullptr) {
      return absl::OkStatus();
    }
    if (depth > kDeepest) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": imports itself"));
    }
    pb::FileDescriptorProto known;
    const auto found = files_.find(name);
    const pb::FileDescriptorProto* file = found == files_.end() ? nullptr : found->second;
    if (file == nullptr && CopyWellKnownFile(name, &known)) {
      file = &known;
    }
    if (file == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": the file is imported and missing"));
    }
    for (const std::string& import : file->dependency()) {
      if (absl::Status added = Add(import, depth + 1); !added.ok()) {
        return added;
      }
    }
    Complaints complaints;
    return pool_.BuildFileCollectingErrors(*file, &complaints) != nullptr
               ? absl::OkStatus()
               : absl::InvalidArgumentError(absl::StrJoin(complaints.texts, "; "));
  }

 private:
  pb::DescriptorPool& pool_;
  std::map<std::string, const pb::FileDescriptorProto*> files_;
};

}  // namespace

bool CopyWellKnownFile(const std::string& name, pb::FileDescriptorProto* file) {
  // One message of each file, which has to be linked for it.
  for (const pb::Descriptor* known :
       {pb::Any::descriptor(), pb::Api::descriptor(), pb::Duration::descriptor(),
        pb::Empty::descriptor(), pb::FieldMask::descriptor(), pb::FileDescriptorProto::descriptor(),
        pb::SourceContext::descriptor(), pb::Struct::descriptor(), pb::Timestamp::descriptor(),
        pb::Type::descriptor(), pb::BoolValue::descriptor()}) {
    if (known->file()->name() == name) {
      known->file()->CopyTo(file);
      known->file()->CopyJsonNameTo(file);
      return true;
    }
  }
  return false;
}

ProtoSchema::ProtoSchema()
    : pool_(std::make_unique<pb::DescriptorPool>()),
      factory_(std::make_unique<pb::DynamicMessageFactory>(pool_.get())) {}
ProtoSchema::~ProtoSchema() = default;

absl::StatusOr<std::unique_ptr<const ProtoSchema>> ProtoSchema::Make(
    const std::vector<pb::FileDescriptorProto>& files) {
  std::unique_ptr<ProtoSchema> schema(new ProtoSchema);
  Assembly assembly(*schema->pool_, files);
  for (const pb::FileDescriptorProto& file : files) {
    if (absl::Status added = assembly.Add(file.name()); !added.ok()) {
      return added;
    }
  }
  for (const char* name : kAlwaysThere) {
    assembly.Add(name).IgnoreError();  // it fails where a copy has another name
  }
  for (const pb::FileDescriptorProto& file : files) {
    schema->AddMethodsOf(*schema->pool_->FindFileByName(file.name()));
  }
  for (size_t i = 0; i < schema->methods_.size(); ++i) {
    schema->by_path_.emplace(schema->methods_[i].path, i);
  }
  return schema;
}

absl::StatusOr<std::unique_ptr<const ProtoSchema>> ProtoSchema::FromFiles(
    const std::vector<std::string>& files) {
  std::vector<pb::FileDescriptorProto> parsed;
  for (const std::string& bytes : files) {
    if (!parsed.emplace_back().ParseFromString(bytes)) {
      return absl::InvalidArgumentError("there is a file that is not a FileDescriptorProto");
    }
  }
  return Make(parsed);
}

absl::StatusOr<std::unique_ptr<const ProtoSchema>> ProtoSchema::FromProtoset(
    absl::string_view bytes) {
  pb::FileDescriptorSet set;
  if (!set.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InvalidArgumentError("it is not a protoset (a serialised FileDescriptorSet)");
  }
  return Make({set.file().begin(), set.file().end()});
}

void ProtoSchema::AddMethodsOf(const pb::FileDescriptor& file) {
  for (int i = 0; i < file.service_count(); ++i) {
    const pb::ServiceDescriptor& service = *file.service(i);
    for (int j = 0; j < service.method_count(); ++j) {
      const pb::MethodDescriptor& method = *service.method(j);
      methods_.push_back({.schema = this,
                          .path = absl::StrCat("/", service.full_name(), "/", method.name()),
                          .package = file.package(),
                          .service = service.full_name(),
                          .name = method.name(),
                          .client_streams = method.client_streaming(),
                          .server_streams = method.server_streaming(),
                          .input = PrototypeOf(method.input_type()),
                          .output = PrototypeOf(method.output_type())});
    }
  }
}

const GrpcMethod* ProtoSchema::Find(absl::string_view path) const {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? nullptr : &methods_[found->second];
}

const pb::Message* ProtoSchema::PrototypeOf(const pb::Descriptor* type) const {
  return factory_->GetPrototype(type);
}

const pb::Message* ProtoSchema::PrototypeOf(absl::string_view full_name) const {
  const pb::Descriptor* type = pool_->FindMessageTypeByName(std::string(full_name));
  return type == nullptr ? nullptr : PrototypeOf(type);
}

absl::StatusOr<std::string> ProtoSchema::Encode(const pb::Message& prototype,
                                                absl::string_view json) const {
  const std::unique_ptr<pb::Message> message(prototype.New());
  if (absl::Status read = ReadJson(*this, json, message.get()); !read.ok()) {
    return read;
  }
  if (!message->IsInitialized()) {
    return absl::InvalidArgumentError(
        absl::StrCat("required fields are missing: ", message->InitializationErrorString()));
  }
  std::string bytes;
  if (!message->SerializePartialToString(&bytes)) {
    return absl::InvalidArgumentError("a message may have at most 2 GiB");
  }
  return bytes;
}

absl::StatusOr<std::string> ProtoSchema::Decode(const pb::Message& prototype,
                                                absl::string_view bytes) const {
  const std::unique_ptr<pb::Message> message(prototype.New());
  if (!message->ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InvalidArgumentError(
        absl::StrCat("these ", bytes.size(), " bytes are not a ", prototype.GetTypeName()));
  }
  std::string json;
  absl::Status written = AppendJson(*this, *message, &json);
  return written.ok() ? absl::StatusOr<std::string>(std::move(json)) : written;
}

std::string MethodPath(absl::string_view method) {
  return absl::StrCat(absl::StartsWith(method, "/") ? "" : "/", method);
}

absl::StatusOr<const GrpcMethod*> FindMethod(const std::vector<const ProtoSchema*>& schemas,
                                             absl::string_view path) {
  std::vector<std::string> known;
  for (auto schema = schemas.rbegin(); schema != schemas.rend(); ++schema) {
    if (const GrpcMethod* method = (*schema)->Find(path)) {
      return method;
    }
    for (const GrpcMethod& method : (*schema)->methods()) {
      known.push_back(method.path);
    }
  }
  return absl::NotFoundError(absl::StrCat("method \"", path, "\" not found in file descriptors",
                                          schemas.empty()
                                              ? "; nothing has been loaded: call load(), "
                                                "loadProtoset() or connect() with reflect"
                                              : Suggestion(path, known)));
}

}  // namespace lockstep::agent
