#include "agent/grpc/reflection.h"

#include <iterator>
#include <map>
#include <set>
#include <utility>

#include <google/protobuf/descriptor.pb.h>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "agent/grpc/builtin_protos.h"
#include "agent/grpc/engine.h"
#include "agent/grpc/json_mapping.h"
#include "common/base/json_text.h"

namespace lockstep::agent {
namespace {

constexpr int kUnimplemented = 12;
// Not for people: a server whose imports never end is stopped here.
constexpr size_t kMostFiles = 10'000;

class ReflectionTalk final : public GrpcWork, public GrpcStreamListener {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::vector<std::string>>)>;

  ReflectionTalk(GrpcEngine& engine, const GrpcChannel& channel, GrpcMetadata metadata,
                 absl::Duration timeout, Done done)
      : engine_(engine),
        channel_(channel),
        metadata_(std::move(metadata)),
        deadline_(engine.loop().clock().Mono() + timeout),
        method_(*BuiltinProtos().Find("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")),
        done_(std::move(done)) {
    Open("v1");
  }

  void OnHeaders(const GrpcMetadata&) override {}
  void OnSent() override {}
  void OnMessage(std::string bytes) override {
    stream_->Taken();
    if (const absl::Status read = Read(bytes); !read.ok()) {
      Finish(read);
      return;
    }
    --questions_;
    if (questions_ == 0) {
      Finish(absl::OkStatus());
    }
  }
  void OnEnd(GrpcResult result) override {
    if (result.status == kUnimplemented && !std::exchange(older_, true)) {
      Open("v1alpha");
      return;
    }
    const auto code = static_cast<size_t>(result.status);
    Finish(absl::UnavailableError(absl::StrCat("error invoking reflect API: rpc error: code = ",
                                               code < std::size(kGrpcStatusNames)
                                                   ? kGrpcStatusNames[code]
                                                   : absl::StrCat("Code(", code, ")"),
                                               " desc = ", result.error)));
  }

 private:
  void Open(absl::string_view version) {
    questions_ = 0;
    stream_ = OpenStream(engine_, channel_,
                         {.path = absl::StrCat("/grpc.reflection.", version,
                                               ".ServerReflection/ServerReflectionInfo"),
                          .metadata = metadata_,
                          .timeout = deadline_ - engine_.loop().clock().Mono()},
                         *this);
    Ask("listServices", "*");
  }

  void Ask(const char* kind, const std::string& name) {
    // Names come from the server: what is not text for JSON is not a name either.
    const std::string json = JsonText(nlohmann::json{{kind, name}});
    const absl::StatusOr<std::string> request = BuiltinProtos().Encode(*method_.input, json);
    if (request.ok() && stream_->Write(*request)) {
      ++questions_;
    }
  }

  absl::Status Read(const std::string& bytes) {
    const absl::StatusOr<std::string> json = BuiltinProtos().Decode(*method_.output, bytes);
    const nlohmann::json answer = json.ok() ? nlohmann::json::parse(*json, nullptr, false)
                                            : nlohmann::json(nlohmann::json::value_t::discarded);
    if (answer.is_discarded()) {
      return absl::UnavailableError("the server's answer to a reflection request cannot be read");
    }
    if (answer.contains("errorResponse")) {
      return absl::UnavailableError(
          absl::StrCat("the server's reflection says: ",
                       answer["errorResponse"]["errorMessage"].get<std::string>()));
    }
    if (answer.contains("listServicesResponse")) {
      for (const auto& service : answer["listServicesResponse"]["service"]) {
        const auto& name = service["name"].get_ref<const std::string&>();
        // Of the protocol itself nobody needs a description.
        if (!absl::StartsWith(name, "grpc.reflection.")) {
          Ask("fileContainingSymbol", name);
        }
      }
    }
    if (answer.contains("fileDescriptorResponse")) {
      for (const auto& file : answer["fileDescriptorResponse"]["fileDescriptorProto"]) {
        std::string content;
        absl::Base64Unescape(file.get_ref<const std::string&>(), &content);
        Add(std::move(content));
      }
      AskForImports();
    }
    return files_.size() > kMostFiles
               ? absl::UnavailableError("the server's reflection has too many files")
               : absl::OkStatus();
  }

  void Add(std::string content) {
    google::protobuf::FileDescriptorProto file;
    if (!file.ParsePartialFromString(content)) {
      return;  // whoever needs it will miss it
    }
    imports_.insert(file.dependency().begin(), file.dependency().end());
    asked_.insert(file.name());
    files_.emplace(file.name(), std::move(content));
  }

  // Of the imported files those that have not come along, but for those that everybody has.
  void AskForImports() {
    for (const std::string& name : std::exchange(imports_, {})) {
      google::protobuf::FileDescriptorProto known;
      if (!files_.contains(name) && !CopyWellKnownFile(name, &known) &&
          asked_.insert(name).second) {
        Ask("fileByFilename", name);
      }
    }
  }

  // Destroys this.
  void Finish(const absl::Status& status) {
    stream_.reset();
    Done done = std::exchange(done_, nullptr);
    if (!status.ok()) {
      done(status);
      return;
    }
    std::vector<std::string> files;
    for (auto& [name, content] : files_) {
      files.push_back(std::move(content));
    }
    done(std::move(files));
  }

  GrpcEngine& engine_;
  const GrpcChannel channel_;
  const GrpcMetadata metadata_;
  const MonoTime deadline_;
  const GrpcMethod& method_;
  Done done_;
  bool older_ = false;
  std::unique_ptr<GrpcStream> stream_;
  int questions_ = 0;  // that have no answer yet
  std::map<std::string, std::string> files_;
  std::set<std::string> imports_, asked_;
};

}  // namespace

std::unique_ptr<GrpcWork> StartReflection(
    GrpcEngine& engine, const GrpcChannel& channel, const GrpcMetadata& metadata,
    absl::Duration timeout,
    absl::AnyInvocable<void(absl::StatusOr<std::vector<std::string>>)> done) {
  return std::make_unique<ReflectionTalk>(engine, channel, metadata, timeout, std::move(done));
}

}  // namespace lockstep::agent
