#include "coordinator/secrets/secret_store.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "common/base/epoll_loop.h"
#include "tests/support/http_server.h"
#include "tests/support/turn_until.h"

namespace lockstep::coordinator {
namespace {

using ::testing::HasSubstr;

class Store : public ::testing::Test {
 protected:
  void Make(const std::vector<std::string>& texts) {
    std::vector<Setting> said;
    for (const std::string& text : texts) {
      said.push_back({"--secret-source", text});
    }
    store_ =
        std::make_unique<SecretStore>(loop_, *ReadSecretSources(said, {}), HttpTrust{}, redactor_);
  }
  void MakeUrl(absl::string_view path, absl::string_view more = "") {
    Make({absl::StrCat("url=urlTemplate=", server_->Url(path), ",retryBackoff=1ms", more)});
  }
  std::string Get(const std::string& key, const std::string& source = "") {
    std::optional<absl::StatusOr<std::string>> secret;
    store_->Get({source, key}, [&](absl::StatusOr<std::string> s) { secret = std::move(s); });
    lockstep::testing::TurnUntil(loop_, [&] { return secret.has_value(); });
    return secret->ok() ? **secret : absl::StrCat("error: ", secret->status().message());
  }

  std::unique_ptr<lockstep::testing::HttpServer> server_ = *lockstep::testing::HttpServer::Start();
  EpollLoop loop_;
  Redactor redactor_;
  std::unique_ptr<SecretStore> store_;
};

TEST_F(Store, SourcesHaveNamesAndOneIsTheDefault) {
  Make({"mock=default,cool=first", "mock=name=other,cool=second"});
  EXPECT_EQ(Get("cool"), "first");
  EXPECT_EQ(Get("cool", "other"), "second");
  EXPECT_EQ(Get("cool", "mock"), "first");
  EXPECT_EQ(Get("hot", "other"), "error: the secret \"hot\" of the source \"other\": no such key");
  EXPECT_EQ(Get("cool", "third"),
            "error: there is no secret source \"third\"; there are \"mock\", \"other\"");
  Make({"mock=name=a,k=1", "mock=name=b,k=1"});
  EXPECT_EQ(Get("k"),
            "error: none of the secret sources \"a\", \"b\" is the default one: use "
            "secrets.source(name), or add \"default\" to one of them");
  Make({});
  EXPECT_EQ(Get("k"), "error: no secret source is configured; --secret-source names one");
}

TEST_F(Store, WhatIsHandedOutIsRedacted) {
  Make({"mock=cool=s3cret,hot=other"});
  EXPECT_EQ(redactor_.Redacted("s3cret"), "s3cret");
  Get("cool");
  EXPECT_EQ(redactor_.Redacted("a s3cret, and other"), "a ***SECRET_REDACTED***, and other");
}

TEST_F(Store, AServerIsAskedOnceForEachKey) {
  MakeUrl("/header?X={key}");
  const std::string first = Get("a b/c");
  EXPECT_EQ(Get("a b/c"), first);
  EXPECT_EQ(server_->requests(), 1);
  MakeUrl("/request?key={key}");
  EXPECT_THAT(Get("a b/c"), HasSubstr("GET /request?key=a%20b%2Fc HTTP"));
}

TEST_F(Store, RequestsOfOneKeyAreOne) {
  MakeUrl("/request?key={key}");
  int answers = 0;
  for (int i = 0; i < 5; ++i) {
    store_->Get({"", "k"},
                [&](const absl::StatusOr<std::string>& s) { answers += s.ok() ? 1 : 0; });
  }
  lockstep::testing::TurnUntil(loop_, [&] { return answers == 5; });
  EXPECT_EQ(server_->requests(), 1);
}

TEST_F(Store, AServerThatFailsIsAskedAgain) {
  MakeUrl("/status/503?{key}", ",maxRetries=2");
  EXPECT_EQ(Get("k"), "error: the secret \"k\" of the source \"url\": the server answers 503");
  EXPECT_EQ(server_->requests(), 3);
  MakeUrl("/status/404?{key}");
  EXPECT_EQ(Get("k"), "error: the secret \"k\" of the source \"url\": the server answers 404");
  EXPECT_EQ(server_->requests(), 4);
}

TEST_F(Store, RequestsKeepToTheirRate) {
  MakeUrl("/request?key={key}", ",requestsBurst=2,requestsPerMinuteLimit=60000");
  int answers = 0;
  for (int i = 0; i < 6; ++i) {
    store_->Get({"", absl::StrCat(i)}, [&](const absl::StatusOr<std::string>&) { ++answers; });
  }
  lockstep::testing::TurnUntil(loop_, [&] { return answers == 6; });
  EXPECT_EQ(server_->requests(), 6);
  MakeUrl("/request?key={key}", ",requestsBurst=1,requestsPerMinuteLimit=1");
  EXPECT_THAT(Get("a"), HasSubstr("GET"));
  store_->Get({"", "b"}, [](const absl::StatusOr<std::string>&) { FAIL(); });
  store_.reset();
}

TEST(ValueAtPath, FindsTextsAndOthers) {
  constexpr char kJson[] = R"({"data":{"items":[{"t":"x"},5]},"a.b":1})";
  EXPECT_EQ(*ValueAtPath(kJson, "data.items.0.t"), "x");
  EXPECT_EQ(*ValueAtPath(kJson, "data.items.1"), "5");
  EXPECT_EQ(*ValueAtPath(kJson, "data.items.0"), R"({"t":"x"})");
  for (const char* path : {"data.items.2", "data.t", "data.items.-1", "", "data..items"}) {
    EXPECT_EQ(ValueAtPath(kJson, path).status(),
              absl::NotFoundError(absl::StrCat("the answer has no \"", path, "\"")));
  }
  EXPECT_EQ(ValueAtPath("<html>", "a").status(),
            absl::InvalidArgumentError("the answer is not JSON"));
}

}  // namespace
}  // namespace lockstep::coordinator
