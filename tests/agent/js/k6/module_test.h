// For tests of modules that need no network.
#pragma once

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/js/k6/js_harness.h"

namespace lockstep::agent {

class ModuleTest : public ::testing::Test {
 protected:
  std::string Run(absl::string_view body) { return js_.Run(body); }
  // Runs `body` as init code.
  std::string Init(absl::string_view body) {
    js_.vu().init = true;
    std::string result = js_.Run(body);
    js_.vu().init = false;
    return result;
  }
  std::vector<std::string> Samples(absl::string_view metric) { return js_.vu().samples.Of(metric); }

  JsHarness js_;
};

}  // namespace lockstep::agent
