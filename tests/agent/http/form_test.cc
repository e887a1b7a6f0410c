#include "agent/http/form.h"

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

TEST(Form, SortsKeysAndEscapesAsGo) {
  EXPECT_EQ(EncodeForm({{"b c", "x&y"}, {"a", "2"}, {"a", "1"}, {"z", "~-_."}}),
            "a=2&a=1&b+c=x%26y&z=~-_.");
  EXPECT_EQ(EncodeForm({}), "");
}

TEST(Form, WritesMultipartWithEscapedNames) {
  EXPECT_EQ(EncodeMultipart({{.name = "a\"b", .data = "1"},
                             {.name = "f",
                              .data = "xyz",
                              .is_file = true,
                              .filename = "n.txt",
                              .content_type = "text/plain"}},
                            "BB"),
            "--BB\r\nContent-Disposition: form-data; name=\"a\\\"b\"\r\n\r\n1\r\n"
            "--BB\r\nContent-Disposition: form-data; name=\"f\"; "
            "filename=\"n.txt\"\r\nContent-Type: text/plain\r\n\r\n"
            "xyz\r\n--BB--\r\n");
  EXPECT_EQ(EncodeMultipart({}, "BB"), "--BB--\r\n");
}

}  // namespace
}  // namespace lockstep::agent
