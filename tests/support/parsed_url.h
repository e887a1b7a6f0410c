// For tests that need an agent's URL and not its parser's opinion.
#pragma once

#include <gtest/gtest.h>

#include "agent/http/url.h"

namespace lockstep::testing {

inline agent::Url ParsedUrl(absl::string_view text) {
  absl::StatusOr<agent::Url> url = agent::ParseUrl(text);
  EXPECT_TRUE(url.ok()) << text << ": " << url.status();
  return url.ok() ? *std::move(url) : agent::Url();
}

}  // namespace lockstep::testing
