#include "agent/js/k6/fs.h"

#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "agent/js/bind/bound_methods.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/holder.h"
#include "agent/js/bind/owned_object.h"
#include "agent/js/bind/promises.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "common/base/safe_integer.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

struct FsData {
  ApiVu& vu;
  FileStore& store;
  ScriptFiles files;
};

void Reject(const Info& info, absl::string_view name, absl::string_view function,
            absl::string_view why) {
  ReturnRejected(info,
                 MakeError(info.GetIsolate(), name, absl::StrCat(function, "() failed: ", why)));
}

// The class guarantees that the receiver is a File.
OpenFile& ReceiverOf(const Info& info) {
  return *OwnedBy<OpenFile>(info.This());
}

void ReadFromFile(const Info& info) {
  if (!info[0]->IsUint8Array()) {
    Reject(info, "TypeError", "read", "a Uint8Array is expected, to be filled");
    return;
  }
  const v8::Local<v8::Uint8Array> view = info[0].As<v8::Uint8Array>();
  const std::shared_ptr<v8::BackingStore> memory = view->Buffer()->GetBackingStore();
  const std::optional<int64_t> count = ReceiverOf(info).Read(
      absl::MakeSpan(static_cast<char*>(memory->Data()) + view->ByteOffset(), view->ByteLength()));
  v8::Local<v8::Value> result = v8::Null(info.GetIsolate());
  if (count.has_value()) {
    result = v8::Number::New(info.GetIsolate(), static_cast<double>(*count));
  }
  ReturnResolved(info, result);
}

// A whole number that a double holds exactly.
bool IntegerOf(v8::Local<v8::Value> value, int64_t* integer) {
  const double number = value->IsNumber() ? value.As<v8::Number>()->Value() : NAN;
  if (std::trunc(number) != number || std::abs(number) > kMaxSafeInteger) {
    return false;
  }
  *integer = static_cast<int64_t>(number);
  return true;
}

void SeekInFile(const Info& info) {
  int64_t offset = 0, whence = 0;
  if (!IntegerOf(info[0], &offset)) {
    Reject(info, "TypeError", "seek", "offset: a whole number is expected");
    return;
  }
  if (!IntegerOf(info[1], &whence) || whence < 0 || whence > 2) {
    Reject(info, "TypeError", "seek",
           "whence: expected SeekMode.Start, SeekMode.Current or SeekMode.End");
    return;
  }
  const absl::StatusOr<int64_t> at = ReceiverOf(info).Seek(offset, static_cast<SeekMode>(whence));
  if (!at.ok()) {
    Reject(info, "TypeError", "seek", at.status().message());
    return;
  }
  ReturnResolved(info, v8::Number::New(info.GetIsolate(), static_cast<double>(*at)));
}

void DescribeFile(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const OpenFile& file = ReceiverOf(info);
  const v8::Local<v8::Object> facts = v8::Object::New(isolate);
  SetProperty(ContextOf(info), facts, "name", file.name());
  SetProperty(ContextOf(info), facts, "size", file.size());
  ReturnResolved(info, facts);
}

void ConstructFile(const Info& info) {
  ThrowTypeError(info.GetIsolate(), "File has no constructor; use open()");
}

v8::Local<v8::FunctionTemplate> FileTemplate(v8::Isolate* isolate) {
  return ClassTemplate(isolate, "File", ConstructFile, [&](v8::Local<v8::FunctionTemplate> made) {
    made->InstanceTemplate()->SetInternalFieldCount(2);
    SetPrototypeMethods(isolate, made,
                        {{"read", ReadFromFile}, {"seek", SeekInFile}, {"stat", DescribeFile}});
  });
}

// The file at `url`, loaded if this VU is the first to ask.
absl::StatusOr<SharedFile*> FindFile(FsData& data, const std::string& url) {
  return data.store.FindOrMake(url, [&]() -> absl::StatusOr<std::unique_ptr<SharedFile>> {
    LOCKSTEP_ASSIGN_OR_RETURN(std::string content, data.files.load(url));
    return std::make_unique<SharedFile>(std::move(content));
  });
}

void OpenPath(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = ContextOf(info);
  FsData& data = *OwnedBy<FsData>(info.Data().As<v8::Object>());
  if (!data.vu.in_init()) {
    Reject(info, "ForbiddenError", "open", "files are opened in the init context only");
    return;
  }
  if (!info[0]->IsString() || info[0].As<v8::String>()->Length() == 0) {
    Reject(info, "TypeError", "open", "a path is expected, a text that is not empty");
    return;
  }
  const std::string path = TextArgument(info, 0);
  const absl::StatusOr<std::string> url = data.files.url_of(path);
  const absl::StatusOr<SharedFile*> file =
      url.ok() ? FindFile(data, *url) : absl::StatusOr<SharedFile*>(url.status());
  if (absl::IsCancelled(file.status())) {
    return;
  }
  if (!file.ok()) {
    const bool folder = absl::StrContains(file.status().message(), "Is a directory");
    Reject(info, folder ? "InvalidResourceError" : "NotFoundError", "open",
           absl::StrCat(path, ": ", file.status().message()));
    return;
  }
  // The class has no constructor for scripts, so the instance is made of the template.
  v8::Local<v8::Object> object;
  if (!FileTemplate(isolate)->InstanceTemplate()->NewInstance(context).ToLocal(&object)) {
    return;
  }
  auto open = std::make_unique<OpenFile>(**file, std::string(absl::StripPrefix(*url, "file://")));
  SetProperty(context, object, "path", open->path());
  AttachOwned(isolate, object, std::move(open));
  ReturnResolved(info, object);
}

}  // namespace

v8::Local<v8::Object> MakeFsModule(Context context, ApiVu& vu, FileStore& store,
                                   ScriptFiles files) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> exports = v8::Object::New(isolate);
  v8::Local<v8::Object> data;
  if (!MakeHolder(context, std::make_unique<FsData>(FsData{vu, store, std::move(files)}))
           .ToLocal(&data)) {
    return exports;
  }
  SetFunction(context, exports, "open", OpenPath, data);
  const v8::Local<v8::Object> modes = v8::Object::New(isolate);
  const std::pair<const char*, SeekMode> names[] = {
      {"Start", SeekMode::kStart}, {"Current", SeekMode::kCurrent}, {"End", SeekMode::kEnd}};
  for (const auto& [name, mode] : names) {
    SetProperty(context, modes, name, static_cast<int>(mode));
  }
  SetProperty(context, exports, "SeekMode", modes);
  return exports;
}

OpenFile* FileOf(v8::Isolate* isolate, v8::Local<v8::Value> value) {
  return FileTemplate(isolate)->HasInstance(value) ? OwnedBy<OpenFile>(value.As<v8::Object>())
                                                   : nullptr;
}

}  // namespace lockstep::agent
