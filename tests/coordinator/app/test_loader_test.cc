#include "coordinator/app/test_loader.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

TEST(HideSecretsIn, LeavesNoneInTagsAndThresholds) {
  Redactor redactor;
  redactor.Add("the-secret");
  RunOptions options;
  options.tags = {{"key", "a the-secret"}, {"other", "b"}};
  options.thresholds = {{"vus{key:the-secret}", {{"value>0"}}}, {"http_reqs", {{"count>1"}}}};
  HideSecretsIn(redactor, &options);
  ASSERT_EQ(options.tags.size(), 2u);
  for (const auto& [key, value] : options.tags) {
    EXPECT_EQ(value, key == "key" ? absl::StrCat("a ", Redactor::kInstead) : "b");
  }
  ASSERT_EQ(options.thresholds.size(), 2u);
  EXPECT_EQ(options.thresholds.at("http_reqs").at(0).expression, "count>1");
  EXPECT_EQ(
      options.thresholds.at(absl::StrCat("vus{key:", Redactor::kInstead, "}")).at(0).expression,
      "value>0");
}

}  // namespace
}  // namespace lockstep::coordinator
