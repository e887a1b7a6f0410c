#include "absl/strings/str_cat.h"

#include "tests/agent/js/k6/module_test.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;

class SecretsModule : public ModuleTest {};

TEST_F(SecretsModule, SecretsComeByKeyAndSource) {
  EXPECT_EQ(R"(["s3cret","s3cret","s3cret"])", Run(R"js(
    return (async () => [await secrets.get('a/b'), await secrets.source('vault').get('c'),
                         await (await secrets.source('x')).get('d')])()
  )js"));
  EXPECT_THAT(js_.vu().secret_urls, ElementsAre("secret:/a/b", "secret:vault/c", "secret:x/d"));
}

TEST_F(SecretsModule, InitCodeMayAskToo) {
  EXPECT_EQ(R"("s3cret")", Init("return secrets.get('k')"));
}

TEST_F(SecretsModule, FailuresAreRejectionsWithTheReason) {
  js_.vu().secret = absl::NotFoundError("the secret \"k\" of the source \"mock\": no such key");
  EXPECT_EQ("Error: the secret \"k\" of the source \"mock\": no such key",
            Run("return secrets.get('k')"));
  EXPECT_EQ(R"("caught")", Run("return secrets.get('k').catch(() => 'caught')"));
}

TEST_F(SecretsModule, KeysAndNamesAreTexts) {
  for (const char* key : {"", "''", "5", "null", "{}", "['a']"}) {
    EXPECT_EQ("TypeError: secrets.get(): the key must be a text that is not empty",
              Run(absl::StrCat("return secrets.get(", key, ")")));
    EXPECT_EQ("TypeError: secrets.source(): the name must be a text that is not empty",
              Run(absl::StrCat("return secrets.source(", key, ")")));
  }
  EXPECT_EQ("TypeError: secrets.get(): the key has 1001 bytes: the most is 1000",
            Run("return secrets.get('k'.repeat(1001))"));
  EXPECT_EQ("Error: there is no secret source \"a/b\"", Run("return secrets.source('a/b')"));
  EXPECT_THAT(js_.vu().secret_urls, ElementsAre());
}

}  // namespace
}  // namespace lockstep::agent
