// The JSON mapping: the cases of protobuf's published conformance tests (protocolbuffers/protobuf,
// conformance/binary_json_conformance_suite.cc, by the names that they have there) as far as they
// are about JSON, with the fields of its message TestAllTypesProto3; and what k6 adds: fields that
// are not set, 64-bit integers as strings.
#include "agent/grpc/json_mapping.h"

#include <map>

#include <gmock/gmock.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "agent/grpc/proto_compiler.h"
#include "agent/grpc/schema.h"
#include "common/base/check.h"

namespace lockstep::agent {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr char kAllTypes[] = R"(syntax = "proto3";
package t;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message All {
  message Nested { int32 a = 1; All corecursive = 2; }
  enum Color { FOO = 0; BAR = 1; BAZ = 2; NEG = -1; }
  int32 optional_int32 = 1; int64 optional_int64 = 2; uint32 optional_uint32 = 3; uint64 optional_uint64 = 4;
  sint32 optional_sint32 = 5; sint64 optional_sint64 = 6; fixed32 optional_fixed32 = 7; fixed64 optional_fixed64 = 8;
  sfixed32 optional_sfixed32 = 9; sfixed64 optional_sfixed64 = 10; float optional_float = 11; double optional_double = 12;
  bool optional_bool = 13; string optional_string = 14; bytes optional_bytes = 15;
  Nested optional_nested_message = 18; Color optional_nested_enum = 21; All recursive_message = 27;
  repeated int32 repeated_int32 = 31; repeated string repeated_string = 44; repeated Nested repeated_nested_message = 48;
  repeated Color repeated_nested_enum = 51;
  map<int32, int32> map_int32_int32 = 56; map<uint64, uint64> map_uint64_uint64 = 59; map<bool, bool> map_bool_bool = 68;
  map<string, string> map_string_string = 69; map<string, bytes> map_string_bytes = 70;
  map<string, Nested> map_string_nested_message = 71; map<string, Color> map_string_nested_enum = 73;
  oneof oneof_field { uint32 oneof_uint32 = 111; Nested oneof_nested_message = 112; string oneof_string = 113;
    google.protobuf.NullValue oneof_null_value = 120; }
  google.protobuf.BoolValue optional_bool_wrapper = 201; google.protobuf.Int32Value optional_int32_wrapper = 202;
  google.protobuf.Int64Value optional_int64_wrapper = 203; google.protobuf.DoubleValue optional_double_wrapper = 207;
  google.protobuf.StringValue optional_string_wrapper = 208; google.protobuf.BytesValue optional_bytes_wrapper = 209;
  repeated google.protobuf.Int32Value repeated_int32_wrapper = 212;
  google.protobuf.Duration optional_duration = 301; google.protobuf.Timestamp optional_timestamp = 302;
  google.protobuf.FieldMask optional_field_mask = 303; google.protobuf.Struct optional_struct = 304;
  google.protobuf.Any optional_any = 305; google.protobuf.Value optional_value = 306;
  google.protobuf.NullValue optional_null_value = 307; google.protobuf.Empty optional_empty = 308;
  repeated google.protobuf.Value repeated_value = 316; repeated google.protobuf.ListValue repeated_list_value = 317;
  optional int32 present_int32 = 320;
  int32 fieldname1 = 401; int32 field_name2 = 402; int32 _field_name3 = 403; int32 field__name4_ = 404;
  int32 field0name5 = 405; int32 field_0_name6 = 406; int32 fieldName7 = 407; int32 FieldName8 = 408;
  string renamed = 501 [json_name = "other-name"];
}
)";

constexpr char kOld[] = R"(syntax = "proto2";
package o;
message Old {
  required int32 id = 1; optional string text = 2 [default = "d"]; repeated int32 list = 3;
  optional group Part = 4 { optional int32 x = 1; }
  extensions 100 to 200;
}
extend Old { optional int32 extra = 100; }
)";

const ProtoSchema& Schema() {
  static const ProtoSchema* const schema = [] {
    auto made = CompileProtos({"all.proto", "old.proto"},
                              [](const std::string& name) -> absl::StatusOr<std::string> {
                                return name == "all.proto" ? absl::StatusOr<std::string>(kAllTypes)
                                       : name == "old.proto" ? absl::StatusOr<std::string>(kOld)
                                                             : absl::NotFoundError(name);
                              });
    LOCKSTEP_CHECK(made.ok());
    return made->release();
  }();
  return *schema;
}

const google::protobuf::Message& Kind(const std::string& name = "t.All") {
  return *Schema().PrototypeOf(name);
}

// There and back.
absl::StatusOr<json> RoundTrip(const std::string& text, const std::string& kind = "t.All") {
  const absl::StatusOr<std::string> bytes = Schema().Encode(Kind(kind), text);
  if (!bytes.ok()) {
    return bytes.status();
  }
  const absl::StatusOr<std::string> back = Schema().Decode(Kind(kind), *bytes);
  if (!back.ok()) {
    return back.status();
  }
  return json::parse(*back);
}

std::string ErrorOf(const std::string& text, const std::string& kind = "t.All") {
  return std::string(RoundTrip(text, kind).status().message());
}

struct Case {
  const char* name;
  std::string in;
  std::string out;  // the fields that must be there with these values; "": as `in`
};

void CheckCases(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    SCOPED_TRACE(absl::StrCat(one.name, ": ", one.in));
    const absl::StatusOr<json> back = RoundTrip(one.in);
    ASSERT_TRUE(back.ok()) << back.status();
    const json wanted = json::parse(one.out.empty() ? one.in : one.out);
    for (const auto& [key, value] : wanted.items()) {
      ASSERT_TRUE(back->contains(key)) << back->dump();
      EXPECT_EQ(value, (*back)[key]) << key;
    }
  }
}

TEST(JsonMapping, NamesOfFields) {
  CheckCases({
      {"FieldNameInSnakeCase", R"({"fieldname1":1,"fieldName2":2,"FieldName3":3,"fieldName4":4})",
       ""},
      {"FieldNameWithNumbers", R"({"field0name5":5,"field0Name6":6})", ""},
      {"FieldNameWithMixedCases", R"({"fieldName7":7,"FieldName8":8})", ""},
      {"OriginalProtoFieldName",
       R"({"field_name2":2,"_field_name3":3,"field__name4_":4,"field_0_name6":6})",
       R"({"fieldName2":2,"FieldName3":3,"fieldName4":4,"field0Name6":6})"},
      {"FieldNameEscaped", R"({"fieldn\u0061me1":1})", R"({"fieldname1":1})"},
      {"json_name", R"({"other-name":"x"})", ""},
      {"json_name, original", R"({"renamed":"x"})", R"({"other-name":"x"})"},
  });
}

TEST(JsonMapping, Integers) {
  CheckCases({
      {"Int32FieldMaxValue", R"({"optionalInt32":2147483647})", ""},
      {"Int32FieldMinValue", R"({"optionalInt32":-2147483648})", ""},
      {"Uint32FieldMaxValue", R"({"optionalUint32":4294967295})", ""},
      {"Int64FieldMaxValue", R"({"optionalInt64":"9223372036854775807"})", ""},
      {"Int64FieldMinValue", R"({"optionalInt64":"-9223372036854775808"})", ""},
      {"Uint64FieldMaxValue", R"({"optionalUint64":"18446744073709551615"})", ""},
      {"Int64FieldMaxValueNotQuoted", R"({"optionalInt64":9223372036854775807})",
       R"({"optionalInt64":"9223372036854775807"})"},
      {"Int64FieldMinValueNotQuoted", R"({"optionalInt64":-9223372036854775808})",
       R"({"optionalInt64":"-9223372036854775808"})"},
      {"Uint64FieldMaxValueNotQuoted", R"({"optionalUint64":18446744073709551615})",
       R"({"optionalUint64":"18446744073709551615"})"},
      {"Int32FieldStringValue", R"({"optionalInt32":"2147483647"})",
       R"({"optionalInt32":2147483647})"},
      {"Int32FieldExponentialFormat", R"({"optionalInt32":1e5})", R"({"optionalInt32":100000})"},
      {"Int32FieldFloatTrailingZero", R"({"optionalInt32":100000.000})",
       R"({"optionalInt32":100000})"},
      {"Int32FieldMaxFloatValue", R"({"optionalInt32":2147483647.0})",
       R"({"optionalInt32":2147483647})"},
      {"Int32FieldMinFloatValue", R"({"optionalInt32":-2147483648.0})",
       R"({"optionalInt32":-2147483648})"},
      {"Uint32FieldMaxFloatValue", R"({"optionalUint32":4294967295.0})",
       R"({"optionalUint32":4294967295})"},
      {"sint and fixed",
       R"({"optionalSint32":-5,"optionalSint64":"-6","optionalFixed32":7,"optionalFixed64":"8",
                             "optionalSfixed32":-9,"optionalSfixed64":"-10"})",
       ""},
  });
  for (const char* bad :
       {R"({"optionalInt32":2147483648})",
        R"({"optionalInt32":-2147483649})",  // Int32FieldTooLarge, ...TooSmall
        R"({"optionalUint32":4294967296})", R"({"optionalUint32":-1})",
        R"({"optionalInt64":"9223372036854775808"})", R"({"optionalInt64":"-9223372036854775809"})",
        R"({"optionalInt64":9223372036854775808})", R"({"optionalUint64":"18446744073709551616"})",
        R"({"optionalUint64":18446744073709551616})", R"({"optionalUint64":"-1"})",
        R"({"optionalInt32":0.5})", R"({"optionalUint64":0.5})",  // Int32FieldNotInteger
        R"({"optionalInt32":"x"})", R"({"optionalInt32":" 1"})", R"({"optionalInt32":"1 "})",
        R"({"optionalInt32":""})", R"({"optionalInt32":true})", R"({"optionalInt32":"true"})"}) {
    EXPECT_THAT(ErrorOf(bad), HasSubstr("expected an integer between")) << bad;
  }
  EXPECT_EQ("optionalInt32: expected an integer between -2147483648 and 2147483647, got 2147483648",
            ErrorOf(R"({"optionalInt32":2147483648})"));
}

TEST(JsonMapping, Reals) {
  CheckCases({
      {"FloatFieldMinPositiveValue", R"({"optionalFloat":1.175494e-38})", ""},
      {"FloatFieldMaxPositiveValue", R"({"optionalFloat":3.4028235e+38})", ""},
      {"FloatFieldQuotedValue", R"({"optionalFloat":"1"})", R"({"optionalFloat":1.0})"},
      {"FloatFieldNan", R"({"optionalFloat":"NaN"})", ""},
      {"FloatFieldInfinity", R"({"optionalFloat":"Infinity"})", ""},
      {"FloatFieldNegativeInfinity", R"({"optionalFloat":"-Infinity"})", ""},
      {"shortest", R"({"optionalFloat":0.1,"optionalDouble":0.1})", ""},
      {"DoubleFieldMaxPositiveValue", R"({"optionalDouble":1.7976931348623157e+308})", ""},
      {"DoubleFieldMinPositiveValue", R"({"optionalDouble":2.22507e-308})", ""},
      {"DoubleFieldQuotedValue", R"({"optionalDouble":"1"})", R"({"optionalDouble":1.0})"},
      {"DoubleFieldNan", R"({"optionalDouble":"NaN"})", ""},
      {"DoubleFieldNegativeInfinity", R"({"optionalDouble":"-Infinity"})", ""},
  });
  for (const char* bad : {R"({"optionalFloat":3.502823e+38})", R"({"optionalFloat":-3.502823e+38})",
                          R"({"optionalDouble":"x"})", R"({"optionalDouble":true})",
                          R"({"optionalDouble":"1 "})", R"({"optionalDouble":"nan"})"}) {
    EXPECT_THAT(ErrorOf(bad), HasSubstr("expected a number")) << bad;
  }
}

TEST(JsonMapping, BooleansTextAndBytes) {
  CheckCases({
      {"BoolFieldTrue", R"({"optionalBool":true})", ""},
      {"StringField", R"({"optionalString":"Hello world!"})", ""},
      {"StringFieldEscape", R"({"optionalString":"\"\\\/\b\f\n\r\t\u0001"})", ""},
      {"StringFieldUnicodeEscapeWithLowercaseHexLetters", R"({"optionalString":"\u8c37\u6b4c"})",
       R"({"optionalString":"谷歌"})"},
      {"StringFieldSurrogatePair", R"({"optionalString":"\uD83D\uDE01"})",
       R"({"optionalString":"😁"})"},
      {"BytesField", R"({"optionalBytes":"AQI="})", ""},
      {"BytesFieldBase64Url", R"({"optionalBytes":"-_"})", R"({"optionalBytes":"+w=="})"},
      {"bytes without padding", R"({"optionalBytes":"AQI"})", R"({"optionalBytes":"AQI="})"},
  });
  EXPECT_EQ(R"(optionalBool: expected true or false, got "true")",
            ErrorOf(R"({"optionalBool":"true"})"));
  EXPECT_THAT(ErrorOf(R"({"optionalBool":1})"), HasSubstr("expected true or false"));
  EXPECT_EQ("optionalString: expected a string, got 12345", ErrorOf(R"({"optionalString":12345})"));
  EXPECT_THAT(ErrorOf(R"({"optionalBytes":"!"})"), HasSubstr("expected bytes in base64"));
  EXPECT_THAT(ErrorOf(R"({"optionalBytes":{"0":1}})"), HasSubstr("expected bytes in base64"));
}

TEST(JsonMapping, Enums) {
  CheckCases({
      {"EnumField", R"({"optionalNestedEnum":"BAR"})", ""},
      {"EnumFieldNumericValueZero", R"({"optionalNestedEnum":0})",
       R"({"optionalNestedEnum":"FOO"})"},
      {"EnumFieldNumericValueNonZero", R"({"optionalNestedEnum":1})",
       R"({"optionalNestedEnum":"BAR"})"},
      {"negative", R"({"optionalNestedEnum":-1})", R"({"optionalNestedEnum":"NEG"})"},
      {"EnumFieldUnknownValue", R"({"optionalNestedEnum":123})", ""},
      {"list", R"({"repeatedNestedEnum":["BAZ",1]})", R"({"repeatedNestedEnum":["BAZ","BAR"]})"},
      {"NullValueInNormalMessage", R"({"optionalNullValue":null})",
       R"({"optionalNullValue":null})"},
  });
  EXPECT_EQ(
      R"(optionalNestedEnum: "BAT" is not a value of t.All.Color; did you mean "BAR" or "BAZ"?)",
      ErrorOf(R"({"optionalNestedEnum":"BAT"})"));
  EXPECT_THAT(ErrorOf(R"({"optionalNestedEnum":true})"),
              HasSubstr("a name or a number of t.All.Color"));
}

TEST(JsonMapping, MessagesListsAndMaps) {
  CheckCases({
      {"MessageField", R"({"optionalNestedMessage":{"a":1234}})",
       R"({"optionalNestedMessage":{"a":1234,"corecursive":null}})"},
      {"PrimitiveRepeatedField", R"({"repeatedInt32":[1,2,3,4]})", ""},
      {"MessageRepeatedField", R"({"repeatedNestedMessage":[{"a":1},{}]})",
       R"({"repeatedNestedMessage":[{"a":1,"corecursive":null},{"a":0,"corecursive":null}]})"},
      {"RepeatedFieldEmpty", R"({"repeatedString":[]})", ""},
      {"Int32MapField", R"({"mapInt32Int32":{"1":2,"-3":4}})", ""},
      {"Uint64MapField", R"({"mapUint64Uint64":{"1":2}})", R"({"mapUint64Uint64":{"1":"2"}})"},
      {"BoolMapField", R"({"mapBoolBool":{"true":true,"false":false}})", ""},
      {"StringMap", R"({"mapStringString":{"a":"x","\"":"y"}})", ""},
      {"MessageMapField", R"({"mapStringNestedMessage":{"hello":{"a":1234}}})",
       R"({"mapStringNestedMessage":{"hello":{"a":1234,"corecursive":null}}})"},
      {"EnumMap", R"({"mapStringNestedEnum":{"x":"BAZ"}})", ""},
      {"AllFieldAcceptNull",
       R"({"optionalInt32":null,"optionalString":null,"optionalNestedMessage":null,
        "repeatedInt32":null,"mapInt32Int32":null,"optionalBoolWrapper":null,"optionalTimestamp":null})",
       R"({"optionalInt32":0,"optionalString":"","optionalNestedMessage":null,"repeatedInt32":[],"mapInt32Int32":{},
           "optionalBoolWrapper":null,"optionalTimestamp":null})"},
  });
  EXPECT_EQ("repeatedInt32[1]: null cannot be an element",
            ErrorOf(R"({"repeatedInt32":[1,null]})"));
  EXPECT_EQ("repeatedInt32: expected an array, got 1", ErrorOf(R"({"repeatedInt32":1})"));
  EXPECT_EQ(
      R"(mapInt32Int32["x"]: expected an integer between -2147483648 and 2147483647, got "x")",
      ErrorOf(R"({"mapInt32Int32":{"x":1}})"));
  EXPECT_EQ(R"(mapStringString["k"]: null cannot be a value of a map)",
            ErrorOf(R"({"mapStringString":{"k":null}})"));
  EXPECT_THAT(ErrorOf(R"({"mapBoolBool":{"1":true}})"), HasSubstr("the key true or false"));
  EXPECT_EQ("optionalNestedMessage: expected an object for t.All.Nested, got 5",
            ErrorOf(R"({"optionalNestedMessage":5})"));
}

TEST(JsonMapping, OneofsAndUnknownFields) {
  CheckCases({
      {"OneofFieldDuplicate, one null", R"({"oneofUint32":1,"oneofString":null})",
       R"({"oneofUint32":1})"},
      {"OneofFieldNullFirst", R"({"oneofUint32":null,"oneofString":"test"})",
       R"({"oneofString":"test"})"},
      {"NullValueInOtherOneofNewFormat", R"({"oneofNullValue":null})", ""},
  });
  EXPECT_EQ(R"(oneofUint32: another field of the oneof "oneof_field" is set already)",
            ErrorOf(R"({"oneofString":"x","oneofUint32":1})"));
  EXPECT_EQ(
      "unknown field \"optionalInt23\" of t.All; did you mean \"optionalInt32\" or \"optionalInt64\" or "
      "\"optionalUint32\"?",
      ErrorOf(R"({"optionalInt23":1})"));
  EXPECT_EQ(
      R"(optionalNestedMessage: unknown field "wrong" of t.All.Nested; there are a, corecursive)",
      ErrorOf(R"({"optionalNestedMessage":{"wrong":1}})"));
  EXPECT_EQ(R"(the field "field_name2" is there twice)",
            ErrorOf(R"({"fieldName2":1,"field_name2":1})"));
  EXPECT_EQ("this is not JSON, or a text in it has half of a pair of surrogates", ErrorOf("{"));
  EXPECT_EQ("expected an object for t.All, got 5", ErrorOf("5"));
}

TEST(JsonMapping, Wrappers) {
  CheckCases({
      {"OptionalBoolWrapper", R"({"optionalBoolWrapper":false})", ""},
      {"OptionalInt32Wrapper", R"({"optionalInt32Wrapper":0})", ""},
      {"OptionalInt64Wrapper", R"({"optionalInt64Wrapper":"0"})", ""},
      {"OptionalDoubleWrapper", R"({"optionalDoubleWrapper":1.5})", ""},
      {"OptionalStringWrapper", R"({"optionalStringWrapper":""})", ""},
      {"OptionalBytesWrapper", R"({"optionalBytesWrapper":"AQI="})", ""},
      {"RepeatedInt32Wrapper", R"({"repeatedInt32Wrapper":[0,1]})", ""},
  });
}

TEST(JsonMapping, DurationsAndTimestamps) {
  CheckCases({
      {"DurationMaxValue", R"({"optionalDuration":"315576000000.999999999s"})", ""},
      {"DurationMinValue", R"({"optionalDuration":"-315576000000.999999999s"})", ""},
      {"DurationRepeatedValue", R"({"optionalDuration":"1.5s"})",
       R"({"optionalDuration":"1.500s"})"},
      {"DurationNull", R"({"optionalDuration":null})", ""},
      {"DurationNegativeSeconds", R"({"optionalDuration":"-5s"})", ""},
      {"DurationNegativeNanos", R"({"optionalDuration":"-0.5s"})",
       R"({"optionalDuration":"-0.500s"})"},
      {"TimestampMinValue", R"({"optionalTimestamp":"0001-01-01T00:00:00Z"})", ""},
      {"TimestampMaxValue", R"({"optionalTimestamp":"9999-12-31T23:59:59.999999999Z"})", ""},
      {"TimestampLeap", R"({"optionalTimestamp":"1993-02-10T00:00:00.000Z"})",
       R"({"optionalTimestamp":"1993-02-10T00:00:00Z"})"},
      {"TimestampWithPositiveOffset", R"({"optionalTimestamp":"1970-01-01T08:00:01+08:00"})",
       R"({"optionalTimestamp":"1970-01-01T00:00:01Z"})"},
      {"TimestampWithNegativeOffset", R"({"optionalTimestamp":"1969-12-31T16:00:01-08:00"})",
       R"({"optionalTimestamp":"1970-01-01T00:00:01Z"})"},
      {"TimestampWithMicros", R"({"optionalTimestamp":"1970-01-01T00:00:00.000001Z"})", ""},
  });
  for (const char* bad :
       {R"({"optionalDuration":"1"})", R"({"optionalDuration":1})",
        R"({"optionalDuration":"315576000001s"})", R"({"optionalDuration":"-315576000001s"})"}) {
    EXPECT_THAT(ErrorOf(bad), HasSubstr("expected a duration such as")) << bad;
  }
  for (const char* bad :
       {R"({"optionalTimestamp":"0000-01-01T00:00:00Z"})",
        R"({"optionalTimestamp":"1970-01-01T00:00:00"})",
        R"({"optionalTimestamp":"1970-01-01 00:00:00Z"})",
        R"({"optionalTimestamp":"1970-01-01t00:00:00Z"})",
        R"({"optionalTimestamp":"1970-13-01T00:00:00Z"})", R"({"optionalTimestamp":5})"}) {
    EXPECT_THAT(ErrorOf(bad), HasSubstr("expected a time such as")) << bad;
  }
}

TEST(JsonMapping, MasksStructsAndValues) {
  CheckCases({
      {"FieldMask", R"({"optionalFieldMask":"foo,barBaz"})", ""},
      {"EmptyFieldMask", R"({"optionalFieldMask":""})", ""},
      {"Struct",
       R"({"optionalStruct":{"nullValue":null,"intValue":1234,"boolValue":true,"doubleValue":1234.5625,
         "stringValue":"Hello world!","listValue":[1234,"5678"],"objectValue":{"value":0}}})",
       ""},
      {"StructWithEmptyListValue", R"({"optionalStruct":{"listValue":[]}})", ""},
      {"ValueAcceptInteger", R"({"optionalValue":1})", ""},
      {"ValueAcceptString", R"({"optionalValue":"hello"})", ""},
      {"ValueAcceptNull", R"({"optionalValue":null})", ""},
      {"ValueAcceptList", R"({"optionalValue":[0,"hello",null]})", ""},
      {"ValueAcceptObject", R"({"optionalValue":{"value":1}})", ""},
      {"RepeatedValue", R"({"repeatedValue":[["a"],null]})", ""},
      {"RepeatedListValue", R"({"repeatedListValue":[["a"]]})", ""},
      {"Empty", R"({"optionalEmpty":{}})", ""},
  });
  EXPECT_THAT(ErrorOf(R"({"optionalFieldMask":"foo_bar"})"), HasSubstr("paths in camel case"));
  EXPECT_THAT(ErrorOf(R"({"optionalStruct":5})"), HasSubstr("expected an object"));
}

TEST(JsonMapping, Anys) {
  CheckCases({
      {"Any", R"({"optionalAny":{"@type":"type.googleapis.com/t.All.Nested","a":12345}})",
       R"({"optionalAny":{"@type":"type.googleapis.com/t.All.Nested","a":12345,"corecursive":null}})"},
      {"AnyNested", R"({"optionalAny":{"@type":"x/google.protobuf.Any",
        "value":{"@type":"x/t.All.Nested","a":1}}})",
       R"({"optionalAny":{"@type":"x/google.protobuf.Any","value":{"@type":"x/t.All.Nested","a":1,"corecursive":null}}})"},
      {"AnyUnorderedTypeTag", R"({"optionalAny":{"a":1,"@type":"x/t.All.Nested"}})",
       R"({"optionalAny":{"@type":"x/t.All.Nested","a":1,"corecursive":null}})"},
      {"AnyWithInt32ValueWrapper",
       R"({"optionalAny":{"@type":"x/google.protobuf.Int32Value","value":12345}})", ""},
      {"AnyWithDuration",
       R"({"optionalAny":{"@type":"x/google.protobuf.Duration","value":"1.500s"}})", ""},
      {"AnyWithTimestamp",
       R"({"optionalAny":{"@type":"x/google.protobuf.Timestamp","value":"1970-01-01T00:00:00Z"}})",
       ""},
      {"AnyWithFieldMask",
       R"({"optionalAny":{"@type":"x/google.protobuf.FieldMask","value":"foo,barBaz"}})", ""},
      {"AnyWithStruct", R"({"optionalAny":{"@type":"x/google.protobuf.Struct","value":{"foo":1}}})",
       ""},
      {"AnyWithValueForInteger", R"({"optionalAny":{"@type":"x/google.protobuf.Value","value":1}})",
       ""},
      {"AnyWithNoType", R"({"optionalAny":{}})", ""},
      {"Any with Empty", R"({"optionalAny":{"@type":"x/google.protobuf.Empty"}})",
       R"({"optionalAny":{"@type":"x/google.protobuf.Empty","value":{}}})"},
  });
  EXPECT_THAT(ErrorOf(R"({"optionalAny":{"a":1}})"), HasSubstr(R"(an Any needs "@type")"));
  EXPECT_THAT(ErrorOf(R"({"optionalAny":{"@type":""}})"), HasSubstr(R"(an Any needs "@type")"));
  EXPECT_THAT(ErrorOf(R"({"optionalAny":{"@type":"x/t.Nobody"}})"),
              HasSubstr(R"(there is no message "x/t.Nobody" in the loaded files)"));
  EXPECT_THAT(ErrorOf(R"({"optionalAny":{"@type":"x/google.protobuf.Int32Value"}})"),
              HasSubstr(R"(has "@type" and "value")"));
  EXPECT_EQ(R"(optionalAny: unknown field "b" of t.All.Nested; there are a, corecursive)",
            ErrorOf(R"({"optionalAny":{"@type":"x/t.All.Nested","b":1}})"));
  // What the schema does not know is shown as it came: type_url "x/n" and the two bytes 01 02.
  const auto unknown = Schema().Decode(Kind("google.protobuf.Any"),
                                       absl::string_view("\x0a\x03x/n\x12\x02\x01\x02", 9));
  EXPECT_EQ(R"({"@type":"x/n","value":"AQI="})", *unknown);
}

TEST(JsonMapping, ShowsWhatIsNotSet) {
  const json empty = *RoundTrip("{}");
  for (const auto& [key, value] :
       std::map<std::string, json>{{"optionalInt32", 0},
                                   {"optionalInt64", "0"},
                                   {"optionalBool", false},
                                   {"optionalString", ""},
                                   {"optionalBytes", ""},
                                   {"optionalNestedEnum", "FOO"},
                                   {"optionalNestedMessage", nullptr},
                                   {"optionalTimestamp", nullptr},
                                   {"optionalBoolWrapper", nullptr},
                                   {"repeatedInt32", json::array()},
                                   {"mapStringString", json::object()}}) {
    ASSERT_TRUE(empty.contains(key)) << key;
    EXPECT_EQ(value, empty[key]) << key;
  }
  EXPECT_FALSE(empty.contains("oneofUint32"));
  EXPECT_FALSE(empty.contains("presentInt32"));
  EXPECT_EQ(0, (*RoundTrip(R"({"presentInt32":0})"))["presentInt32"]);
  EXPECT_EQ(0, (*RoundTrip(R"({"oneofUint32":0})"))["oneofUint32"]);
}

TEST(JsonMapping, Proto2) {
  EXPECT_EQ("required fields are missing: id", ErrorOf("{}", "o.Old"));
  EXPECT_EQ(json::parse(R"({"id":1,"text":null,"list":[],"part":null})"),
            *RoundTrip(R"({"id":1})", "o.Old"));
  EXPECT_EQ(json::parse(R"({"id":1,"text":"","list":[],"part":{"x":2},"[o.extra]":7})"),
            *RoundTrip(R"({"id":1,"text":"","part":{"x":2},"[o.extra]":7})", "o.Old"));
  EXPECT_THAT(ErrorOf(R"({"id":1,"[o.none]":7})", "o.Old"),
              HasSubstr(R"(unknown field "[o.none]")"));
}

TEST(JsonMapping, BadBytesAndTimesAreErrors) {
  EXPECT_EQ("these 1 bytes are not a t.All", Schema().Decode(Kind(), "\x08").status().message());
  // seconds: 2^62
  EXPECT_THAT(std::string(Schema()
                              .Decode(Kind("google.protobuf.Timestamp"),
                                      "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x40")
                              .status()
                              .message()),
              HasSubstr("google.protobuf.Timestamp: 4611686018427387904 s"));
}

TEST(JsonMapping, NestingIsLimited) {
  const auto nested = [](int levels) {
    std::string text;
    for (int i = 0; i < levels; ++i) {
      text += R"({"recursiveMessage":)";
    }
    return text + "{}" + std::string(static_cast<size_t>(levels), '}');
  };
  EXPECT_TRUE(RoundTrip(nested(50)).ok());
  EXPECT_THAT(ErrorOf(nested(101)), HasSubstr("nested deeper than 100 levels"));
  std::string any = R"({"@type":"x/google.protobuf.Empty"})";
  for (int i = 0; i < 101; ++i) {
    any = absl::StrCat(R"({"@type":"x/google.protobuf.Any","value":)", any, "}");
  }
  EXPECT_THAT(ErrorOf(absl::StrCat(R"({"optionalAny":)", any, "}")), HasSubstr("nested deeper"));
}

}  // namespace
}  // namespace lockstep::agent
