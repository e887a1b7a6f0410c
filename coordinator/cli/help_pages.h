// What the help says of each command beyond its flags' own words: a paragraph, examples, and which
// flags stand together.
#pragma once

#include <vector>

#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

struct HelpExample {
  const char* line;
  const char* says;
};

// Flags by name.
struct HelpGroup {
  const char* title;
  std::vector<const char*> brief;  // on the page that fits a screen
  std::vector<const char*> more;   // only with --help-all
};

struct HelpPage {
  const char* text = "";
  std::vector<HelpExample> examples;
  std::vector<HelpGroup> groups;
};

// Empty for a command that nothing is said of.
HelpPage HelpPageOf(absl::string_view command);

// Flags that the help is silent of: accepted for k6's sake, they do nothing or stand for another.
bool IsUnlisted(absl::string_view flag);

}  // namespace lockstep::coordinator
