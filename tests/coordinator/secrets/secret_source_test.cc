#include "coordinator/secrets/secret_source.h"

#include <string>
#include <utility>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/support/temp_folder.h"

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class Sources : public ::testing::Test {
 protected:
  std::string File(const std::string& name, const std::string& text) {
    return files_.Write(name, text);
  }
  static KnownSecrets Known(absl::string_view text) {
    return std::get<KnownSecrets>(ReadSecretSource(text, {})->secrets);
  }
  static std::string ErrorOf(absl::string_view text, const Environment& environment = {}) {
    const absl::StatusOr<SecretSource> source = ReadSecretSource(text, environment);
    return source.ok() ? "(none)" : std::string(source.status().message());
  }

  const lockstep::testing::TempFolder files_;
  const std::string& folder_ = files_.path();
};

TEST_F(Sources, MockHasItsSecretsOnTheCommandLine) {
  const SecretSource source = *ReadSecretSource("mock=default,cool=a=b,name=x,empty=", {});
  EXPECT_EQ(source.name, "x");
  EXPECT_TRUE(source.is_default);
  EXPECT_THAT(std::get<KnownSecrets>(source.secrets),
              ElementsAre(Pair("cool", "a=b"), Pair("empty", "")));
  EXPECT_EQ(ReadSecretSource("mock=a=b", {})->name, "mock");
  EXPECT_EQ(ErrorOf("mock=a=b,secretword"), "mock: expected KEY=VALUE, ...");
}

TEST_F(Sources, AFileHasALineForEach) {
  const std::string path = File("s", "cool=some\r\n\n key = two words \nurl=a=b,c\n");
  for (const std::string& text :
       {absl::StrCat("file=", path), absl::StrCat("file=name=f,filename=", path)}) {
    EXPECT_THAT(Known(text), ElementsAre(Pair("cool", "some"), Pair("key", " two words "),
                                         Pair("url", "a=b,c")));
  }
  EXPECT_EQ(ErrorOf(absl::StrCat("file=", File("bad", "a=b\nsecretword\n"))),
            absl::StrCat("file: line 2 of \"", folder_, "/bad\": expected KEY=VALUE"));
  EXPECT_EQ(ErrorOf("file=/no/file"),
            R"(file: "/no/file" cannot be read: No such file or directory)");
  EXPECT_EQ(ErrorOf("file"), "file: expected the path of one file");
}

TEST_F(Sources, AUrlHasSettingsFromThreePlaces) {
  const std::string config =
      File("c.json", R"({"urlTemplate":"https://v/{key}","headers":{"X-A":"1"},"maxRetries":0})");
  const SecretSource source = *ReadSecretSource(
      absl::StrCat("url=name=v,timeout=5s,config=", config, ",headers.Authorization=Bearer t"),
      {{"K6_SECRET_SOURCE_URL_METHOD", "post"},
       {"K6_SECRET_SOURCE_URL_TIMEOUT", "9s"},
       {"K6_SECRET_SOURCE_URL_HEADER_X_KEY", "2"}});
  const auto& url = std::get<UrlSecretSettings>(source.secrets);
  EXPECT_EQ(url.url_template, "https://v/{key}");
  EXPECT_EQ(url.method, "POST");
  EXPECT_EQ(url.timeout, absl::Seconds(5));
  EXPECT_EQ(url.max_retries, 0);
  EXPECT_EQ(url.requests_per_minute, 300);
  EXPECT_THAT(url.headers, ElementsAre("X-KEY: 2", "X-A: 1", "Authorization: Bearer t"));
}

TEST_F(Sources, AUrlMayHaveAllOfItsSettingsFromTheEnvironment) {
  for (const char* text : {"url", "url=env", "url=env,name=url"}) {
    const absl::StatusOr<SecretSource> source =
        ReadSecretSource(text, {{"K6_SECRET_SOURCE_URL_URL_TEMPLATE", "https://v/{key}"}});
    ASSERT_TRUE(source.ok()) << text << ": " << source.status();
    EXPECT_EQ(source->name, "url");
    EXPECT_EQ(std::get<UrlSecretSettings>(source->secrets).url_template, "https://v/{key}");
  }
}

TEST_F(Sources, MistakesInAUrlAreNamed) {
  const std::pair<std::string, const char*> kRows[] = {
      {"url=urlTemplate=https://v/key",
       "url: urlTemplate: expected an https:// or http:// URL with {key} in it"},
      {"url=urlTemplate=ftp://{key}",
       "url: urlTemplate: expected an https:// or http:// URL with {key} in it"},
      {"url=urlTemplate=https://v/{key},timeout=5",
       R"(url: timeout: invalid value "5": expected a duration of up to 1h, such as 30s)"},
      {"url=urlTemplate=https://v/{key},maxRetries=-1",
       R"(url: maxRetries: invalid value "-1": expected an integer from 0 to 1000000)"},
      {"url=urlTemplate=https://v/{key},requestsBurst=0",
       R"(url: requestsBurst: invalid value "0": expected an integer from 1 to 1000000)"},
      {"url=urlTemplate=https://v/{key},retries=1",
       "url: unknown setting \"retries\": expected urlTemplate, method, headers.NAME, responsePath, "
       "timeout, requestsPerMinuteLimit, requestsBurst, maxRetries, retryBackoff or config"},
      {"url=urlTemplate=https://v/{key},odd", R"(url: "odd": expected SETTING=VALUE)"},
      {"url=urlTemplate=https://v/{key},config", R"(url: "config": expected SETTING=VALUE)"},
      {"url=config=/no/file",
       R"(url: config: "/no/file" cannot be read: No such file or directory)"},
      {absl::StrCat("url=config=", File("bad.json", "[]")), nullptr},
      {"vault=x", R"(unknown type "vault": expected file, mock or url)"},
      {"mock=name=a/b,k=v",
       R"(name: invalid value "a/b": expected 1 to 100 letters, digits, "_", "-" or ".")"},
  };
  for (const auto& [text, error] : kRows) {
    EXPECT_EQ(ErrorOf(text), error != nullptr ? std::string(error)
                                              : absl::StrCat("url: config: \"", folder_,
                                                             "/bad.json\" is not a JSON object"));
  }
}

TEST_F(Sources, OneOfThemIsTheDefault) {
  const Setting one = {"--secret-source", "mock=a=b"};
  EXPECT_TRUE((*ReadSecretSources({one}, {}))[0].is_default);
  EXPECT_FALSE((*ReadSecretSources({one, {"", "mock=name=c,a=b"}}, {}))[0].is_default);
  EXPECT_EQ(ReadSecretSources({one, one}, {}).status().message(),
            R"(--secret-source: two sources are called "mock"; name=NAME gives each its own name)");
  EXPECT_EQ(ReadSecretSources({{"K6_SECRET_SOURCE", "mock=default,a=b"},
                               {"--secret-source", "mock=name=c,default"}},
                              {})
                .status()
                .message(),
            "--secret-source: two sources are the default one");
}

TEST_F(Sources, AllMistakesAreToldEachWithItsPlace) {
  EXPECT_EQ(
      ReadSecretSources({{"--secret-source", "x"},
                         {"K6_SECRET_SOURCE", "url=urlTemplate=https://v/key,maxRetries=-1"},
                         {"--secret-source", "mock=a"}},
                        {{"LOCKSTEP_SECRET_SOURCE_URL_TIMEOUT", "5"}})
          .status(),
      absl::FailedPreconditionError(
          "--secret-source: unknown type \"x\": expected file, mock or url\n"
          "K6_SECRET_SOURCE: LOCKSTEP_SECRET_SOURCE_URL_TIMEOUT: invalid value \"5\": expected a "
          "duration of up to 1h, such as 30s\n"
          "K6_SECRET_SOURCE: url: maxRetries: invalid value \"-1\": expected an integer from 0 to "
          "1000000\n"
          "K6_SECRET_SOURCE: url: urlTemplate: expected an https:// or http:// URL with {key} in "
          "it\n"
          "--secret-source: mock: expected KEY=VALUE, ..."));
}

}  // namespace
}  // namespace lockstep::coordinator
