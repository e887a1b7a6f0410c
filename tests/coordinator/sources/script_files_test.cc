#include "coordinator/sources/script_files.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

using ::testing::HasSubstr;

TEST(LoadScript, TakesPathsAndUrlsOfFiles) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/load_script.js");
  std::ofstream(path) << "the script";
  for (const std::string& given : {path, absl::StrCat("file://", path)}) {
    const absl::StatusOr<LoadedScript> loaded = LoadScript(given, ScriptType::kGuess);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_EQ(loaded->source.text, "the script");
    EXPECT_THAT(loaded->source.main_url, HasSubstr("/load_script.js"));
  }
}

TEST(LoadScript, SaysWhatToDoWithAUrl) {
  EXPECT_THAT(std::string(LoadScript("https://h/s.js", ScriptType::kGuess).status().message()),
              HasSubstr("One that holds `export * from 'https://h/s.js'; export { default } from "
                        "'https://h/s.js'` runs what is there"));
  EXPECT_EQ(LoadScript("/no/such.js", ScriptType::kGuess).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace lockstep::coordinator
