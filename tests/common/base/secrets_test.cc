#include "common/base/secrets.h"

#include <string>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(SecretUrl, NamesSourceAndKey) {
  EXPECT_EQ(SecretUrl("", "a/b"), "secret:/a/b");
  for (const char* source : {"", "vault"}) {
    const std::optional<SecretName> name = ParseSecretUrl(SecretUrl(source, "a/b?c"));
    ASSERT_TRUE(name.has_value());
    EXPECT_EQ(name->source, source);
    EXPECT_EQ(name->key, "a/b?c");
  }
  EXPECT_FALSE(ParseSecretUrl("file:///secret:/x").has_value());
  EXPECT_EQ(ParseSecretUrl("secret:only")->key, "");
}

TEST(Redactor, TakesSecretsOutOfTexts) {
  Redactor redactor;
  EXPECT_TRUE(redactor.empty());
  EXPECT_EQ(redactor.Redacted("a b"), "a b");
  redactor.Add("");
  EXPECT_TRUE(redactor.empty());
  redactor.Add("s3cret");
  redactor.Add("s3cret more");
  EXPECT_EQ(redactor.Redacted("s3crets3cret more."), "***SECRET_REDACTED******SECRET_REDACTED***.");
}

TEST(Redactor, SaysWhichStandInAText) {
  Redactor redactor;
  EXPECT_TRUE(redactor.FoundIn("a\"b c").empty());
  redactor.Add("a\"b");
  redactor.Add("c d");
  redactor.Add("e");
  EXPECT_EQ(redactor.FoundIn(R"(a\"b and c%20d, c+d)"), (std::vector<std::string>{"c d", "a\"b"}));
}

TEST(Redactor, KnowsHowSecretsAreWritten) {
  Redactor redactor;
  redactor.Add("a \"b\"\\\n\x01&=\xC3\xA9~");
  for (const char* text :
       {"a \"b\"\\\n\x01&=\xC3\xA9~", R"(a \"b\"\\\n\u0001&=é~)",
        "a%20%22b%22%5C%0A%01%26%3D%C3%A9~", "a+%22b%22%5C%0A%01%26%3D%C3%A9%7E"}) {
    EXPECT_EQ(redactor.Redacted(std::string("<") + text + ">"), "<***SECRET_REDACTED***>");
  }
}

}  // namespace
}  // namespace lockstep
