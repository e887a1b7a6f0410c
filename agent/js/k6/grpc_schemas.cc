#include "agent/js/k6/grpc_schemas.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "agent/grpc/proto_compiler.h"
#include "agent/grpc/reflection.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/bind/values.h"
#include "common/base/content_hash.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

v8::Local<v8::Value> MethodInfoOf(Context context, const GrpcMethod& method) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> info = v8::Object::New(isolate);
  SetProperty(context, info, "package", method.package);
  SetProperty(context, info, "service",
              absl::string_view(method.service)
                  .substr(method.package.empty() ? 0 : method.package.size() + 1));
  SetProperty(context, info, "full_method", method.path);
  return info;
}

// The strings of an array; nothing for null and undefined.
absl::StatusOr<std::vector<std::string>> StringsOf(Context context, absl::string_view what,
                                                   v8::Local<v8::Value> value) {
  std::vector<std::string> strings;
  if (value->IsNullOrUndefined()) {
    return strings;
  }
  absl::Status wrong =
      absl::InvalidArgumentError(absl::StrCat("client.load(): ", what, " must be strings"));
  if (!value->IsArray()) {
    return wrong;
  }
  LOCKSTEP_RETURN_IF_ERROR(ForEachOwnOrStatus(
      context, value.As<v8::Object>(), [&](const std::string&, v8::Local<v8::Value> element) {
        if (!element->IsString()) {
          return wrong;
        }
        strings.push_back(TextOf(context->GetIsolate(), element.As<v8::String>()));
        return absl::OkStatus();
      }));
  return strings;
}

}  // namespace

v8::MaybeLocal<v8::Value> GrpcSchemas::Add(
    Context context, GrpcClientState& client, const std::string& key,
    absl::FunctionRef<absl::StatusOr<std::unique_ptr<const ProtoSchema>>()> make) {
  v8::Isolate* isolate = context->GetIsolate();
  const absl::StatusOr<const ProtoSchema*> schema = store_.FindOrMake(key, make);
  if (!schema.ok()) {
    ThrowErrorOf(isolate, schema.status());
    return {};
  }
  client.schemas.push_back(*schema);
  return ArrayOf(context, (*schema)->methods(),
                 [context](const GrpcMethod& method) { return MethodInfoOf(context, method); });
}

absl::StatusOr<std::string> GrpcSchemas::Search(const std::vector<std::string>& paths,
                                                const std::string& name) {
  absl::Status why;
  for (const std::string& path : paths) {
    const bool absolute = !name.empty() && name.front() == '/';
    LOCKSTEP_ASSIGN_OR_RETURN(
        const std::string url,
        files_.url_of(absolute || path == "." ? name : absl::StrCat(path, "/", name)));
    absl::StatusOr<std::string> text = files_.load(url);
    // What VU 0 has looked for in vain is not among the files of the VUs after it.
    if (!absl::IsNotFound(text.status()) && !absl::IsOutOfRange(text.status())) {
      return text;
    }
    why = text.status();
  }
  return absl::NotFoundError(why.message());
}

v8::MaybeLocal<v8::Value> GrpcSchemas::Load(Context context, GrpcClientState& client,
                                            v8::Local<v8::Value> import_paths,
                                            v8::Local<v8::Array> names) {
  v8::Isolate* isolate = context->GetIsolate();
  if (!vu_.in_init()) {
    ThrowError(isolate, "load must be called in the init context");
    return {};
  }
  absl::StatusOr<std::vector<std::string>> paths =
      StringsOf(context, "the import paths, an array,", import_paths);
  const absl::StatusOr<std::vector<std::string>> files =
      StringsOf(context, "the names of files", names);
  for (const absl::Status& status : {paths.status(), files.status()}) {
    if (!status.ok()) {
      ThrowStatus(isolate, status);
      return {};
    }
  }
  if (files->empty()) {
    ThrowTypeError(isolate, "client.load(): no .proto file is named");
    return {};
  }
  if (paths->empty()) {
    paths->push_back(".");
  }
  const auto read = [&](const std::string& name) { return Search(*paths, name); };
  return Add(
      context, client,
      absl::StrCat("load\n", absl::StrJoin(*paths, "\n"), "\n\n", absl::StrJoin(*files, "\n")),
      [&] { return CompileProtos(*files, read); });
}

v8::MaybeLocal<v8::Value> GrpcSchemas::LoadProtoset(Context context, GrpcClientState& client,
                                                    v8::Local<v8::Value> path) {
  v8::Isolate* isolate = context->GetIsolate();
  if (!vu_.in_init()) {
    ThrowError(isolate, "loadProtoset must be called in the init context");
    return {};
  }
  if (!path->IsString()) {
    ThrowTypeError(isolate, "client.loadProtoset(): the name of a file is expected");
    return {};
  }
  const std::string name = TextOf(isolate, path.As<v8::String>());
  return Add(context, client, absl::StrCat("protoset\n", name),
             [&]() -> absl::StatusOr<std::unique_ptr<const ProtoSchema>> {
               LOCKSTEP_ASSIGN_OR_RETURN(const std::string url, files_.url_of(name));
               absl::StatusOr<std::string> bytes = files_.load(url);
               if (absl::IsCancelled(bytes.status())) {
                 return bytes.status();
               }
               if (!bytes.ok()) {
                 return absl::InvalidArgumentError(
                     absl::StrCat("couldn't open protoset ", name, ": ", bytes.status().message()));
               }
               auto made = ProtoSchema::FromProtoset(*bytes);
               return made.ok()
                          ? std::move(made)
                          : absl::InvalidArgumentError(absl::StrCat("couldn't read protoset ", name,
                                                                    ": ", made.status().message()));
             });
}

absl::Status GrpcSchemas::Reflect(const GrpcConnectParams& params, GrpcClientState& client) {
  std::unique_ptr<GrpcWork> work;
  const auto found = ParkFor<absl::StatusOr<std::vector<std::string>>>(vu_, [&](auto done) {
    work = StartReflection(vu_.grpc(), *client.channel, params.reflect_metadata,
                           params.spec.timeout, std::move(done));
  });
  if (!found) {
    return absl::CancelledError();
  }
  const absl::StatusOr<std::vector<std::string>>& files = *found;
  LOCKSTEP_RETURN_IF_ERROR(files.status());
  const std::string key = absl::StrCat("reflected\n", Sha256(absl::StrJoin(*files, "")));
  const absl::StatusOr<const ProtoSchema*> schema =
      store_.FindOrMake(key, [&files] { return ProtoSchema::FromFiles(*files); });
  if (!schema.ok()) {
    return absl::UnavailableError(
        absl::StrCat("the server's reflection cannot be used: ", schema.status().message()));
  }
  if (std::find(client.schemas.begin(), client.schemas.end(), *schema) == client.schemas.end()) {
    client.schemas.push_back(*schema);
  }
  return absl::OkStatus();
}

}  // namespace lockstep::agent
