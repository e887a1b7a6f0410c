// Schemas from texts, protosets and files: what is found in them, and what is said of bad ones.
#include "agent/grpc/schema.h"

#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "agent/grpc/builtin_protos.h"
#include "agent/grpc/proto_compiler.h"
#include "tests/support/grpc_server.h"

namespace lockstep::agent {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

absl::StatusOr<std::unique_ptr<const ProtoSchema>> Compile(std::map<std::string, std::string> files,
                                                           const std::string& main = "main.proto") {
  return CompileProtos({main}, [&](const std::string& name) -> absl::StatusOr<std::string> {
    const auto found = files.find(name);
    return found == files.end() ? absl::StatusOr<std::string>(absl::NotFoundError("no such file"))
                                : found->second;
  });
}

std::string CompileErrorOf(std::map<std::string, std::string> files) {
  return std::string(Compile(std::move(files)).status().message());
}

TEST(ProtoCompiler, FindsMethodsOfAllFiles) {
  const auto schema = Compile(
      {{"main.proto",
        R"(syntax = "proto3"; package a.b; import "dir/types.proto"; import "google/protobuf/empty.proto";
                   service S { rpc One(T) returns (stream google.protobuf.Empty); })"},
       {"dir/types.proto", R"(syntax = "proto3"; package a.b; message T { int32 x = 1; })"}});
  ASSERT_TRUE(schema.ok()) << schema.status();
  ASSERT_EQ(1u, (*schema)->methods().size());
  const GrpcMethod& method = *(*schema)->Find("/a.b.S/One");
  EXPECT_EQ("a.b", method.package);
  EXPECT_EQ("a.b.S", method.service);
  EXPECT_EQ("One", method.name);
  EXPECT_FALSE(method.client_streams);
  EXPECT_TRUE(method.server_streams);
  EXPECT_EQ(nullptr, (*schema)->Find("/a.b.S/Two"));
}

TEST(ProtoCompiler, NamesFileLineAndColumnOfEachError) {
  // Lines and columns count from 1, as editors do.
  EXPECT_EQ(
      "main.proto:2:13: \"Missing\" is not defined.",
      CompileErrorOf({{"main.proto", "syntax = \"proto3\";\nmessage A { Missing a = 1; }\n"}}));
  EXPECT_THAT(CompileErrorOf({{"main.proto", "syntax = \"proto3\";\nmessage A { string }\n"}}),
              HasSubstr("main.proto:2:20: Expected field name."));
}

TEST(ProtoCompiler, DoesNotListThousandsOfErrors) {
  std::string text = "syntax = \"proto3\";\n";
  for (int i = 0; i < 1000; ++i) {
    absl::StrAppend(&text, "message A", i, " { Nope a = 1; }\n");
  }
  const std::string error = CompileErrorOf({{"main.proto", text}});
  EXPECT_THAT(error, HasSubstr("main.proto:2:14: \"Nope\" is not defined."));
  EXPECT_THAT(error, EndsWith("\nand more"));
  EXPECT_EQ(10, std::count(error.begin(), error.end(), '\n'));
}

TEST(ProtoCompiler, SaysWhichImportIsMissing) {
  EXPECT_THAT(CompileErrorOf({{"main.proto", R"(syntax = "proto3"; import "no.proto";)"}}),
              HasSubstr("no.proto: the file cannot be read: no such file"));
  EXPECT_THAT(CompileErrorOf({}), HasSubstr("main.proto: the file cannot be read: no such file"));
  EXPECT_THAT(CompileErrorOf(
                  {{"main.proto", R"(import "b.proto";)"}, {"b.proto", R"(import "main.proto";)"}}),
              HasSubstr("recursively imports itself"));
}

TEST(ProtoCompiler, HandsOverWhatReadingFailedWith) {
  const auto schema = CompileProtos({"a.proto"}, [](const std::string&) {
    return absl::StatusOr<std::string>(absl::CancelledError("interrupted"));
  });
  EXPECT_TRUE(absl::IsCancelled(schema.status()));
}

TEST(ProtoSchema, ComesFromAProtosetInAnyOrder) {
  google::protobuf::FileDescriptorSet set;
  const auto schema = Compile({{"main.proto", testing::kDeskProto}});
  ASSERT_TRUE(schema.ok()) << schema.status();
  google::protobuf::FileDescriptorProto* user = set.add_file();
  user->set_name("user.proto");
  user->set_package("u");
  user->add_dependency("main.proto");
  google::protobuf::ServiceDescriptorProto* service = user->add_service();
  service->set_name("S");
  google::protobuf::MethodDescriptorProto* method = service->add_method();
  method->set_name("M");
  method->set_input_type(".suite.Ask");
  method->set_output_type(".suite.Answer");
  (*schema)->pool().FindFileByName("main.proto")->CopyTo(set.add_file());
  const auto read = ProtoSchema::FromProtoset(set.SerializeAsString());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_NE(nullptr, (*read)->Find("/u.S/M"));
  EXPECT_NE(nullptr, (*read)->Find("/suite.Desk/Chat"));

  set.mutable_file()->RemoveLast();
  EXPECT_EQ("main.proto: the file is imported and missing",
            ProtoSchema::FromProtoset(set.SerializeAsString()).status().message());
  EXPECT_EQ("it is not a protoset (a serialised FileDescriptorSet)",
            ProtoSchema::FromProtoset("\xff\xff").status().message());
}

TEST(ProtoSchema, ShowsNothingOfThisProgramsOwnMessages) {
  EXPECT_THAT(
      CompileErrorOf({{"main.proto", R"(syntax = "proto3"; import "lockstep/v1/control.proto";)"}}),
      HasSubstr("cannot be read"));
}

TEST(FindMethod, SaysWhichAreThere) {
  const auto schema = Compile({{"main.proto", testing::kDeskProto}});
  ASSERT_TRUE(schema.ok());
  EXPECT_TRUE(FindMethod({schema->get()}, "/suite.Desk/Greet").ok());
  EXPECT_EQ(
      "method \"/suite.Desk/Gret\" not found in file descriptors; did you mean \"/suite.Desk/Greet\"?",
      FindMethod({schema->get()}, "/suite.Desk/Gret").status().message());
  EXPECT_THAT(std::string(FindMethod({}, "/a/b").status().message()),
              HasSubstr("nothing has been loaded"));
}

TEST(BuiltinProtos, HaveHealthReflectionAndStatus) {
  EXPECT_NE(nullptr, BuiltinProtos().Find("/grpc.health.v1.Health/Check"));
  EXPECT_NE(nullptr,
            BuiltinProtos().Find("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"));
  EXPECT_NE(nullptr, BuiltinProtos().PrototypeOf("google.rpc.Status"));
}

}  // namespace
}  // namespace lockstep::agent
