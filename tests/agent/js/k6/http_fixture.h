// Scripts against a loopback server, whose URL is their global T; as user agent probe/1.
#pragma once

#include <memory>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/agent/js/k6/js_harness.h"
#include "tests/support/http_server.h"

namespace lockstep::agent {

class HttpFixture : public ::testing::Test {
 protected:
  HttpFixture() {
    js_.vu().settings.user_agent = "probe/1";
    js_.Run(absl::StrCat("globalThis.T = '", server_->Url(""), "'"));
  }

  const std::unique_ptr<lockstep::testing::HttpServer> server_ =
      *lockstep::testing::HttpServer::Start();
  JsHarness js_;
};

}  // namespace lockstep::agent
