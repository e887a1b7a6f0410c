#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "common/options/catalogue.h"
#include "common/options/consolidate.h"
#include "common/options/executor_settings.h"
#include "tests/support/golden.h"

namespace lockstep {
namespace {

// Of each type of JSON, what is hardly ever meant.
constexpr const char* kValues[] = {"true", "-1", "1.5", R"("x")", R"(["x"])", R"({"x": 1})"};

// All that is said of these options, errors first, a line each.
std::string WhatIsSaidOf(const std::string& json) {
  ParsedOptions said = ParseScriptOptions(json);
  if (said.ok()) {
    ParsedOptions consolidated = Consolidate(said.options);
    said.errors = consolidated.errors;
    said.warnings.insert(said.warnings.end(), consolidated.warnings.begin(),
                         consolidated.warnings.end());
    if (consolidated.ok()) {
      const std::vector<std::string> exports = {"default"};
      said.errors = Validate(Settle(consolidated.options), &exports);
    }
  }
  std::string text;
  for (const std::string& error : said.errors) {
    absl::StrAppend(&text, "  ", error, "\n");
  }
  for (const std::string& warning : said.warnings) {
    absl::StrAppend(&text, "  warning: ", warning, "\n");
  }
  return text;
}

// The options that draw a word, with what is said.
class Words {
 public:
  void Try(const std::string& shown, const std::string& json) {
    const std::string said = WhatIsSaidOf(json);
    if (!said.empty()) {
      absl::StrAppend(&text_, shown, "\n", said);
    }
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// What is said of an option follows from the type, the choices and the check of its row. So it is
// shown once, under the first option of which it is said, with KEY in the place of its key: an
// option that is like another one changes nothing here.
TEST(Messages, OfEachKindOfOptionWithValuesThatAreHardlyEverMeant) {
  std::set<std::string> known;
  std::string text;
  ForEachOption([&](const auto& row) {
    Words words;
    for (const char* value : kValues) {
      words.Try(absl::StrCat("KEY: ", value), absl::StrCat("{\"", row.key, "\": ", value, "}"));
    }
    const std::string said =
        absl::StrReplaceAll(words.text(), {{absl::StrCat("\n  ", row.key), "\n  KEY"}});
    if (known.insert(said).second) {
      absl::StrAppend(&text, "---- ", row.key, "\n", said);
    }
  });
  ExpectGolden("options/values.txt", text);
}

// A scenario of the executor with all that it must have, but with `field` instead of its own.
std::string ScenarioWith(const char* executor, const std::string& field) {
  std::string scenario = absl::StrCat(R"({"scenarios": {"s": {"executor": ")", executor, "\"");
  for (const char* needed :
       {R"("duration": "2s")", R"("rate": 1)", R"("preAllocatedVUs": 1)", R"("vus": 1)",
        R"("maxVUs": 9)", R"("stages": [{"duration": "1s", "target": 1}])"}) {
    const std::string key = std::string(needed).substr(0, std::string(needed).find(':'));
    bool takes = false;
    ForEachExecutor([&]<class Config>(const Config&) {
      if (std::string(ExecutorSettings<Config>::kName) == executor) {
        ExecutorSettings<Config>::ForEach(
            [&](const auto& row) { takes = takes || key == absl::StrCat("\"", row.key, "\""); });
      }
    });
    if (takes && field.substr(0, field.find(':')) != key) {
      absl::StrAppend(&scenario, ", ", needed);
    }
  }
  return absl::StrCat(scenario, field.empty() ? "" : ", ", field, "}}}");
}

TEST(Messages, OfEachSettingOfAnExecutor) {
  Words words;
  ForEachExecutor([&words]<class Config>(const Config&) {
    const char* executor = ExecutorSettings<Config>::kName;
    EXPECT_EQ(WhatIsSaidOf(ScenarioWith(executor, "")), "") << executor;
    words.Try(absl::StrCat(executor, " without anything"),
              absl::StrCat(R"({"scenarios": {"s": {"executor": ")", executor, "\"}}}"));
    ExecutorSettings<Config>::ForEach([&](const auto& row) {
      for (const char* value :
           {"-1", "1e12", R"("x")", "[]", R"([{}])", R"([{"duration": "-1s", "target": -1}])"}) {
        const std::string field = absl::StrCat("\"", row.key, "\": ", value);
        words.Try(absl::StrCat(executor, " with ", field), ScenarioWith(executor, field));
      }
    });
  });
  ExpectGolden("options/executors.txt", words.text());
}

TEST(Messages, OfScenarios) {
  Words words;
  for (
      const char* scenario :
      {R"(1)", R"({})", R"({"executor": ""})", R"({"executor": "constant"})",
       R"({"executor": "constant-vus", "type": "ramping-vus"})",
       R"({"executor": "constant-vus", "duration": "1s", "vsu": 2})",
       R"({"executor": "constant-vus", "duration": "1s", "startTime": "-1s", "gracefulStop": "-1s"})",
       R"({"executor": "constant-vus", "duration": "1s", "exec": ""})",
       R"({"executor": "constant-vus", "duration": "1s", "exec": "defualt"})",
       R"({"executor": "constant-vus", "duration": "1s", "env": ["a"]})",
       R"({"executor": "constant-vus", "duration": "1s", "tags": {"a": {}}})",
       R"({"executor": "shared-iterations", "vus": 5, "iterations": 2})",
       R"({"executor": "ramping-vus", "startVUs": 0, "stages": [{"duration": "1s", "target": 0}]})",
       R"({"executor": "constant-arrival-rate", "rate": 1, "duration": "1s", "preAllocatedVUs": 5, "maxVUs": 2})",
       R"({"executor": "externally-controlled", "vus": 5, "maxVUs": 2, "duration": 0})"}) {
    words.Try(scenario, absl::StrCat(R"({"scenarios": {"s": )", scenario, "}}"));
  }
  for (const char* options :
       {R"({"scenarios": {"": {"executor": "constant-vus", "duration": "1s"}}})",
        R"({"scenarios": {"a b": {"executor": "constant-vus", "duration": "1s"}}})",
        R"({"scenarios": {}})", R"({"scenarios": []})", R"({"duration": "1s", "iterations": 0})",
        R"({"stages": [], "duration": "1s"})", R"({"vus": 3, "iterations": 2})",
        R"({"treshold": 1})", R"({"thresholds": {"http_reqs": ["count >"]}})",
        R"({"executionSegment": "1/2:1/3", "executionSegmentSequence": "0,x"})"}) {
    words.Try(options, options);
  }
  ExpectGolden("options/scenarios.txt", words.text());
}

}  // namespace
}  // namespace lockstep
