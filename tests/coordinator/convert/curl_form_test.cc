#include "coordinator/convert/curl_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/convert/curl_line.h"
#include "coordinator/convert/script_writer.h"

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// As a server saw them of curl 8.14.
TEST(ParseCurlForm, ReadsValuesAndWhatFollowsThem) {
  const struct {
    const char* text;
    const char* name;
    const char* value;
    const char* file;
    const char* type;
  } kCases[] = {
      {"a=1", "a", "1", "", ""},
      {"a=", "a", "", "", ""},
      {R"(j={"x":1};type=application/json)", "j", R"({"x":1})", "", "application/json"},
      {"k=a;b;c", "k", "a", "", ""},
      {R"(m="q;\"z";type=text/plain; charset=utf-8;filename=n.txt)", "m", "q;\"z", "n.txt",
       "text/plain; charset=utf-8"},
      {"y=1; type=a/b ", "y", "1", "", "a/b"},
      {"f=@d/f.txt", "f", kFileContent, "f.txt", "text/plain"},
      {"f=@f.bin;type=text/x", "f", kFileContent, "f.bin", "text/x"},
      {"f=@\"a;b.png\";filename=c", "f", kFileContent, "c", "image/png"},
      {"g=<f.txt", "g", kFileContent, "", ""},
  };
  for (const auto& [text, name, value, file, type] : kCases) {
    SCOPED_TRACE(text);
    const CurlFormPart part = ParseCurlForm(text);
    ASSERT_EQ(part.fields.size(), 1u);
    EXPECT_EQ(Joined(part.fields[0].name), name);
    EXPECT_EQ(Joined(part.fields[0].value), value);
    EXPECT_EQ(part.fields[0].file, file);
    EXPECT_EQ(part.fields[0].type, type);
  }
}

TEST(ParseCurlForm, SaysWhatIsNotSent) {
  EXPECT_THAT(ParseCurlForm("f=@d/a,b").left_out,
              ElementsAre(FileLeftOut("d/a"), FileLeftOut("b"), HasSubstr("the files of f")));
  EXPECT_THAT(ParseCurlForm("x=1;headers=\"X-A: b\";encoder=base64").left_out,
              ElementsAre("headers of the field x: X-A: b", "the field x encoded as base64"));
  EXPECT_THAT(ParseCurlForm("nothing").left_out,
              ElementsAre(HasSubstr("not a field with a value")));
}

std::string ScriptOf(absl::string_view line, std::vector<std::string>* left_out) {
  const Recording recording = ReadCurl(line).value();
  *left_out = recording.left_out;
  return WriteScript(recording, "x");
}

TEST(ReadCurl, SendsFormsWithoutFilesAsTheyAre) {
  std::vector<std::string> left_out;
  const std::string script = ScriptOf(
      R"(curl h -F 'j={"x":1};type=application/json' --form-string 'b=@lit;type=x')", &left_out);
  EXPECT_THAT(left_out, IsEmpty());
  EXPECT_THAT(script, HasSubstr(R"('--lockstep-form-boundary\r\n)"
                                R"(Content-Disposition: form-data; name="j"\r\n)"
                                R"(Content-Type: application/json\r\n\r\n{"x":1}\r\n)"
                                R"(--lockstep-form-boundary\r\n)"
                                R"(Content-Disposition: form-data; name="b"\r\n\r\n@lit;type=x\r\n)"
                                R"(--lockstep-form-boundary--\r\n')"));
  EXPECT_THAT(script, HasSubstr("'multipart/form-data; boundary=lockstep-form-boundary'"));
}

TEST(ReadCurl, SendsFormsWithFilesAsSuch) {
  std::vector<std::string> left_out;
  const std::string script = ScriptOf(
      "curl h -F f=@a.png -F f=@b.bin -F 'j=1;type=a/b' -H 'Content-Type: multipart/form-data'",
      &left_out);
  EXPECT_THAT(script, HasSubstr("f: [http.file('content of the file', 'a.png', 'image/png'), "
                                "http.file('content of the file', 'b.bin')],\n"));
  EXPECT_THAT(script, HasSubstr("j: http.file('1', 'j', 'a/b'),\n"));
  EXPECT_THAT(script, Not(HasSubstr("headers:")));
  EXPECT_THAT(left_out, ElementsAre(FileLeftOut("a.png"), FileLeftOut("b.bin"),
                                    HasSubstr("the field j of the form has the type a/b")));
}

}  // namespace
}  // namespace lockstep::coordinator
