#include "agent/grpc/proto_compiler.h"

#include <set>
#include <utility>

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/io/zero_copy_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "agent/grpc/json_mapping.h"

namespace lockstep::agent {
namespace {

namespace pb = google::protobuf;

constexpr size_t kShownErrors = 10;  // a file that is none has thousands

// The script's files as protobuf's compiler wants them.
class ScriptSources final : public pb::compiler::SourceTree {
 public:
  using Read = absl::FunctionRef<absl::StatusOr<std::string>(const std::string& name)>;
  explicit ScriptSources(Read read) : read_(read) {}

  pb::io::ZeroCopyInputStream* Open(const std::string& name) override {
    if (!failed.ok()) {
      return nullptr;
    }
    absl::StatusOr<std::string> text = read_(name);
    if (!text.ok()) {
      error_ = absl::StrCat("the file cannot be read: ", text.status().message());
      if (!absl::IsNotFound(text.status())) {
        failed =
            absl::Status(text.status().code(), absl::StrCat(name, ": ", text.status().message()));
      }
      return nullptr;
    }
    return new Stream(*std::move(text));
  }
  std::string GetLastErrorMessage() override { return error_; }

  absl::Status failed;  // of a read: nothing else matters then

 private:
  // Owns the text that it streams.
  class Stream final : public pb::io::ZeroCopyInputStream {
   public:
    explicit Stream(std::string text)
        : text_(std::move(text)), stream_(text_.data(), static_cast<int>(text_.size())) {}
    bool Next(const void** data, int* size) override { return stream_.Next(data, size); }
    void BackUp(int count) override { stream_.BackUp(count); }
    bool Skip(int count) override { return stream_.Skip(count); }
    int64_t ByteCount() const override { return stream_.ByteCount(); }

   private:
    const std::string text_;
    pb::io::ArrayInputStream stream_;
  };

  Read read_;
  std::string error_;
};

class CompilerErrors final : public pb::compiler::MultiFileErrorCollector {
 public:
  void AddError(const std::string& file, int line, int column,
                const std::string& message) override {
    if (texts.size() == kShownErrors) {
      texts.push_back("and more");
    }
    if (texts.size() > kShownErrors) {
      return;
    }
    // -1 is the whole file.
    texts.push_back(line < 0 ? absl::StrCat(file, ": ", message)
                             : absl::StrCat(file, ":", line + 1, ":", column + 1, ": ", message));
  }
  std::vector<std::string> texts;
};

class WellKnownFiles final : public pb::DescriptorDatabase {
 public:
  bool FindFileByName(const std::string& name, pb::FileDescriptorProto* file) override {
    return CopyWellKnownFile(name, file);
  }
  bool FindFileContainingSymbol(const std::string&, pb::FileDescriptorProto*) override {
    return false;
  }
  bool FindFileContainingExtension(const std::string&, int, pb::FileDescriptorProto*) override {
    return false;
  }
};

// `file` and what it imports, each once.
void Collect(const pb::FileDescriptor& file, std::set<std::string>& seen,
             std::vector<pb::FileDescriptorProto>& files) {
  if (!seen.insert(file.name()).second) {
    return;
  }
  pb::FileDescriptorProto& copy = files.emplace_back();
  file.CopyTo(&copy);
  file.CopyJsonNameTo(&copy);
  for (int i = 0; i < file.dependency_count(); ++i) {
    Collect(*file.dependency(i), seen, files);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<const ProtoSchema>> CompileProtos(
    const std::vector<std::string>& files, ScriptSources::Read read) {
  ScriptSources sources(read);
  WellKnownFiles well_known;
  pb::compiler::SourceTreeDescriptorDatabase database(&sources, &well_known);
  CompilerErrors errors;
  database.RecordErrorsTo(&errors);
  // This pool asks the database as it goes. What it finds is copied into one that never changes.
  pb::DescriptorPool pool(&database, database.GetValidationErrorCollector());
  pool.EnforceWeakDependencies(true);
  std::set<std::string> seen;
  std::vector<pb::FileDescriptorProto> found;
  for (const std::string& name : files) {
    const pb::FileDescriptor* file = pool.FindFileByName(name);
    if (!sources.failed.ok()) {
      return sources.failed;
    }
    if (file == nullptr) {
      return absl::InvalidArgumentError(absl::StrJoin(errors.texts, "\n"));
    }
    Collect(*file, seen, found);
  }
  return ProtoSchema::Make(found);
}

}  // namespace lockstep::agent
