// Each target with what the fuzzer has found so far (corpus/TARGET/*), and with bytes at random, in
// every run of the tests.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "common/base/random.h"
#include "tests/fuzz/targets.h"

namespace lockstep::fuzz {
namespace {

constexpr int kRandomInputs = 60;

class Fuzz : public ::testing::TestWithParam<Target> {
 protected:
  static void SetUpTestSuite() { Quieten(); }
};

TEST_P(Fuzz, SurvivesWhatWasFoundBefore) {
  const std::filesystem::path corpus = std::filesystem::path("tests/fuzz/corpus") / GetParam().name;
  ASSERT_TRUE(std::filesystem::is_directory(corpus)) << corpus;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    SCOPED_TRACE(entry.path().string());
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string input{std::istreambuf_iterator<char>(file), {}};
    GetParam().run(input);
  }
}

TEST_P(Fuzz, SurvivesRandomBytes) {
  Random random(7);
  for (int i = 0; i < kRandomInputs; ++i) {
    std::string input(random.Below(600), '\0');
    for (char& c : input) {
      c = static_cast<char>(random.Below(256));
    }
    GetParam().run(input);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Fuzz, ::testing::ValuesIn(kTargets),
                         [](const auto& target) { return std::string(target.param.name); });

}  // namespace
}  // namespace lockstep::fuzz
