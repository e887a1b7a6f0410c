// Expected texts in tests/golden, compared byte for byte.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/environment.h"

namespace lockstep {

// `file` is below tests/golden: "summary/full.txt". With LOCKSTEP_UPDATE_GOLDEN in the environment
// the files are written anew, to be read in the difference.
inline void ExpectGolden(const std::string& file, const std::string& text) {
  const std::string path = "tests/golden/" + file;
  if (testing::FromEnvironment("LOCKSTEP_UPDATE_GOLDEN")) {
    std::ofstream(path) << text;
  }
  std::ifstream stream(path);
  std::stringstream golden;
  golden << stream.rdbuf();
  EXPECT_EQ(text, golden.str());
}

}  // namespace lockstep
