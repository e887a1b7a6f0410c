#include "tests/support/grpc_server.h"

#include <chrono>
#include <deque>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "agent/grpc/builtin_protos.h"
#include "agent/grpc/call_parts.h"
#include "agent/grpc/proto_compiler.h"
#include "common/base/check.h"
#include "common/base/sync.h"

namespace lockstep::testing {
namespace {

using agent::BuiltinProtos;
using agent::GrpcMethod;
using agent::ProtoSchema;
using nlohmann::json;

constexpr size_t kHugeBytes = 5'000'000;

// One call: JSON in, JSON out. gRPC calls it on its threads, one at a time for a kind of event.
class Talk : public grpc::ServerGenericBidiReactor {
 public:
  Talk(const GrpcMethod& method, grpc::GenericCallbackServerContext& context,
       std::function<void()> on_message)
      : context_(context), method_(method), on_message_(std::move(on_message)) {
    StartRead(&in_);
  }

  virtual void OnMessage(const json& message) = 0;
  // There will be no more.
  virtual void OnLast() { End(grpc::Status::OK); }

 protected:
  void Send(const json& message) {
    const absl::StatusOr<std::string> bytes =
        method_.schema->Encode(*method_.output, message.dump());
    LOCKSTEP_CHECK(bytes.ok());
    const MutexLock lock(mutex_);
    out_.push_back(agent::BufferOf(*bytes));
    Next();
  }
  // After what has been sent.
  void End(grpc::Status status) {
    const MutexLock lock(mutex_);
    if (!ending_) {
      ending_ = true;
      status_ = std::move(status);
      Next();
    }
  }
  grpc::GenericCallbackServerContext& context_;

 private:
  void OnReadDone(bool ok) override {
    if (!ok) {
      OnLast();
      return;
    }
    on_message_();
    const auto text = method_.schema->Decode(*method_.input, agent::BytesOfBuffer(in_));
    LOCKSTEP_CHECK(text.ok());
    OnMessage(json::parse(*text));
    StartRead(&in_);
  }
  void OnWriteDone(bool) override {
    const MutexLock lock(mutex_);
    writing_ = false;
    out_.pop_front();
    Next();
  }
  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }

  void Next() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || over_) {
      return;
    }
    if (!out_.empty()) {
      writing_ = true;
      StartWrite(&out_.front());
    } else if (ending_) {
      over_ = true;
      Finish(status_);
    }
  }

  const GrpcMethod& method_;
  const std::function<void()> on_message_;
  grpc::ByteBuffer in_;
  Mutex mutex_;
  std::deque<grpc::ByteBuffer> out_ ABSL_GUARDED_BY(mutex_);
  grpc::Status status_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
};

std::string MetadataValue(const grpc::ServerContextBase& context, const std::string& name) {
  const auto found = context.client_metadata().find(name);
  return found == context.client_metadata().end()
             ? ""
             : std::string(found->second.data(), found->second.size());
}

class Greet final : public Talk {
 public:
  using Talk::Talk;
  void OnMessage(const json& ask) override {
    const std::string name = ask["name"];
    context_.AddInitialMetadata("x-srv", MetadataValue(context_, "x-client"));
    context_.AddInitialMetadata("x-srv-bin", MetadataValue(context_, "x-client-bin"));
    context_.AddTrailingMetadata("x-trail", "end");
    if (name == "nobody") {
      const auto details = BuiltinProtos().Encode(
          *BuiltinProtos().PrototypeOf("google.rpc.Status"),
          R"({"code":5,"message":"no such person","details":[{"@type":"t/google.protobuf.Duration","value":"1.5s"}]})");
      LOCKSTEP_CHECK(details.ok());
      End(grpc::Status(grpc::StatusCode::NOT_FOUND, "no such person", *details));
    } else if (name != "slow") {
      std::string text = name == "huge" ? std::string(kHugeBytes, 'x') : "";
      for (int i = 0; i < ask["times"]; ++i) {
        absl::StrAppend(&text, "hello ", name);
      }
      Send({{"text", text}, {"meta", MetadataValue(context_, "x-client")}});
      End(grpc::Status::OK);
    }
  }
  void OnLast() override {}
};

class Count final : public Talk {
 public:
  using Talk::Talk;
  void OnMessage(const json& ask) override {
    for (int i = 1; i <= ask["times"]; ++i) {
      Send({{"text", absl::StrCat("n", i)}});
    }
    End(ask["name"] == "abort" ? grpc::Status(grpc::StatusCode::ABORTED, "enough")
                               : grpc::Status::OK);
  }
};

class Sum final : public Talk {
 public:
  using Talk::Talk;
  void OnMessage(const json& ask) override { sum_ += ask["times"].get<int>(); }
  void OnLast() override {
    Send({{"text", absl::StrCat(sum_)}});
    End(grpc::Status::OK);
  }

 private:
  int sum_ = 0;
};

class Chat final : public Talk {
 public:
  using Talk::Talk;
  void OnMessage(const json& ask) override {
    Send({{"text", absl::StrCat("re:", ask["name"].get<std::string>())}});
    if (ask["name"] == "bye") {
      End(grpc::Status::OK);
    }
  }
};

class Health final : public Talk {
 public:
  using Talk::Talk;
  void OnMessage(const json& ask) override {
    if (ask["service"].get<std::string>().empty() || ask["service"] == "suite.Desk") {
      Send({{"status", "SERVING"}});
      End(grpc::Status::OK);
    } else {
      End(grpc::Status(grpc::StatusCode::NOT_FOUND, "unknown service"));
    }
  }
  void OnLast() override {}
};

class Reflect final : public Talk {
 public:
  Reflect(const ProtoSchema& schema, const GrpcMethod& method,
          grpc::GenericCallbackServerContext& context, std::function<void()> on_message)
      : Talk(method, context, std::move(on_message)), schema_(schema) {}

  void OnMessage(const json& ask) override {
    if (ask.contains("listServices")) {
      Send({{"listServicesResponse",
             {{"service", {{{"name", "suite.Desk"}}, {{"name", "grpc.reflection.v1.X"}}}}}}});
    } else if (ask.contains("fileContainingSymbol")) {
      SendFile(schema_.pool().FindFileContainingSymbol(ask["fileContainingSymbol"]));
    } else {
      SendFile(schema_.pool().FindFileByName(ask["fileByFilename"]));
    }
  }

 private:
  void SendFile(const google::protobuf::FileDescriptor* file) {
    if (file == nullptr) {
      Send({{"errorResponse", {{"errorCode", 5}, {"errorMessage", "not found"}}}});
      return;
    }
    google::protobuf::FileDescriptorProto copy;
    file->CopyTo(&copy);
    Send({{"fileDescriptorResponse",
           {{"fileDescriptorProto", {absl::Base64Escape(copy.SerializeAsString())}}}}});
  }
  const ProtoSchema& schema_;
};

class Refusal final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Refusal(grpc::Status status) { Finish(std::move(status)); }
  void OnDone() override { delete this; }
};

class Server final : public GrpcServer, public grpc::CallbackGenericService {
 public:
  explicit Server(Options options) : options_(std::move(options)) {
    // In two files, so that reflection has to ask for an import.
    const std::map<std::string, std::string> files = {
        {"desk.proto", absl::StrCat(R"(syntax = "proto3"; package suite; import "messages.proto";)",
                                    Between("service Desk", "message Ask"))},
        {"messages.proto",
         absl::StrCat(R"(syntax = "proto3"; package suite; )", Between("message Ask", ""))}};
    auto schema = agent::CompileProtos(
        {"desk.proto"},
        [&](const std::string& name) -> absl::StatusOr<std::string> { return files.at(name); });
    LOCKSTEP_CHECK(schema.ok());
    schema_ = *std::move(schema);
    grpc::ServerBuilder builder;
    std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
    if (!options_.certificate.empty()) {
      grpc::SslServerCredentialsOptions tls(
          options_.client_authority.empty()
              ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
              : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
      tls.pem_key_cert_pairs.push_back({options_.key, options_.certificate});
      tls.pem_root_certs = options_.client_authority;
      credentials = grpc::SslServerCredentials(tls);
    }
    builder.AddListeningPort(absl::StrCat("127.0.0.1:", options_.port), credentials, &port_);
    builder.RegisterCallbackGenericService(this);
    builder.SetMaxReceiveMessageSize(-1);
    server_ = builder.BuildAndStart();
  }
  ~Server() override {
    if (serves()) {
      server_->Shutdown(std::chrono::system_clock::now());
    }
  }
  bool serves() const { return server_ != nullptr && port_ != 0; }

  int port() const override { return port_; }
  std::map<std::string, int> calls() const override {
    const MutexLock lock(mutex_);
    return calls_;
  }
  int messages() const override {
    const MutexLock lock(mutex_);
    return messages_;
  }
  std::string authority() const override {
    const MutexLock lock(mutex_);
    return authority_;
  }
  std::string metadata(const std::string& name) const override {
    const MutexLock lock(mutex_);
    const auto found = metadata_.find(name);
    return found == metadata_.end() ? "" : found->second;
  }

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    Note(*context);
    const std::string& path = context->method();
    const auto on_message = [this] {
      const MutexLock lock(mutex_);
      ++messages_;
    };
    const bool v1 = path == "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    const bool v1alpha = path == "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
    if ((v1 && options_.reflection_v1) || (v1alpha && options_.reflection_v1alpha)) {
      if (!options_.reflection_needs.empty() &&
          MetadataValue(*context, options_.reflection_needs).empty()) {
        return new Refusal(grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "who are you?"));
      }
      return new Reflect(
          *schema_,
          *BuiltinProtos().Find("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"),
          *context, on_message);
    }
    if (path == "/grpc.health.v1.Health/Check") {
      return new Health(*BuiltinProtos().Find(path), *context, on_message);
    }
    const GrpcMethod* method = schema_->Find(path);
    if (method == nullptr) {
      return new Refusal(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "unknown service"));
    }
    if (method->name == "Greet") {
      return new Greet(*method, *context, on_message);
    }
    if (method->name == "Count") {
      return new Count(*method, *context, on_message);
    }
    if (method->name == "Sum") {
      return new Sum(*method, *context, on_message);
    }
    return new Chat(*method, *context, on_message);
  }

 private:
  static std::string Between(absl::string_view from, absl::string_view to) {
    const absl::string_view all = kDeskProto;
    const size_t first = all.find(from);
    return std::string(all.substr(first, to.empty() ? to.npos : all.find(to) - first));
  }
  void Note(const grpc::GenericCallbackServerContext& context) {
    const MutexLock lock(mutex_);
    ++calls_[context.method()];
    authority_ = context.host();
    metadata_.clear();
    for (const auto& [name, value] : context.client_metadata()) {
      metadata_[std::string(name.data(), name.size())] = std::string(value.data(), value.size());
    }
  }

  const Options options_;
  std::unique_ptr<const ProtoSchema> schema_;
  int port_ = 0;
  mutable Mutex mutex_;
  std::map<std::string, int> calls_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> metadata_ ABSL_GUARDED_BY(mutex_);
  std::string authority_ ABSL_GUARDED_BY(mutex_);
  int messages_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

std::unique_ptr<GrpcServer> GrpcServer::Start(Options options) {
  auto server = std::make_unique<Server>(std::move(options));
  return server->serves() ? std::move(server) : nullptr;
}

std::string GrpcServer::address() const {
  return absl::StrCat("127.0.0.1:", port());
}

}  // namespace lockstep::testing
