// What a script knows of a server's services and messages: the descriptors of some `.proto` files,
// with the messages' JSON mapping. Made once, never changed, shared by all VUs that load the same
// files; any thread may use it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace google::protobuf {
class Descriptor;
class DescriptorPool;
class DynamicMessageFactory;
class FileDescriptor;
class FileDescriptorProto;
class Message;
}  // namespace google::protobuf

namespace lockstep::agent {

class ProtoSchema;

// One method of a service. Lives as long as its schema.
struct GrpcMethod {
  const ProtoSchema* schema = nullptr;
  std::string path;     // "/suite.Desk/Greet"
  std::string package;  // "suite"
  std::string service;  // "suite.Desk"
  std::string name;     // "Greet"
  bool client_streams = false;
  bool server_streams = false;
  // Empty messages of the right kinds.
  const google::protobuf::Message* input = nullptr;
  const google::protobuf::Message* output = nullptr;
};

class ProtoSchema {
 public:
  // Of these files, each of which imports others of them or google/protobuf/*.proto; the types of
  // the latter that have a JSON of their own are always there, for Any. InvalidArgument: what is
  // wrong with them, with the names of file and symbol.
  static absl::StatusOr<std::unique_ptr<const ProtoSchema>> Make(
      const std::vector<google::protobuf::FileDescriptorProto>& files);
  // Of serialised FileDescriptorProtos, as server reflection has them.
  static absl::StatusOr<std::unique_ptr<const ProtoSchema>> FromFiles(
      const std::vector<std::string>& files);
  // Of a serialised FileDescriptorSet, as protoc's --descriptor_set_out writes it.
  static absl::StatusOr<std::unique_ptr<const ProtoSchema>> FromProtoset(absl::string_view bytes);
  ~ProtoSchema();
  ProtoSchema(const ProtoSchema&) = delete;
  ProtoSchema& operator=(const ProtoSchema&) = delete;

  // In the order of the files.
  const std::vector<GrpcMethod>& methods() const { return methods_; }
  // By its path; null if there is none.
  const GrpcMethod* Find(absl::string_view path) const;

  // The wire format of what `json` says, as a message of the kind of `prototype`, which is of this
  // schema.
  // InvalidArgument: the field and what is wrong with it.
  absl::StatusOr<std::string> Encode(const google::protobuf::Message& prototype,
                                     absl::string_view json) const;
  // The JSON of a serialised message; also of fields that are not set, as k6 shows them.
  // InvalidArgument: these bytes are no such message.
  absl::StatusOr<std::string> Decode(const google::protobuf::Message& prototype,
                                     absl::string_view bytes) const;

  // For the JSON mapping. An empty message by its full name; null if there is none.
  const google::protobuf::Message* PrototypeOf(absl::string_view full_name) const;
  const google::protobuf::DescriptorPool& pool() const { return *pool_; }

 private:
  ProtoSchema();
  void AddMethodsOf(const google::protobuf::FileDescriptor& file);
  const google::protobuf::Message* PrototypeOf(const google::protobuf::Descriptor* type) const;

  std::unique_ptr<google::protobuf::DescriptorPool> pool_;
  std::unique_ptr<google::protobuf::DynamicMessageFactory> factory_;  // of `pool_`; locks itself
  std::vector<GrpcMethod> methods_;
  absl::flat_hash_map<absl::string_view, size_t> by_path_;  // views into `methods_`
};

// "suite.Desk/Greet" as the path of a request: with a slash in front.
std::string MethodPath(absl::string_view method);

// Of `schemas` the latest that has the method `path`. NotFound says which similar ones there are.
absl::StatusOr<const GrpcMethod*> FindMethod(const std::vector<const ProtoSchema*>& schemas,
                                             absl::string_view path);

}  // namespace lockstep::agent
