// Scripts against a loopback server, whose URL is their global T; as user agent probe/1.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "tests/agent/js/k6/js_harness.h"
#include "tests/support/http_server.h"

namespace lockstep::agent {

class HttpFixture : public ::testing::Test {
 protected:
  HttpFixture() {
    js_.vu().settings.user_agent = "probe/1";
    js_.Run(absl::StrCat("globalThis.T = '", server_->Url(""), "'"));
  }

  std::string Run(absl::string_view body) { return js_.Run(body); }
  std::vector<std::string> Samples(absl::string_view metric) { return js_.vu().samples.Of(metric); }
  size_t Count(absl::string_view metric) { return Samples(metric).size(); }
  // The values of one tag over the samples of http_reqs.
  std::vector<std::string> Tag(absl::string_view key) {
    std::vector<std::string> values;
    for (const auto& sample : js_.vu().samples.samples) {
      if (sample.metric != "http_reqs") {
        continue;
      }
      values.push_back("-");
      for (const auto& [name, value] : sample.tags) {
        if (name == key) {
          values.back() = value;
        }
      }
    }
    return values;
  }

  const std::unique_ptr<lockstep::testing::HttpServer> server_ =
      *lockstep::testing::HttpServer::Start();
  JsHarness js_;
};

}  // namespace lockstep::agent
